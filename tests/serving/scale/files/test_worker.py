"""What is found out of a file, asked in this process."""

import numpy as np
import pytest
from made_up_networks import DEVICES, plain_network, save_tiny

import archcast
from archcast.core.settings import predictors_dir
from archcast.featurize.onnx_model import to_onnx
from archcast.serving.frames import Frame
from archcast.serving.scale.files import worker as module
from archcast.serving.scale.files.plan import FilesPlan
from archcast.serving.scale.files.worker import FileWorker

PHONE, _, GPU = DEVICES


@pytest.fixture
def worker(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))
    save_tiny(predictors_dir() / "tiny")
    return FileWorker()


def begin(worker, **changed):
    entries = [archcast.load(name, space="network").entry for name in (PHONE, GPU)]
    plan = FilesPlan.of(entries, 0.9).asked() | changed
    return worker.answer(Frame({"plan": plan}, [])).head


def test_costs_are_those_of_the_library(worker, tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(to_onnx(plain_network(8, 12)))
    assert begin(worker) == {}
    found = worker.answer(Frame({"path": str(path)}, [])).head
    assert found["key"] == archcast.network(path).key
    values, ends = archcast.predict([path], [PHONE, GPU])[0], archcast.predict_interval([path], [PHONE, GPU])
    np.testing.assert_allclose(
        [cost[:3] for cost in found["costs"]], np.stack([values, *np.array(ends)[:, 0]], 1), rtol=1e-6
    )
    assert [cost[3] for cost in found["costs"]] == ["", ""]


def test_what_a_device_cannot_tell_has_no_number(worker, tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(to_onnx(plain_network(8, batch=4)))
    begin(worker)
    phone, gpu = worker.answer(Frame({"path": str(path)}, [])).head["costs"]
    assert phone[0] > 0
    assert gpu[:3] == [None, None, None]
    assert "must be one item" in gpu[3]


def test_faults_of_a_file_are_told(worker, tmp_path, monkeypatch):
    begin(worker)
    assert "cannot be read" in worker.answer(Frame({"path": str(tmp_path / "n.onnx")}, [])).head["error"]
    for error, told, last in (
        (MemoryError(), "more memory", True),
        (KeyError("x"), "a fault of archcast: KeyError", None),
    ):

        def fail(*given, error=error, **how):
            raise error

        monkeypatch.setattr(module, "read_network", fail)
        head = worker.answer(Frame({"path": "m.onnx"}, [])).head
        assert told in head["error"]
        assert head.get("last") is last


def test_a_predictor_that_was_replaced_ends_all(worker):
    assert "was replaced" in begin(worker, versions=["a", "b"])["fatal"]
