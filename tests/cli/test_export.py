"""`archcast export` as users call it."""

import json

import numpy as np
import onnxruntime

import archcast
from archcast.predictors import load, read_manifest


def test_arrays_can_be_loaded_again(run, tmp_path):
    done = run("export", "--space", "fbnet", "-d", "raspi4", "--to", str(tmp_path / "out"), "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["served_as"] == "sums"
    assert told["spearman"] > 0.999
    codes = archcast.spaces("fbnet").sample(50, seed=1)
    made = load(read_manifest(tmp_path / "out"))
    np.testing.assert_allclose(
        made.predict(codes)[:, 0], archcast.predict(codes, "raspi4", space="fbnet"), rtol=1e-6
    )


def test_onnx_takes_codes(run, tmp_path):
    words = [
        "--space",
        "nasbench201",
        "--metric",
        "accuracy",
        "--to",
        str(tmp_path / "out"),
        "--form",
        "onnx",
    ]
    done = run("export", *words)
    assert done.code == 0, done.err
    assert "spearman" in done.out
    session = onnxruntime.InferenceSession(str(tmp_path / "out" / "model.onnx"))
    codes = archcast.spaces("nasbench201").sample(50, seed=1)
    (found,) = session.run(["values"], {"codes": codes})
    np.testing.assert_allclose(found[:, 0], archcast.predict(codes, metric="accuracy"), rtol=1e-6)


def test_mistakes_are_one_sentence(run, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes").write_text("mine")
    for words, told in (
        (("-d", "nowhere", "--to", str(tmp_path / "a")), "raspi4"),
        (("-d", "raspi4", "--to", str(tmp_path / "a"), "--form", "tflite"), "arrays, onnx"),
        (("-d", "raspi4", "--to", str(tmp_path / "full")), "holds something else"),
    ):
        done = run("export", "--space", "fbnet", *words)
        assert done.code == 2
        assert told in done.err
        assert "Traceback" not in done.err
    assert not (tmp_path / "a").exists()
