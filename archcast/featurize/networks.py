"""A network from whatever a user has."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from archcast.core.errors import InputError, shorten
from archcast.core.network import Network


def network(
    source: Any,
    *,
    batch: int = 1,
    example: Any = None,
    inputs: Mapping[str, Sequence[int]] | None = None,
    **dims: int,
) -> Network:
    """The network of a model file or model; nothing is run and no weights are needed.

    Args:
        source: path or content of an ONNX file, `onnx.ModelProto`, path of ncnn's `.param` text,
            `torch.nn.Module` or `torch.export.ExportedProgram`.
        batch: number for the open first dimension of inputs.
        example: of a module: the shape of its input, a tensor, a sequence of these for several inputs, or a
            mapping of these by name.
        inputs: whole shapes of inputs by name.
        dims: numbers for other open dimensions by name, such as `tokens=384`.

    Raises:
        InputError: it is none of these, or breaks the rules of what it is; names file and node.
    """
    if isinstance(source, Network):
        return source.bind(**dims) if dims else source
    if is_module(source):
        from archcast.featurize.readers.torch import read_module

        return read_module(source, example)
    if example is not None:
        raise InputError("example must be left out for a model file: name shapes by inputs={name: shape}")
    if isinstance(source, str | os.PathLike) and os.fspath(source).endswith(".param"):
        from archcast.featurize.readers.ncnn import read_ncnn

        return read_ncnn(source, inputs=inputs)
    content = isinstance(source, str | os.PathLike | bytes | bytearray | memoryview)
    if not content and not hasattr(source, "SerializeToString"):
        raise InputError(
            f"network must be a path or content of a model file, an onnx.ModelProto or a torch module, "
            f"got {shorten(source)}"
        )
    from archcast.featurize.readers.onnx import read_onnx

    return read_onnx(source, batch=batch, inputs=inputs, dims=dims)


NETWORK = "network"
"""Name of the space of all networks, which has no codes."""


def is_network(given: Any) -> bool:
    """Whether something is a network, an ONNX model, or the path of a model file."""
    if isinstance(given, Network) or hasattr(given, "SerializeToString"):
        return True
    return isinstance(given, str | os.PathLike) and os.fspath(given).endswith((".onnx", ".param"))


_TORCH = ("torch.nn.modules.module.Module", "torch.export.exported_program.ExportedProgram")


def is_module(source: object) -> bool:
    """Whether an object is a torch module or exported program, told without importing torch."""
    return any(f"{kind.__module__}.{kind.__name__}" in _TORCH for kind in type(source).__mro__)
