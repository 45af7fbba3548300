"""`archcast network`."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from archcast.cli.app import USER_MISTAKE


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A convolution of a batch and side that are open, with a foreign operator behind it."""
    weight = numpy_helper.from_array(np.ones((8, 3, 3, 3), np.float32), "w")
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1] * 4, name="/block/conv/Conv"),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Reformat", ["r"], ["z"], domain="trt.plugins"),
    ]
    side = ["batch", 3, "side", "side"]
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, side)],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
        [weight],
    )
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_counts_are_printed_for_people_and_programs(run, model):
    done = run("network", str(model), "--bind", "side=16", "--json")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["macs"] == 8 * 3 * 9 * 16 * 16
    assert found["params"] == 8 * 27
    assert found["inputs"] == [{"name": "x", "dtype": "float32", "shape": [1, 3, 16, 16]}]
    assert list(found["unknown"]) == ["trt.plugins::Reformat"]
    assert found["dearest"][0]["kernel"] == "conv_kxk"
    shown = run("network", str(model), "--input", "x=2x3x16x16")
    assert shown.code == 0
    assert f"{2 * found['macs']:,}" in shown.out
    assert "block.conv" in shown.out
    assert "not understood" in shown.out


def test_torch_modules_are_read_from_where_they_are_defined(run, tmp_path, monkeypatch):
    (tmp_path / "my_nets.py").write_text("from torch import nn\n\ndef small():\n    return nn.Linear(4, 3)\n")
    monkeypatch.chdir(tmp_path)
    done = run("network", "my_nets:small", "--example", "2x4", "--json")
    assert done.code == 0
    assert json.loads(done.out)["params"] == 15


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "bind(side=...)"),
        (("--input", "y=1x3x8x8"), "input must be one of x"),
        (("--input", "x"), "name=value"),
        (("--bind", "side=8", "--bind", "side=16"), "--bind must be given once, got side again"),
        (("--input", "x=1x3xax8"), "whole numbers"),
        (("--bind", "width=3"), "dimension must be one of"),
        (("--bind", "side=8", "--strict"), "operators not understood: trt.plugins::Reformat"),
        (("--bind", "side=8", "--runtime", "tensorrt"), "runtime must be one of"),
        (("--example", "1x3x8x8"), "--example is for torch modules"),
    ],
)
def test_mistakes_are_one_sentence(run, model, words, said):
    done = run("network", str(model), *words)
    assert done.code == USER_MISTAKE
    assert said in done.err
    assert "Traceback" not in done.err


def test_what_is_no_model_is_told(run, tmp_path):
    for name in ("nowhere.onnx", "no_such_package:net"):
        done = run("network", name, *(("--example", "1x3") if ":" in name else ()))
        assert done.code == USER_MISTAKE
        assert len(done.err.strip().splitlines()) == 1
    assert "archcast network model.onnx" in " ".join(run("network", "--help").out.split())


def test_a_drawing_is_written_beside_the_counts(run, model, tmp_path):
    path = tmp_path / "drawn.svg"
    done = run("network", str(model), "--bind", "side=16", "--svg", str(path), "--json")
    assert done.code == 0
    assert json.loads(done.out)["macs"] > 0
    assert path.read_text().startswith("<svg")


def test_a_drawing_of_another_kind_is_refused(run, model, tmp_path):
    done = run("network", str(model), "--bind", "side=16", "--svg", str(tmp_path / "drawn.png"))
    assert done.code == USER_MISTAKE
    assert "must name a file that ends in .svg" in done.err
