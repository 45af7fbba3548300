"""The store finds predictors, notices new ones, and refuses broken ones."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from made_up import additive_labels, fitted_lookup

import archcast
from archcast.core.errors import ArtifactError
from archcast.core.settings import predictors_dir
from archcast.predictors import save
from archcast.predictors.artifact.manifest import MANIFEST, digest
from archcast.predictors.export import export
from archcast.serving import store as store_module
from archcast.serving.store import store
from archcast.training.fit import Fitted

CELL = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"


def test_a_predictor_saved_later_is_found(own: Fitted) -> None:
    with pytest.raises(archcast.UnknownNameError):
        archcast.predict([CELL], "late")
    fitted = fitted_lookup(additive_labels(("late",)))
    save(fitted.predictor, predictors_dir() / "late", card=fitted.card)
    assert archcast.predict([CELL], "late") > 0


def test_replacing_a_predictor_is_noticed(own: Fitted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "FRESH_NS", 0)
    before = archcast.predict([CELL], "board_b")
    fitted = fitted_lookup(additive_labels(("board_b", "board_a")))
    save(fitted.predictor, predictors_dir() / "boards", card=fitted.card)
    after = archcast.predict([CELL], "board_b")
    assert after == pytest.approx(before / 2, rel=1e-2)


def test_nothing_half_written_is_left(own: Fitted, home: Path) -> None:
    assert sorted(p.name for p in predictors_dir().iterdir()) == ["boards"]


@pytest.mark.parametrize("damage", ["altered", "truncated", "gone"])
def test_a_damaged_array_is_refused(own: Fitted, damage: str) -> None:
    path = predictors_dir() / "boards" / "lookup.npz"
    content = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    else:
        content[100] ^= 1
        path.write_bytes(content if damage == "altered" else content[:50])
    with pytest.raises(ArtifactError, match=r"lookup\.npz"):
        archcast.predict([CELL], "board_a")


def test_a_file_outside_the_folder_is_refused(own: Fitted, monkeypatch: pytest.MonkeyPatch) -> None:
    path = predictors_dir() / "boards" / MANIFEST
    found = json.loads(path.read_text())
    found["files"]["../boards/lookup.npz"] = found["files"].pop("lookup.npz")
    found.pop("sha256")
    found["sha256"] = digest(found)
    path.write_text(json.dumps(found))
    (predictors_dir() / "touch").mkdir()
    monkeypatch.setattr(store_module, "FRESH_NS", 0)
    with pytest.raises(ArtifactError, match="plain file"):
        archcast.predict([CELL], "board_a")


def run_elsewhere(home: Path, code: str) -> None:
    """Run Python in a process of its own."""
    environment = os.environ | {"ARCHCAST_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


SAVE = """
from made_up import additive_labels
from archcast.core.settings import predictors_dir
from archcast.predictors import Card, LookupTable, save
save(LookupTable().fit(additive_labels({devices})), predictors_dir() / "other", card=Card("other"))
"""


def test_a_device_that_another_process_saves_is_known_at_once(
    own: Fitted, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "FRESH_NS", 3600 * 10**9)
    assert archcast.predict([CELL], "board_a") > 0
    run_elsewhere(home, SAVE.format(devices="('late',)"))
    assert archcast.predict([CELL], "late") > 0
    assert archcast.load("late").predict([CELL]) > 0


def test_what_another_process_replaces_is_noticed_in_time(
    own: Fitted, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_elsewhere(home, SAVE.format(devices="('one', 'two')"))
    first = archcast.predict([CELL], ["one", "two"])
    monkeypatch.setattr(store_module, "FRESH_NS", 3600 * 10**9)
    run_elsewhere(home, SAVE.format(devices="('two', 'one')"))
    assert (archcast.predict([CELL], ["one", "two"]) == first).all(), "looked too often"
    monkeypatch.setattr(store_module, "FRESH_NS", 0)
    second = archcast.predict([CELL], ["one", "two"])
    assert second == pytest.approx(first[:, ::-1], rel=1e-2)


def test_another_home_is_looked_into_at_once(
    own: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert archcast.predict([CELL], "board_a") > 0
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "empty"))
    with pytest.raises(archcast.UnknownNameError):
        archcast.predict([CELL], "board_a")


def test_predictors_that_stay_are_not_loaded_again(own: Fitted) -> None:
    before = archcast.load("board_a")
    fitted = fitted_lookup(additive_labels(("late",)))
    save(fitted.predictor, predictors_dir() / "late", card=fitted.card)
    after = archcast.load("board_a")
    assert after.model is before.model
    assert after.form is before.form


def test_a_fork_does_not_wait_for_a_lock(own: Fitted) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    with store_module._looking, store_module._lock:
        child = os.fork()
        if child == 0:
            signal.alarm(30)
            store(fresh=True)
            os._exit(0 if archcast.predict([CELL], "board_a") > 0 else 1)
        assert os.waitpid(child, 0)[1] == 0


def test_exports_stand_before_the_teacher_that_is_there(own: Fitted) -> None:
    teacher = archcast.load("board_b")
    export(teacher.model, teacher.entry.manifest, teacher.entry.column, predictors_dir() / "made")
    assert archcast.load("board_b").entry.predictor == "tabulated of lookup"
    assert archcast.load("board_a").entry.predictor == "lookup"
    changed = fitted_lookup(additive_labels(("board_b", "board_a")))
    save(changed.predictor, predictors_dir() / "boards", card=changed.card)
    assert archcast.load("board_b").entry.predictor == "lookup", "an export of what is gone stands back"


def test_what_is_served_says_in_which_form(own: Fitted) -> None:
    forms = {(s.space, s.metric): s.form for s in archcast.devices()}
    assert forms["nasbench201", "latency"] == "table"
    assert forms["fbnet", "latency"] == "sums"
    slow = {key for key, form in forms.items() if form == "direct"}
    of_networks = {("network", metric) for metric in ("latency", "throughput", "memory")}
    assert slow == of_networks, "what ships answers from tables, but for networks of any form"
