"""Small ONNX files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def save(
    path: Path,
    nodes: Sequence[Any],
    inputs: Sequence[Any],
    weights: dict[str, np.ndarray],
    *,
    outputs: Sequence[str] = ("y",),
    strip: bool = False,
    outside: str = "",
) -> Path:
    """Write a model.

    Args:
        strip: leave the elements of its weights out, though not of shapes and axes.
        outside: name of a file for the weights; empty puts them in.
    """
    made = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    if strip:
        bare = [TensorProto(name=t.name, data_type=t.data_type, dims=t.dims) for t in made]
        made = [tensor if weights[tensor.name].size < 4 else bare[i] for i, tensor in enumerate(made)]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    graph = helper.make_graph(nodes, "made", inputs, ends, made)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if outside:
        onnx.save(model, path, save_as_external_data=True, location=outside, size_threshold=0)
    else:
        onnx.save(model, path)
    return path


def image_model(path: Path, *, width: int = 4, names: str = "", batch: int | str = 1, **how: Any) -> Path:
    """A convolution and a ReLU; `names` is put behind every name, and changes nothing of what it is."""
    x, w, c, y = (f"{name}{names}" for name in "xwcy")
    weight = np.full((width, 3, 3, 3), 0.1, np.float32)
    nodes = [helper.make_node("Conv", [x, w], [c], pads=[1] * 4), helper.make_node("Relu", [c], [y])]
    image = helper.make_tensor_value_info(x, TensorProto.FLOAT, [batch, 3, 16, 16])
    return save(path, nodes, [image], {w: weight}, outputs=[y], **how)


def text_model(path: Path, *, words: int = 50, **how: Any) -> Path:
    """Embeddings of words and their kinds, weighted by a mask; batch and tokens are open."""
    rng = np.random.default_rng(0)
    tables = {
        "words": rng.normal(size=(words, 8)).astype(np.float32),
        "kinds": rng.normal(size=(2, 8)).astype(np.float32),
        "two": np.array([2], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["ids"], ["ids64"], to=TensorProto.INT64),
        helper.make_node("Gather", ["words", "ids64"], ["a"]),
        helper.make_node("Gather", ["kinds", "type_ids"], ["b"]),
        helper.make_node("Add", ["a", "b"], ["c"]),
        helper.make_node("Unsqueeze", ["attention_mask", "two"], ["m"]),
        helper.make_node("Cast", ["m"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["c", "f"], ["y"]),
    ]
    side = ["batch", "tokens"]
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT32, side),
        helper.make_tensor_value_info("type_ids", TensorProto.INT64, side),
        helper.make_tensor_value_info("attention_mask", TensorProto.INT64, side),
    ]
    return save(path, nodes, inputs, tables, **how)
