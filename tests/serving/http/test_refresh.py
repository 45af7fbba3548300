"""New versions are taken up while the service answers; damaged ones are refused and the old goes on."""

import asyncio
import json
import logging
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from service_cases import CELL, INFER, Service, infer_body, save_boards, serving

import archcast
from archcast.core.errors import ArtifactError
from archcast.core.settings import predictors_dir
from archcast.predictors.artifact.manifest import MANIFEST, digest

pytestmark = pytest.mark.usefixtures("alone")
TESTS = Path(__file__).resolve().parents[2]


def asked(service: Service, path: str = INFER) -> tuple[str, float]:
    answer = service.post(path, json=infer_body(CELL))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return told["model_version"], told["outputs"][0]["data"][0]


def test_a_new_version_is_taken_up_and_the_old_can_still_be_asked_for(service: Service) -> None:
    version, value = asked(service)
    save_boards("board_a", "board_b", factor=2.0)
    assert asked(service) == (version, value)
    service.plane.refresh()
    new, doubled = asked(service)
    assert new != version
    assert doubled == pytest.approx(2 * value, rel=1e-5)
    assert asked(service, f"/v2/models/nasbench201.latency.board_a/versions/{version}/infer") == (
        version,
        value,
    )
    save_boards("board_a", "board_b", factor=3.0)
    service.plane.refresh()
    gone = service.post(
        f"/v2/models/nasbench201.latency.board_a/versions/{version}/infer", json=infer_body(CELL)
    )
    assert gone.status_code == 404
    assert asked(service)[1] == pytest.approx(3 * value, rel=1e-5)


def test_going_back_to_a_version_is_taken_up_too(service: Service) -> None:
    version, value = asked(service)
    save_boards("board_a", "board_b", factor=2.0)
    service.plane.refresh()
    save_boards("board_a", "board_b")
    service.plane.refresh()
    assert asked(service) == (version, value)


def test_what_another_process_saves_is_taken_up(service: Service) -> None:
    path = INFER.replace("board_a", "board_z")
    assert service.post(path, json=infer_body(CELL)).status_code == 404
    code = (
        "from made_up import additive_labels; from archcast.predictors import Card, LookupTable, save\n"
        "from archcast.core.settings import predictors_dir\n"
        "save(LookupTable().fit(additive_labels(('board_z',), n=60)), predictors_dir() / 'z', card=Card('z'))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=TESTS, timeout=120)
    service.plane.refresh()
    assert asked(service, path)[1] > 0
    shutil.rmtree(predictors_dir() / "z")
    service.plane.refresh()
    assert service.post(path, json=infer_body(CELL)).status_code == 404


def test_it_looks_by_itself(home) -> None:
    save_boards("board_a")
    with serving(refresh_s=0.05) as running:
        version, _ = asked(running)
        save_boards("board_a", factor=2.0)

        async def changed():
            while running.plane.catalogue.named("nasbench201.latency.board_a").entry.digest == version:
                await asyncio.sleep(0.02)

        running.run(asyncio.wait_for(changed(), 30))
        assert asked(running)[0] != version


def test_no_answer_fails_or_is_mixed_while_versions_change(service: Service) -> None:
    """Every answer is wholly of the version that it names, whoever saves meanwhile."""
    base = archcast.predict([CELL], "board_a")[0]
    texts = [CELL] * 200
    seen: dict[str, set[float]] = {}
    done = False

    async def ask() -> None:
        while not done:
            answer = await service.http.post(INFER, json=infer_body(*texts))
            assert answer.status_code == 200, answer.text
            told = answer.json()
            seen.setdefault(told["model_version"], set()).update(told["outputs"][0]["data"])

    async def change() -> None:
        nonlocal done
        try:
            for factor in range(1, 9):
                await asyncio.to_thread(save_boards, "board_a", "board_b", factor=float(factor))
                await asyncio.to_thread(service.plane.refresh)
        finally:
            done = True

    async def main() -> None:
        await asyncio.gather(change(), *(ask() for _ in range(4)))

    service.run(main())
    assert len(seen) >= 4
    assert all(len(values) == 1 for values in seen.values())
    found = sorted(next(iter(values)) for values in seen.values())
    assert np.isclose(found, base * np.round(np.array(found) / base), rtol=1e-4).all()


@pytest.mark.parametrize("damage", ["truncated", "altered", "gone", "manifest", "format"])
def test_a_damaged_version_is_refused_and_the_old_goes_on(service: Service, caplog, damage: str) -> None:
    before = asked(service)
    folder = save_boards("board_a", "board_b", factor=2.0)
    path = folder / ("lookup.npz" if damage in ("truncated", "altered", "gone") else MANIFEST)
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "format":
        path.write_text(json.dumps(json.loads(content) | {"format": 99}))
    else:
        path.write_bytes(content[: len(content) // 2] if damage != "altered" else content[:-9] + b"x" * 9)
    with caplog.at_level(logging.ERROR):
        service.plane.refresh()
    assert asked(service) == before
    assert service.plane.refresher.refusals >= 1
    named = {"manifest": MANIFEST, "format": "format 99"}.get(damage, "lookup.npz")
    assert any(named in message for message in caplog.messages)
    assert service.get("/v2/health/ready").status_code == 200
    save_boards("board_a", "board_b", factor=3.0)
    service.plane.refresh()
    assert asked(service)[1] == pytest.approx(3 * before[1], rel=1e-5)


def test_a_version_damaged_where_it_lies_goes_on_from_memory(service: Service, caplog) -> None:
    before = asked(service)
    path = predictors_dir() / "boards" / "lookup.npz"
    path.write_bytes(path.read_bytes()[:50])
    with caplog.at_level(logging.ERROR):
        service.plane.refresh()
        service.plane.refresh()
    assert asked(service) == before
    assert [m for m in caplog.messages if "lookup.npz" in m and "truncated" in m]
    assert service.plane.refresher.refusals == 1


def test_others_are_taken_up_beside_a_manifest_that_cannot_be_read(service: Service, caplog) -> None:
    before = asked(service)
    other = INFER.replace("board_a", "board_z")
    (predictors_dir() / "boards" / MANIFEST).write_text("{}")
    save_boards("board_z", title="z")
    with caplog.at_level(logging.ERROR):
        service.plane.refresh()
    assert asked(service) == before
    _, value = asked(service, other)
    assert [m for m in caplog.messages if MANIFEST in m and "'format'" in m and "goes on" in m]
    save_boards("board_z", title="z", factor=2.0)
    service.plane.refresh()
    assert asked(service, other)[1] == pytest.approx(2 * value, rel=1e-5)
    assert asked(service) == before
    assert service.plane.refresher.refusals == 1
    shutil.rmtree(predictors_dir() / "boards")
    service.plane.refresh()
    assert service.post(INFER, json=infer_body(CELL)).status_code == 404


def test_another_predictor_of_the_device_does_not_take_a_damaged_ones_place(service: Service) -> None:
    save_boards("board_a", "board_b", title="zz", factor=5.0)
    service.plane.refresh()
    before = asked(service)
    (predictors_dir() / "boards" / MANIFEST).write_text("{}")
    service.plane.refresh()
    assert asked(service) == before


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 99}'])
def test_a_service_starts_beside_a_manifest_that_cannot_be_read(home, caplog, text: str) -> None:
    (save_boards("board_a") / MANIFEST).write_text(text)
    save_boards("board_b", title="b")
    with caplog.at_level(logging.WARNING), serving() as running:
        assert asked(running, INFER.replace("board_a", "board_b"))[1] > 0
        assert running.post(INFER, json=infer_body(CELL)).status_code == 404
        assert running.plane.refresher.refusals == 1
        assert [m for m in caplog.messages if MANIFEST in m and "the others are served" in m]
        save_boards("board_a")
        running.plane.refresh()
        assert asked(running)[1] > 0


def test_a_manifest_of_an_unknown_space_is_refused_alone(home, caplog) -> None:
    path = save_boards("board_a") / MANIFEST
    found = json.loads(path.read_text())
    found["header"]["space"] = "tomorrow"
    del found["sha256"]
    path.write_text(json.dumps(found | {"sha256": digest(found)}))
    save_boards("board_b", title="b")
    with caplog.at_level(logging.WARNING), serving() as running:
        assert asked(running, INFER.replace("board_a", "board_b"))[1] > 0
        assert [m for m in caplog.messages if "tomorrow" in m]


def test_a_service_does_not_start_where_nothing_can_be_served(home) -> None:
    (save_boards("board_a") / MANIFEST).write_text("{}")
    with pytest.raises(ArtifactError, match="manifest"), serving():
        pass


def test_serving_touches_no_tracking_store(home, monkeypatch) -> None:
    """A tracking server that is gone and a locked database go unnoticed: MLflow is not even imported."""
    save_boards("board_a")
    code = (
        "import os, sys; from service_cases import *\n"
        "import archcast.serving.store as store; store.zoo_folder = lambda: Path('none')\n"
        "for gone in (True, False):\n"
        "    if not gone: del os.environ['MLFLOW_TRACKING_URI']\n"
        "    with serving() as s:\n"
        "        assert s.post(INFER, json=infer_body(CELL)).status_code == 200\n"
        "        save_boards('board_a', factor=2.0 + gone); s.plane.refresh()\n"
        "        assert s.post(INFER, json=infer_body(CELL)).status_code == 200\n"
        "assert 'mlflow' not in sys.modules"
    )
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with sqlite3.connect(home / "mlflow.db", isolation_level=None) as database:
        database.execute("CREATE TABLE t (x)")
        database.execute("BEGIN EXCLUSIVE")
        subprocess.run([sys.executable, "-c", code], check=True, cwd=TESTS, timeout=120)
    database.close()
