"""Pickles that others wrote, read as data: a name outside the allowed ones is refused, nothing is run.

The interpreter is pickle's own in Python: its memo is a dict, so a file cannot ask for gigabytes by
naming a high memo slot. The few names that real tables need are replaced by functions of this module,
whatever the file says they are.
"""

from __future__ import annotations

import pickle
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np

from archcast.core.errors import DataError, shorten

MAX_BYTES = 64 * 2**20
NOTHING: frozenset[str] = frozenset()
"""Allows lists, dicts, tuples, strings, bytes and numbers only."""
NUMPY_SCALARS = frozenset(
    f"{module} {name}"
    for module, name in (
        ("numpy.core.multiarray", "scalar"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy", "dtype"),
        ("_codecs", "encode"),
    )
)
"""Allows single numbers that NumPy wrote (either spelling of its core module)."""


class _Callable:
    """A function that a file can call and cannot alter."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setstate__(self, state: object) -> NoReturn:
        raise DataError("a pickle must not alter the functions it names")


class _NumberType:
    """Stands for a numpy.dtype of one number."""

    __slots__ = ("dtype",)

    def __init__(self, name: str) -> None:
        dtype = np.dtype(name) if isinstance(name, str) and len(name) <= 3 else None
        if dtype is None or dtype.kind not in "iufb":
            raise DataError(f"numpy.dtype in a pickle must be of a number, got {shorten(name)}")
        self.dtype = dtype

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "|", "="):
            raise DataError(f"numpy.dtype in a pickle has an odd state: {shorten(state)}")
        self.dtype = self.dtype.newbyteorder(state[1])


def _number_type(name: str, *_: object) -> _NumberType:
    return _NumberType(name)


def _scalar(kind: object, data: object) -> int | float | bool:
    if not isinstance(kind, _NumberType) or not isinstance(data, bytes):
        raise DataError("a NumPy number in a pickle must have a number type and bytes")
    if len(data) != kind.dtype.itemsize:
        raise DataError(f"a NumPy number in a pickle has {len(data)} bytes for {kind.dtype}")
    value: int | float | bool = np.frombuffer(data, kind.dtype)[0].item()
    return value


def _encode(text: object, encoding: object = "latin1") -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise DataError("bytes in a pickle must be written as latin1 text")
    return text.encode("latin1")


_STAND_INS: dict[str, Callable[..., Any]] = {
    "numpy.core.multiarray scalar": _scalar,
    "numpy._core.multiarray scalar": _scalar,
    "numpy dtype": _number_type,
    "_codecs encode": _encode,
}


class _Unpickler(pickle._Unpickler):
    def __init__(self, file: IO[bytes], allowed: frozenset[str]) -> None:
        super().__init__(file)
        self._allowed = allowed

    def find_class(self, module: str, name: str, /) -> Any:
        wanted = f"{module} {name}"
        if wanted not in self._allowed:
            listed = ", ".join(sorted(self._allowed)) or "none"
            raise DataError(f"pickle names {shorten(wanted)}; allowed are: {listed}")
        return _Callable(_STAND_INS[wanted])

    def get_extension(self, code: int) -> NoReturn:
        raise DataError(f"pickle names the copyreg extension {code}, which is not allowed")

    def persistent_load(self, pid: object, /) -> NoReturn:
        raise DataError(f"pickle refers to an object outside itself: {shorten(pid)}")


def load_pickle(
    source: Path | bytes, *, allowed: frozenset[str] = NOTHING, max_bytes: int = MAX_BYTES
) -> Any:
    """Read a pickle as data.

    Args:
        source: path of the file, or its bytes.
        allowed: names ("module name") that the pickle may use, among `NUMPY_SCALARS`.
        max_bytes: largest file that is read.

    Raises:
        DataError: the file is missing, too large, truncated or no pickle, or names anything that is not
            allowed; the message has the file and the name.
    """
    unknown = sorted(allowed - _STAND_INS.keys())
    if unknown:
        raise ValueError(f"no safe stand-in for {unknown[0]}")
    if isinstance(source, bytes):
        return _load(BytesIO(source), len(source), "pickle", allowed, max_bytes)
    try:
        with source.open("rb") as file:
            return _load(file, source.stat().st_size, str(source), allowed, max_bytes)
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error}") from error


def load_torch_zip(path: Path, *, allowed: frozenset[str] = NOTHING, max_bytes: int = MAX_BYTES) -> Any:
    """Read the object saved in a torch file without torch; tensors are not supported.

    Raises:
        DataError: as `load_pickle`, or the file is not a zip with one `data.pkl`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if m.filename.endswith("/data.pkl")]
            if len(members) != 1:
                raise DataError(f"{path} must hold one data.pkl, got {len(members)}")
            if members[0].file_size > max_bytes:
                raise DataError(
                    f"{path} has {members[0].file_size} bytes, more than the {max_bytes} that are read"
                )
            content = archive.read(members[0])
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise DataError(f"{path} is not a whole torch file: {error}") from error
    return _load(BytesIO(content), len(content), str(path), allowed, max_bytes)


def _load(file: IO[bytes], size: int, name: str, allowed: frozenset[str], limit: int) -> Any:
    if size > limit:
        raise DataError(f"{name} has {size} bytes, more than the {limit} that are read")
    try:
        return _Unpickler(file, allowed).load()
    except DataError as error:
        raise DataError(f"{name}: {error}") from error.__cause__
    except OSError:
        raise
    except Exception as error:  # a damaged pickle can raise any exception at all
        raise DataError(f"{name} is truncated or not a pickle: {error!r}") from error
