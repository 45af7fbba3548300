"""What a worker answers, asked in this process."""

import io
import json
import subprocess
import sys

import httpx
import numpy as np
import pytest
from made_up_networks import DEVICES, plain_network, save_tiny

import archcast
from archcast.core.settings import predictors_dir
from archcast.featurize.onnx_model import to_onnx
from archcast.serving.frames import Frame, read_frame, write_frame
from archcast.serving.http.networks import worker as module
from archcast.serving.http.networks.worker import Worker

PHONE, PHONE_INT8, GPU = DEVICES
FILE = to_onnx(plain_network(8, 12))


@pytest.fixture(autouse=True)
def tiny(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    save_tiny(predictors_dir() / "tiny")


def ask(file=FILE, worker=None, **fields):
    """Status, record and head of the answer to a form."""
    request = httpx.Request("POST", "http://x", files={"file": ("m.onnx", file)}, data=fields)
    head = {"kind": "file", "content_type": request.headers["content-type"]}
    return told((worker or Worker(2**30)).answer(Frame(head, [request.read()])))


def told(frame):
    return frame.head["status"], json.loads(frame.parts[0]), frame


def test_a_file_is_answered_as_the_library_does():
    status, found, frame = ask(device=[PHONE, GPU], coverage="0.9")
    net = archcast.network(FILE)
    assert status == 200
    assert found["network"] == json.loads(json.dumps(net.summary().to_dict(), default=str))
    assert [(a["device"], a["unit"], a["note"]) for a in found["answers"]] == [
        (PHONE, "ms", ""),
        (GPU, "ms", ""),
    ]
    np.testing.assert_allclose(
        [a["value"] for a in found["answers"]], archcast.predict([net], [PHONE, GPU])[0]
    )
    low, high = archcast.predict_interval([net], [PHONE, GPU], coverage=0.9)
    np.testing.assert_allclose([a["lower"] for a in found["answers"]], low[0])
    np.testing.assert_allclose([a["upper"] for a in found["answers"]], high[0])
    entry = archcast.load(GPU, space="network").entry
    assert found["answers"][1]["version"] == entry.digest
    assert (found["answers"][1]["batch"], found["answers"][1]["origin"]) == (64, "own")
    assert frame.head["key"] == net.key == found["network"]["key"]


def test_a_known_network_is_answered_from_its_document():
    *_, first = ask(device=PHONE)
    asked = {"network": first.head["key"], "device": [PHONE, PHONE_INT8], "explain": True}
    head = {"kind": "known", "key": first.head["key"], "asked": asked}
    status, found, frame = told(Worker(2**30).answer(Frame(head, [first.parts[1]])))
    assert status == 200
    assert "key" not in frame.head
    assert found["network"] == json.loads(first.parts[0])["network"]
    values = archcast.predict([archcast.network(FILE)], [PHONE, PHONE_INT8])[0]
    np.testing.assert_allclose([a["value"] for a in found["answers"]], values)
    for place, explained in enumerate(found["explained"]):
        for rows in ("parts", "kernels"):
            assert sum(row["value"] for row in explained[rows]) == pytest.approx(values[place], rel=1e-5)
    assert {part["part"] for part in found["explained"][0]["parts"]} >= {"stage0", "stage1"}


def test_devices_are_found_by_what_they_are_like():
    named = ask(device=GPU, hardware="pixel4", precision="int8", threads="4", device_batch="1")[1]["answers"]
    assert named[0]["device"] == GPU
    assert PHONE_INT8 in {a["device"] for a in named}
    assert {(a["precision"], a["threads"], a["batch"]) for a in named[1:]} == {("int8", 4, 1)}
    every = ask(device="*")[1]["answers"]
    assert [a["device"] for a in every] == [e.device for e in archcast.devices("network", "latency")]


def test_other_metrics():
    status, found, _ = ask(device=PHONE, metric="throughput")
    assert (status, found["unit"], found["answers"][0]["derived_from"]) == (200, "1/s", "latency")
    assert ask(device=PHONE, metric="throughput", explain="1")[0] == 422


def test_what_a_device_cannot_tell_is_an_error_only_where_it_was_named():
    status, found, _ = ask(to_onnx(plain_network(8, batch=4)), device=GPU)
    assert status == 422
    assert "must be one item on gpu9" in found["error"]
    status, found, _ = ask(to_onnx(plain_network(8, batch=4)), device=PHONE, hardware="gpu9", coverage="0.9")
    assert status == 200
    assert found["answers"][0]["value"] > 0
    gpu = next(a for a in found["answers"] if a["device"] == GPU)
    assert (gpu["value"], gpu["lower"], gpu["upper"]) == (None, None, None)
    assert "must be one item" in gpu["note"]


def test_what_no_network_had_is_noted():
    found = ask(to_onnx(plain_network(8, last="Sigmoid")), device=PHONE)[1]
    assert "Sigmoid in no network it learned from" in found["answers"][0]["note"]


@pytest.mark.parametrize(
    ("status", "fields", "sentence"),
    [
        (422, {}, "device must be named, or what it is like"),
        (
            422,
            {"hardware": "abacus", "threads": "3"},
            "no device that answers latency of networks fits hardware",
        ),
        (422, {"hardware": "a", "explain": "true"}, "at most 8 devices can be explained at once, got"),
        (422, {"device": PHONE, "coverage": "0.1"}, "coverage must be"),
        (422, {"device": PHONE, "bind": "tokens=3"}, "tokens"),
        (
            422,
            {"device": PHONE, "file": b"PK\x03\x04"},
            "the model: must be an ONNX model, got a zip archive",
        ),
        (422, {"device": PHONE, "file": b""}, "the model: must be an ONNX model, got an empty file"),
        (404, {"device": "nowhere"}, "device for latency of network must be one of"),
        (404, {"device": PHONE, "metric": "speed"}, "metric must be one of"),
        (400, {"colour": "red"}, "the form must have only the fields"),
    ],
)
def test_mistakes_are_told_in_one_sentence(status, fields, sentence):
    found, body, frame = ask(**fields)
    assert (found, len(frame.parts)) == (status, 1)
    assert sentence in body["error"]


@pytest.mark.parametrize(
    ("error", "status", "sentence", "last"),
    [
        (MemoryError(), 422, "must take at most 1024 MiB of memory to read", True),
        (RecursionError(), 422, "nested too deeply", False),
        (OverflowError(), 422, "too large to count", False),
        (ZeroDivisionError("oh"), 500, "a fault of the service: ZeroDivisionError: oh", False),
    ],
)
def test_whatever_happens_is_answered(monkeypatch, error, status, sentence, last):
    def fail(form):
        raise error

    monkeypatch.setattr(module, "read_network", fail)
    found, body, frame = ask(device=PHONE)
    assert (found, bool(frame.head.get("last"))) == (status, last)
    assert sentence in body["error"]


def test_networks_are_kept_by_their_nodes(monkeypatch):
    monkeypatch.setattr(module, "_MOST_NODES", 5)
    worker = Worker(2**30)
    for width in (4, 8, 12):
        assert ask(to_onnx(plain_network(width)), worker, device=PHONE)[0] == 200
    assert len(worker._kept) == 2


def test_as_a_process_it_keeps_to_its_memory():
    word = [sys.executable, "-m", module.__name__, str(2**26)]
    asked = io.BytesIO()
    write_frame(asked, Frame({"kind": "ready"}, []))
    write_frame(asked, Frame({"kind": "file", "content_type": "multipart/form-data"}, [bytes(2**27)]))
    done = subprocess.run(word, input=asked.getvalue(), capture_output=True, timeout=120)
    answers = io.BytesIO(done.stdout)
    first = read_frame(answers)
    assert first is not None
    assert first.head["status"] == 200
    assert read_frame(answers) is None
    assert b"MemoryError" in done.stderr
