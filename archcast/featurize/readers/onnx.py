"""Networks from ONNX files, bytes and models; weights are neither needed nor read.

Shapes are inferred by ONNX's own rules once the inputs are bound, with what ONNX leaves open worked out here:
integers that shapes are made of, and operators of other domains. In turns, until nothing more is learned.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from archcast.core.errors import InputError, UnknownNameError, shorten
from archcast.core.network import Network
from archcast.featurize.readers.onnx_bind import bind_inputs
from archcast.featurize.readers.onnx_counts import counted_in
from archcast.featurize.readers.onnx_graph import network_of
from archcast.featurize.readers.onnx_infer import graphs_of, infer
from archcast.featurize.readers.onnx_wire import without_weights

Source: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | Any"
MAX_BYTES = 256 * 2**20
"""Of a model without its weights."""
MAX_NODES = 1_000_000
OPSETS = (7, 28)
"""Oldest and newest version of ONNX's own operators that is read."""

_KINDS = (
    (b"PK\x03\x04", "a zip archive, such as a PyTorch checkpoint"),
    (b"\x80\x02", "a Python pickle, such as a PyTorch checkpoint"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"\x89HDF", "an HDF5 file, such as a Keras model"),
    (b"7767517", "ncnn's text: name it with the ending .param"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"<?xml", "an XML file, such as an OpenVINO model"),
    (b"version https://git-lfs", "a Git LFS pointer in the model's place: fetch the file itself"),
)
_EXPORT = "export it with torch.onnx.export(module, example, 'model.onnx') where its code is"


def read_onnx(
    source: Source,
    *,
    batch: int = 1,
    inputs: Mapping[str, Sequence[int]] | None = None,
    dims: Mapping[str, int] | None = None,
) -> Network:
    """The network of an ONNX model.

    Args:
        source: path, content, or `onnx.ModelProto` (which is not changed).
        batch: number for the first dimension of inputs where it is open and named like a batch, or unnamed.
        inputs: whole shapes of inputs by name.
        dims: numbers for open dimensions by their name; for those that depend on data, by the operator's.

    Raises:
        InputError: it is no ONNX model, breaks ONNX's rules, or has a shape that stays open; names file and
            node, and how to bind what is open.
    """
    import onnx

    where = "the model"
    try:
        if isinstance(source, onnx.ModelProto):
            model = onnx.ModelProto.FromString(without_weights(memoryview(source.SerializeToString())))
        elif isinstance(source, bytes | bytearray | memoryview):
            model = parse(memoryview(source))
        else:
            path = Path(source)
            where = str(path)
            model = _read(path)
        return network_of_model(model, batch=batch, inputs=inputs, dims=dims)
    except UnknownNameError:
        raise
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    except (UnicodeDecodeError, TypeError) as error:  # names that are no text come as bytes, or not at all
        if isinstance(error, TypeError) and "bytes" not in str(error):
            raise
        raise InputError(f"{where}: names in a model must be text in UTF-8") from error


def network_of_model(
    model: Any, *, batch: int, inputs: Mapping[str, Sequence[int]] | None, dims: Mapping[str, int] | None
) -> Network:
    """The network of a parsed model, which is changed."""
    from onnx import checker, inliner

    _check(model)
    if model.functions:
        try:
            model = inliner.inline_local_functions(model)
        except (checker.ValidationError, RuntimeError, ValueError) as error:
            raise InputError(
                f"its functions cannot be put in their place: {' '.join(str(error).split())}"
            ) from error
        _check(model)
    counted = counted_in(graphs_of(model.graph))
    counts = bind_inputs(model.graph, batch=batch, inputs=inputs or {}, dims=dims or {}, counted=counted)
    return network_of(infer(model, counts))


def parse(data: memoryview) -> Any:
    """An ONNX model without its weights.

    Raises:
        InputError: the bytes are something else; says what they look like.
    """
    import onnx
    from google.protobuf.message import DecodeError

    head = bytes(data[:64])
    for start, kind in _KINDS:
        if head.startswith(start):
            hint = f": {_EXPORT}" if "PyTorch" in kind or "pickle" in kind else ""
            raise InputError(f"must be an ONNX model, got {kind}{hint}")
    if head[4:8] == b"TFL3":
        raise InputError("must be an ONNX model, got a TensorFlow Lite model: convert it with tf2onnx first")
    if not head:
        raise InputError("must be an ONNX model, got an empty file")
    try:
        small = without_weights(data)
        if len(small) > MAX_BYTES:
            raise InputError(f"must have at most {MAX_BYTES} bytes besides its weights, got {len(small)}")
        model = onnx.ModelProto.FromString(small)
    except DecodeError as error:
        raise InputError(f"must be an ONNX model, got {_look(head)}") from error
    except InputError as error:
        raise InputError(f"must be an ONNX model, got {_look(head)} ({error})") from error
    if not model.HasField("graph"):
        raise InputError(f"must be an ONNX model, got {_look(head)}")
    return model


def _read(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise InputError("must be an ONNX model, got an empty file")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as data:
                return parse(data)
    except IsADirectoryError:
        raise InputError("must be an ONNX model, got a folder: name the .onnx file in it") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error


def _check(model: Any) -> None:
    """Raise InputError for versions that are not known, and for graphs too large."""
    if len(model.graph.node) > MAX_NODES:
        raise InputError(f"must have at most {MAX_NODES} nodes, got {len(model.graph.node)}")
    versions = {entry.domain: entry.version for entry in model.opset_import}
    own = versions.get("", versions.get("ai.onnx"))
    if own is None:
        if not versions:
            raise InputError("must say which version of ONNX's operators it uses (opset_import), says none")
        return
    if not OPSETS[0] <= own <= OPSETS[1]:
        raise InputError(f"opset must be {OPSETS[0]} to {OPSETS[1]}, got {own}")


def _look(head: bytes) -> str:
    """What bytes look like, in words."""
    if head.isascii() and all(c >= 32 or c in b"\t\r\n" for c in head):
        return f"text that begins {shorten(head.decode()[:30])}"
    return "bytes that are no such model"
