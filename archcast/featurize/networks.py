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
    inputs: Mapping[str, Sequence[int]] | None = None,
    **dims: int,
) -> Network:
    """The network of a model file or model; nothing is run and no weights are needed.

    Args:
        source: path or content of an ONNX file, or `onnx.ModelProto`.
        batch: number for the open first dimension of inputs.
        inputs: whole shapes of inputs by name.
        dims: numbers for other open dimensions by name, such as `tokens=384`.

    Raises:
        InputError: it is none of these, or breaks the rules of what it is; names file and node.
    """
    if isinstance(source, Network):
        return source.bind(**dims) if dims else source
    content = isinstance(source, str | os.PathLike | bytes | bytearray | memoryview)
    if not content and not hasattr(source, "SerializeToString"):
        raise InputError(
            f"network must be a path or content of a model file or an onnx.ModelProto, got {shorten(source)}"
        )
    from archcast.featurize.readers.onnx import read_onnx

    return read_onnx(source, batch=batch, inputs=inputs, dims=dims)
