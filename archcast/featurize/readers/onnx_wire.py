"""An ONNX file without its weights, taken out of the bytes before any parser sees them.

An ONNX file is a protocol buffer: fields, each a number and a kind, that nest. Weights are the fields of
tensors that hold elements; they make up nearly all of a file, and counting needs their shapes alone. Leaving
them out keeps reading quick, and lets files above the 2 GB that protocol buffers bear be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from archcast.core.errors import InputError

KEPT: Final = 4096
"""Bytes of the longest elements that are kept: shapes, axes and scales are shorter."""
_DEEPEST: Final = 32
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_ELEMENTS: Final = frozenset({4, 5, 6, 7, 9, 10, 11})
"""Fields of `TensorProto` that hold elements: float, int32, string, int64, raw, double and uint64 data."""
_INSIDE: Final[Mapping[str, Mapping[int, str]]] = MappingProxyType(
    {
        "model": {7: "graph", 20: "training", 25: "function"},
        "graph": {1: "node", 5: "tensor", 15: "sparse"},
        "function": {7: "node", 11: "attribute"},
        "node": {5: "attribute"},
        "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
        "sparse": {1: "tensor", 2: "tensor"},
        "tensor": {},
        "training": {},
    }
)
"""Message -> field -> message that may hold elements."""


def without_weights(data: memoryview) -> bytes:
    """The model with every tensor's elements left out that take more than `KEPT` bytes.

    Raises:
        InputError: the bytes are no protocol buffer; says at which byte.
    """
    return b"".join(_copied(data, 0, len(data), "model", 0))


def _copied(data: memoryview, start: int, end: int, message: str, depth: int) -> Iterator[bytes | memoryview]:
    if depth > _DEEPEST:
        raise InputError(f"sub-graphs must nest at most {_DEEPEST // 3} deep")
    if end - start <= KEPT:  # nothing in it can be longer
        yield data[start:end]
        return
    inside = _INSIDE[message]
    kept = at = start
    while at < end:
        key, after = _varint(data, at, end)
        number, kind = key >> 3, key & 7
        if kind != _BYTES:
            at = _skipped(data, after, end, kind)
            continue
        size, content = _varint(data, after, end)
        stop = content + size
        if stop > end:
            raise InputError(f"a field at byte {at} ends after what holds it")
        if size > KEPT and (number in inside or (message == "tensor" and number in _ELEMENTS)):
            yield data[kept:at]
            if number in inside and inside[number] != "training":
                parts = list(_copied(data, content, stop, inside[number], depth + 1))
                yield _encoded(key) + _encoded(sum(len(part) for part in parts))
                yield from parts
            kept = stop
        at = stop
    yield data[kept:end]


def _varint(data: memoryview, at: int, end: int) -> tuple[int, int]:
    """A whole number and the place after it."""
    number = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
    raise InputError(f"a number at byte {at} has no end")


def _skipped(data: memoryview, at: int, end: int, kind: int) -> int:
    if kind == _VARINT:
        return _varint(data, at, end)[1]
    if kind not in (_FIXED64, _FIXED32):
        raise InputError(f"a field at byte {at} is of the unknown kind {kind}")
    stop = at + (8 if kind == _FIXED64 else 4)
    if stop > end:
        raise InputError(f"a field at byte {at} ends after what holds it")
    return stop


def _encoded(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
