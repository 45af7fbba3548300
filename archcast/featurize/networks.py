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
    return read_network(source, batch=batch, example=example, inputs=inputs, dims=dims)


def read_network(
    source: Any,
    *,
    batch: int = 1,
    example: Any = None,
    inputs: Mapping[str, Sequence[int]] | None = None,
    dims: Mapping[str, int] | None = None,
) -> Network:
    """As `network`, for dimensions of any name, such as one that is called `batch`."""
    if isinstance(source, Network):
        _refuse_others("a network", batch=batch, example=example, inputs=inputs)
        return source.bind(**dims) if dims else source
    if is_module(source):
        from archcast.featurize.readers.torch import read_module

        _refuse_others("a module, whose example tells its shapes", batch=batch, inputs=inputs, dims=dims)
        return read_module(source, example)
    if example is not None:
        raise InputError("example must be left out for a model file: name shapes by inputs={name: shape}")
    if isinstance(source, str | os.PathLike) and os.fspath(source).endswith(".param"):
        from archcast.featurize.readers.ncnn import read_ncnn

        _refuse_others("an ncnn graph, which is of one item", batch=batch, dims=dims)
        return read_ncnn(source, inputs=inputs)
    content = isinstance(source, str | os.PathLike | bytes | bytearray | memoryview)
    if not content and not hasattr(source, "SerializeToString"):
        raise InputError(
            f"network must be a path or content of a model file, an onnx.ModelProto or a torch module, "
            f"got {shorten(source)}"
        )
    from archcast.featurize.readers.onnx import read_onnx

    return read_onnx(source, batch=batch, inputs=inputs, dims=dims)


def _refuse_others(what: str, **given: Any) -> None:
    """Raise InputError for what was given and would not be read."""
    for name, value in given.items():
        if value != 1 if name == "batch" else value:
            called = "names of dimensions" if name == "dims" else name
            raise InputError(f"{called} must be left out for {what}")


NETWORK = "network"
"""Name of the space of all networks, which has no codes."""
ENDINGS = (".onnx", ".param")
"""Of model files."""


def is_network(given: Any) -> bool:
    """Whether something is a network, an ONNX model, or the path of a model file."""
    if isinstance(given, Network) or hasattr(given, "SerializeToString"):
        return True
    return isinstance(given, str | os.PathLike) and os.fspath(given).endswith(ENDINGS)


_TORCH = ("torch.nn.modules.module.Module", "torch.export.exported_program.ExportedProgram")


def is_module(source: object) -> bool:
    """Whether an object is a torch module or exported program, told without importing torch."""
    return any(f"{kind.__module__}.{kind.__name__}" in _TORCH for kind in type(source).__mro__)
