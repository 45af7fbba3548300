"""Bytes of a file as text: compression and encodings are found out, what is no text is named."""

from __future__ import annotations

import gzip
import io
import zlib

from archcast.core.errors import InputError

LARGEST = 64 * 2**20
"""Most bytes of a file, also after it was unpacked."""

_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
GZIP = b"\x1f\x8b"
_KINDS = (
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", "save it as CSV"),
    (b"\x93NUMPY", "a NumPy array", "write its rows as lines or JSON"),
    (b"ARROW1", "an Arrow file", "write it as Parquet or CSV"),
    (b"FEA1", "a Feather file", "write it as Parquet or CSV"),
    (b"SQLite format 3", "an SQLite database", "export its rows as CSV"),
    (b"\x89HDF", "an HDF5 file", "write its rows as Parquet or CSV"),
    (b"%PDF", "a PDF", "write its rows as CSV"),
    (b"\x89PNG", "a picture", "write its rows as CSV"),
    (b"BZh", "a bzip2 archive", "unpack it first"),
    (b"\xfd7zXZ", "an xz archive", "unpack it first"),
    (b"(\xb5/\xfd", "a zstd archive", "unpack it first"),
)
_INSIDE_ZIP = (
    (b"xl/", "an Excel workbook", "save it as CSV"),
    (b"opendocument", "an OpenDocument sheet", "save it as CSV"),
    (b"data.pkl", "a file of PyTorch", "write its rows as CSV"),
    (b".npy", "an archive of NumPy arrays", "write its rows as lines or JSON"),
    (b"", "a zip archive", "unpack it first"),
)


def unpacked(data: bytes, name: str) -> bytes:
    """The bytes without gzip.

    Raises:
        InputError: more than `LARGEST` bytes, or a damaged archive.
    """
    if data.startswith(GZIP):
        try:
            with gzip.open(io.BytesIO(data)) as file:
                data = file.read(LARGEST + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{name} cannot be unpacked: {error}") from error
    if len(data) > LARGEST:
        raise InputError(f"{name} must be at most {LARGEST} bytes, and is larger")
    return data


def decoded(data: bytes, name: str) -> tuple[str, str]:
    """Text of a file, its lines ended by `\\n`, without a byte order mark; and its encoding.

    Raises:
        InputError: it is a known kind of binary file, or no text of UTF-8, -16 or -32.
    """
    _refuse_binary(data, name)
    encoding = next((kind for mark, kind in _BOMS if data.startswith(mark)), None) or _unmarked(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(
            f"{name} must be text of UTF-8 or UTF-16, and is not at line {line}: save it as UTF-8"
        ) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError(f"{name} must be text, and holds a character of number 0 at line {line}")
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def _unmarked(data: bytes) -> str:
    """UTF-8, or UTF-16 where every other byte of the beginning is 0, as in text of the Latin alphabet."""
    start = data[:200]
    if len(start) >= 4 and len(data) % 2 == 0:
        if not any(start[1::2]) and all(start[::2]):
            return "utf-16-le"
        if not any(start[::2]) and all(start[1::2]):
            return "utf-16-be"
    return "utf-8"


def _refuse_binary(data: bytes, name: str) -> None:
    known = next(((kind, remedy) for magic, kind, remedy in _KINDS if data.startswith(magic)), None)
    if data.startswith(b"PK\x03\x04"):
        known = next((kind, remedy) for mark, kind, remedy in _INSIDE_ZIP if mark in data)
    elif data[:1] == b"\x80" and data[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        known = ("a pickle, which is never loaded", "write its rows as CSV or JSON")
    elif data[:1] == b"\x08" and data[2:3] in (b"\x12", b"\x1a", b"\x3a", b"\x42"):
        known = ("an ONNX file, no list of architectures", "give a list of architectures of a space")
    if known is not None:
        raise InputError(f"{name} is {known[0]}: {known[1]}")
