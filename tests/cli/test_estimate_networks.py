"""`archcast estimate` of model files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from onnx_files import image_model, text_model

from archcast.collect.networks import NetworkStore
from archcast.collect.store import MeasurementStore

TARGET = ("--target", "roofline:peak_gmacs=500,bandwidth_gbs=10")


def test_files_are_estimated_and_what_falls_back_is_told(run, tmp_path: Path) -> None:
    image = str(image_model(tmp_path / "image.onnx"))
    text = str(text_model(tmp_path / "text.onnx"))
    done = run("estimate", *TARGET, image, text, "--bind", "tokens=5", "--json")
    assert done.code == 2
    assert "image.onnx" in done.err
    done = run("estimate", *TARGET, text, "--bind", "tokens=5", "--store", "--json")
    assert done.code == 0, done.err
    (record,) = json.loads(done.out)
    assert (record["arch"], record["latency (ms)"] > 0) == (text, True)
    assert "gather has no convention: priced as the data it moves" in done.err
    assert NetworkStore().keys() == tuple(MeasurementStore().to_table(space="network")["arch"].to_pylist())
    parts = json.loads(run("estimate", *TARGET, image, "--breakdown", "--json").out)
    assert parts[0]["what"] == "layer 0 Conv+Relu"
    assert "Conv+Relu" in run("estimate", *TARGET, image, "--breakdown").out


def test_an_array_prices_a_file_kernel_by_kernel(run, tmp_path: Path) -> None:
    pytest.importorskip("zigzag")
    text = str(text_model(tmp_path / "text.onnx"))
    done = run("estimate", "--target", "eyeriss-like", text, "--bind", "tokens=5", "--breakdown", "--json")
    assert done.code == 0, done.err
    records = json.loads(done.out)
    assert records[1]["what"] == "layer 1 Gather"
    assert records[-1]["energy (mJ)"] > 0
    assert "gather has no convention: priced as the data it moves" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("/nowhere.onnx", *TARGET), "nowhere.onnx"),
        (("m.onnx", "02012100", *TARGET), "must not be mixed with architectures"),
    ],
)
def test_mistakes_are_one_sentence(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    image_model(tmp_path / "m.onnx")
    monkeypatch.chdir(tmp_path)
    done = run("estimate", *words)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1
