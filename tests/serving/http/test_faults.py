"""Saving an adapted predictor while things go wrong: a full disk, another process that saves the same."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from made_up import UNIT_MS
from service_cases import CELL, infer_body, serving

import archcast
from archcast.core.settings import predictors_dir

pytestmark = [
    pytest.mark.usefixtures("alone"),
    pytest.mark.filterwarnings("ignore:.* had (a shipped|another) predictor"),
]
SPACE = archcast.spaces("nasbench201")
CODES = SPACE.sample(12, seed=1)
VALUES = 2.0 + UNIT_MS[CODES].sum(axis=1)
PATH = "/v2/models/nasbench201.latency.new-board/infer"


def adapted(factor: float = 1.0):
    return archcast.adapt(CODES, factor * VALUES, "new-board", space="nasbench201", sources=[])


def left() -> list[str]:
    """Files below the folder of predictors, hidden ones included."""
    return sorted(str(p.relative_to(predictors_dir())) for p in predictors_dir().rglob("*") if p.is_file())


class FullDisk:
    """Lets the first writes through, then none; the last of those is written by half, as on a real disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        self.left = after
        for name in ("write_bytes", "write_text"):
            monkeypatch.setattr(Path, name, self.limited(getattr(Path, name)))

    def limited(self, write):
        def attempt(path, content, *args, **kwargs):
            if self.left == 0:
                write(path, content[: len(content) // 2], *args, **kwargs)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            self.left -= 1
            return write(path, content, *args, **kwargs)

        return attempt


@pytest.mark.parametrize("after", [0, 1])
def test_a_full_disk_leaves_nothing_half_written_and_the_old_goes_on(home, monkeypatch, after: int) -> None:
    adapted().save()
    before, files = archcast.predict([CELL], "new-board"), left()
    with serving(refresh_s=60.0) as service:
        second = adapted(2.0)
        with monkeypatch.context() as full:
            FullDisk(full, after)
            with pytest.raises(OSError, match="No space left"):
                second.save()
        assert left() == files
        service.plane.refresh()
        answer = service.post(PATH, json=infer_body(CELL)).json()
        assert np.float32(answer["outputs"][0]["data"]) == before
        assert archcast.predict([CELL], "new-board") == before
        second.save()
        service.plane.refresh()
        answer = service.post(PATH, json=infer_body(CELL)).json()
        assert np.float32(answer["outputs"][0]["data"]) == archcast.predict([CELL], "new-board") != before


def test_a_full_disk_at_the_last_step_leaves_the_old(home, monkeypatch) -> None:
    adapted().save()
    files, second = left(), adapted(2.0)

    def full(self, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", full)
        with pytest.raises(OSError, match="No space left"):
            second.save()
    assert left() == files


def test_two_processes_that_adapt_the_same_device_at_once(home) -> None:
    """Each saves again and again; whoever reads meanwhile gets one of the two, whole."""
    code = (
        "import sys, archcast, numpy as np\n"
        "codes, values = np.array(eval(sys.argv[1])), np.array(eval(sys.argv[2]))\n"
        "for _ in range(8):\n"
        "    archcast.adapt(codes, values, 'new-board', space='nasbench201', sources=[]).save()\n"
    )
    adapted().save()
    allowed = {float(adapted(f).predict([CELL])[0]) for f in (1.0, 2.0)}
    assert len(allowed) == 2
    archs = repr(CODES.tolist())
    saving = [
        subprocess.Popen([sys.executable, "-c", code, archs, repr((factor * VALUES).tolist())])
        for factor in (1.0, 2.0)
    ]
    seen = set()
    with serving(refresh_s=60.0) as service:
        while any(process.poll() is None for process in saving):
            service.plane.refresh()
            answer = service.post(PATH, json=infer_body(CELL))
            assert answer.status_code == 200, answer.text
            seen.add(float(np.float32(answer.json()["outputs"][0]["data"][0])))
            time.sleep(0.005)
    assert [process.returncode for process in saving] == [0, 0]
    assert seen <= allowed
    assert float(archcast.predict([CELL], "new-board")[0]) in allowed
    assert len([folder for folder in predictors_dir().iterdir() if folder.name[0] != "."]) == 1
