"""A model file as it is sent to a runner: its own bytes, with its weights and with numbers for open sides."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

from archcast.core.errors import InputError
from archcast.core.network import Network
from archcast.featurize.readers.onnx_bind import is_fixed
from archcast.featurize.readers.onnx_fold import has_elements


def has_weights(path: Path) -> bool:
    """Whether the elements of all constants of an ONNX file are in it, or in files beside it."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    graphs = [model.graph]
    nodes = [node for function in model.functions for node in function.node]
    return all(_is_there(tensor, path.parent) for tensor in _tensors(graphs, nodes))


def own_bytes(path: Path, network: Network) -> bytes:
    """The bytes of an ONNX file; weights from other files and numbers for open sides are put in.

    Args:
        network: as it was read from the file, its inputs bound.

    Raises:
        InputError: the file or one beside it cannot be read, or holds what it may not.
    """
    import onnx
    from google.protobuf.message import DecodeError, EncodeError

    try:
        model = onnx.load(path, load_external_data=False)
        is_whole = not any(_is_outside(tensor) for tensor in _tensors([model.graph], []))
        opened = [v for v in model.graph.input if v.name in network.inputs and _is_open(v)]
        if is_whole and not opened:
            return path.read_bytes()
        if not is_whole:
            onnx.load_external_data_for_model(model, str(path.parent))
        for value in opened:
            shape = value.type.tensor_type.shape
            del shape.dim[:]
            for number in network.values[value.name].dims:
                shape.dim.add().dim_value = number
        del model.graph.value_info[:]
        written: bytes = model.SerializeToString()
    except (OSError, ValueError, DecodeError, EncodeError, onnx.checker.ValidationError) as error:
        raise InputError(f"{path} cannot be sent as it is: {error}") from error
    return written


def _is_open(value: Any) -> bool:
    tensor = value.type.tensor_type
    return not tensor.HasField("shape") or not all(is_fixed(dim) for dim in tensor.shape.dim)


def _tensors(graphs: list[Any], nodes: list[Any]) -> Iterator[Any]:
    """Constants of graphs and of nodes, and of what is inside them."""
    for graph in graphs:
        yield from graph.initializer
        yield from (
            tensor for sparse in graph.sparse_initializer for tensor in (sparse.values, sparse.indices)
        )
        yield from _tensors([], list(graph.node))
    for attribute in (attribute for node in nodes for attribute in node.attribute):
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        inner = [attribute.g] if attribute.HasField("g") else []
        yield from _tensors([*inner, *attribute.graphs], [])


def _is_outside(tensor: Any) -> bool:
    from onnx import TensorProto

    return bool(tensor.data_location == TensorProto.EXTERNAL)


def _is_there(tensor: Any, folder: Path) -> bool:
    if not _is_outside(tensor):
        return prod(tensor.dims) == 0 or has_elements(tensor)
    location = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
    path = (folder / location).resolve()
    return bool(location) and path.is_relative_to(folder.resolve()) and path.is_file()
