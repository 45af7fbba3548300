"""Folders of model files into one CSV."""

import csv
import os

import numpy as np
import pytest
from made_up_networks import plain_network

import archcast
from archcast.core.errors import InputError
from archcast.featurize.onnx_model import to_onnx
from archcast.serving.scale.files import score_files
from archcast.serving.store import store

PHONE, GPU = "pixel4-tflite2.10-1large", "rtx3090-torch2.4-b1024-amp"


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))
    folder = tmp_path / "models"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.onnx").write_bytes(to_onnx(plain_network(8, 12)))
    (folder / "sub" / "b.onnx").write_bytes(to_onnx(plain_network(24)))
    (folder / "bad.onnx").write_bytes(b"hello")
    (folder / "notes.txt").write_text("no model")
    return folder


def score(models, **given):
    entries = [store(fresh=True).find("network", device=name, metric="latency") for name in (PHONE, GPU)]
    return score_files(models, models.parent / "scored", entries, **given)


def rows(models, name="costs.csv"):
    with (models.parent / "scored" / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_file_and_device_has_a_row_and_bad_files_are_named(models):
    told = []
    done = score(models, coverage=0.8, workers=2, progress=lambda *given: told.append(given))
    assert (done.files, done.rows, done.made, done.unit) == (2, 4, 3, "ms")
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    found = rows(models)
    assert [(row["file"], row["device"]) for row in found] == [
        ("a.onnx", PHONE), ("a.onnx", GPU), ("sub/b.onnx", PHONE), ("sub/b.onnx", GPU),
    ]  # fmt: skip
    files = [models / "a.onnx", models / "sub" / "b.onnx"]
    values = archcast.predict(files, [PHONE, GPU])
    low, high = archcast.predict_interval(files, [PHONE, GPU], coverage=0.8)
    for name, wanted in (("value", values), ("low", low), ("high", high)):
        np.testing.assert_allclose([float(row[name]) for row in found], wanted.ravel(), rtol=1e-6)
    assert {row["network"] for row in found} == {archcast.network(file).key for file in files}
    assert [row["file"] for row in rows(models, "refused.csv")] == ["bad.onnx"]
    assert "must be an ONNX model, got text" in done.refused["bad.onnx"]


def test_a_run_that_was_ended_goes_on(models, monkeypatch):
    def stop(done, files):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(models, progress=stop)
    assert not (models.parent / "scored" / "costs.csv").exists()
    assert score(models).made == 2
    assert score(models).made == 0
    before = rows(models)
    (models / "c.onnx").write_bytes(to_onnx(plain_network(4)))
    (models / "bad.onnx").write_bytes(to_onnx(plain_network(16)))
    (models / "a.onnx").unlink()
    os.utime(models / "sub" / "b.onnx", ns=(0, 0))
    done = score(models)
    assert (done.made, done.files, dict(done.refused)) == (3, 3, {})
    after = rows(models)
    assert {row["file"] for row in after} == {"bad.onnx", "c.onnx", "sub/b.onnx"}
    assert [row for row in after if row["file"] == "sub/b.onnx"] == before[2:]


def test_mistakes_are_told(models):
    score(models)
    for given, told in (
        ({"coverage": 0.8}, "coverage must be 0.9 there, got 0.8"),
        ({"batch": 2}, "batch must be 1 there, got 2"),
        ({"coverage": 1.0}, "coverage must be"),
        ({"workers": 0}, "workers must be a whole number of at least 1, got 0"),
        ({"seconds": 0.0}, "seconds must be above 0"),
    ):
        with pytest.raises(InputError, match=told):
            score(models, **given)


def test_a_folder_without_files_is_told(models):
    (models.parent / "none").mkdir()
    with pytest.raises(InputError, match=r"must hold .onnx or .param files, got none"):
        score(models.parent / "none")
