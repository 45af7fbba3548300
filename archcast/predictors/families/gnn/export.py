"""The fitted network as an ONNX file, checked against torch before it is given out.

Torch takes seconds to export a network. What it made is kept, and serves networks of the same shapes with
their own weights in it.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from archcast.core.errors import ArtifactError
from archcast.predictors.families.gnn.fit import tensors
from archcast.predictors.families.gnn.inputs import Inputs
from archcast.predictors.families.gnn.network import Network
from archcast.predictors.onnx_model import OnnxModel

OUTPUTS = ("z", "trunk_embedding")
_TOLERANCE = 1e-4
_MOST = 16
_MADE: dict[tuple[tuple[str, tuple[int, ...]], ...], bytes] = {}
"""What was exported, by the shapes of the weights."""


def export(network: Network, samples: Inputs) -> bytes:
    """The network as ONNX with any number of graphs, nodes and edges.

    Raises:
        ArtifactError: ONNX Runtime's outputs for `samples` differ from torch's.
    """
    shapes = tuple((name, tuple(value.shape)) for name, value in network.state_dict().items())
    if shapes in _MADE:
        content = _with_weights(_MADE[shapes], network)
        with contextlib.suppress(ArtifactError):
            check(network, content, samples)
            return content
    content = _exported(network, samples)
    check(network, content, samples)
    if len(_MADE) >= _MOST:
        del _MADE[next(iter(_MADE))]
    _MADE[shapes] = content
    return content


def _exported(network: Network, samples: Inputs) -> bytes:
    """What torch makes of the network."""
    feed = samples.feed()
    graphs, nodes, edges = (torch.export.Dim(name) for name in ("graphs", "nodes", "edges"))
    shapes = ({0: nodes}, {0: nodes}, {1: edges}, {0: nodes}, {0: graphs})
    with _quiet():
        program = torch.onnx.export(
            network,
            tensors(samples),
            input_names=list(feed),
            output_names=list(OUTPUTS),
            dynamic_shapes=shapes,
            dynamo=True,
            verbose=False,
        )
        if program is None:
            raise ArtifactError("the graph network could not be exported to ONNX")
        model = program.model_proto
    _scatter_rows(model)
    content: bytes = model.SerializeToString()
    return content


def _with_weights(content: bytes, network: Network) -> bytes:
    """An exported network of the same shapes with the weights of this one."""
    model = onnx.load_from_string(content)
    weights = network.state_dict()
    for held in model.graph.initializer:
        if held.name in weights:
            held.CopyFrom(numpy_helper.from_array(weights[held.name].numpy(), held.name))
    filled: bytes = model.SerializeToString()
    return filled


def _scatter_rows(model: Any) -> None:
    """Sums over edges as ScatterND, which adds whole rows, in place of ScatterElements, element by element.

    ONNX Runtime 1.32 runs it a hundred times faster on one thread; on several it loses additions
    (onnxruntime issue 18048), so `OnnxModel` gives a session one thread.
    """
    expanded = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Expand"}
    for node in model.graph.node:
        settings = {a.name: a.i if a.name == "axis" else a.s for a in node.attribute}
        by_rows = node.op_type == "ScatterElements" and settings == {"axis": 0, "reduction": b"add"}
        if by_rows and node.input[1] in expanded:
            node.op_type, node.input[1] = "ScatterND", expanded[node.input[1]]
            node.attribute.remove(next(a for a in node.attribute if a.name == "axis"))
    used = {name for node in model.graph.node for name in node.input}
    for node in [n for n in model.graph.node if n.op_type == "Expand" and n.output[0] not in used]:
        model.graph.node.remove(node)
    model.doc_string = "Run with one intra-op thread: sums by ScatterND race on several."


def check(network: Network, content: bytes, samples: Inputs) -> None:
    """Raise ArtifactError unless the ONNX model gives what the network gives, all at once and singly."""
    model = OnnxModel(content)
    n = len(samples.graph_features)
    for rows in (np.arange(n), np.arange(1)):
        batch = samples.rows(rows)
        with torch.no_grad():
            expected = [output.numpy() for output in network(*tensors(batch))]
        for name, ours, theirs in zip(OUTPUTS, model.run(batch.feed()), expected, strict=True):
            _check_equal(name, ours, theirs)


def _check_equal(name: str, ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> None:
    if ours.shape != theirs.shape or not np.allclose(ours, theirs, rtol=_TOLERANCE, atol=_TOLERANCE):
        raise ArtifactError(f"{name} of the exported graph network must equal that of the fitted one")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns of its own internals, which is nothing for the user."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
