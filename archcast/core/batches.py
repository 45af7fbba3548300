"""What a batch comes in: lists, generators, arrays, and the columns of frames, told without importing any.

| comes in | items |
|---|---|
| list, tuple | as they are |
| generator, iterator, range, other sequence | a list, gone through once |
| NumPy array | text and objects as a list; numbers as they are; nothing masked |
| Series, Index, array of pandas, polars, pyarrow | a list |
| frame, table of the same | its column `arch` |
| tensor of torch, JAX, TensorFlow | a NumPy array |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from os import PathLike
from typing import Any

import numpy as np

from archcast.core.errors import InputError, shorten
from archcast.core.network import Network

PLAIN = frozenset({str, list, tuple, dict, Network})
"""Types of items of a list that need no look."""
ARCH = "arch"
_FOREIGN = ("pandas", "polars", "pyarrow", "torch")
_MISSING = ("NoneType", "NAType", "NaTType")
_LISTS = ("to_pylist", "to_list", "tolist")


def items_of(batch: Any, what: str = "arch_batch", *, column: str | None = ARCH) -> Any:
    """The items of whatever a batch comes in.

    Args:
        what: the batch, as errors name it.
        column: which column of a frame is meant; None of numbers, where a frame cannot be.

    Returns:
        A list or tuple, or a NumPy array of numbers with any number of dimensions, which may be empty.

    Raises:
        InputError: one item instead of a batch, a set, a frame without the column, a masked or missing entry.
    """
    if isinstance(batch, list | tuple) and not hasattr(batch, "_fields"):
        return batch if not batch or type(batch[0]) in PLAIN else [_plain(item) for item in batch]
    if isinstance(batch, np.ndarray):
        return _of_array(batch, what)
    library = library_of(batch)
    if library in ("pandas", "polars", "pyarrow"):
        return _of_frame(batch, what, column)
    if _is_one(batch) or not isinstance(batch, Iterable):
        wanted = "a list of architectures" if column else "numbers in a list"
        raise InputError(f"{what} must be {wanted}, got {shorten(batch)}; put it in a list")
    if hasattr(batch, "__array__"):
        return _of_array(_as_array(batch, what), what)
    if isinstance(batch, set | frozenset):
        raise InputError(f"{what} must be in an order, and a {type(batch).__name__} has none: give a list")
    return [_plain(item) for item in batch]


def library_of(given: Any) -> str:
    """Which of pandas, polars, pyarrow and torch an object is of; empty for none of them."""
    kind: Any = type(given)
    return _library_of(kind)


@cache
def _library_of(kind: Any) -> str:
    roots = {base.__module__.partition(".")[0] for base in kind.__mro__}
    return next((name for name in _FOREIGN if name in roots), "")


def check_aligned(archs: Any, values: Any) -> None:
    """Raise InputError where both are of pandas and their indices differ: rows would be paired by chance."""
    if library_of(archs) == library_of(values) == "pandas":
        own, other = getattr(archs, "index", None), getattr(values, "index", None)
        if own is not None and other is not None and len(own) == len(other) and not own.equals(other):
            raise InputError(
                "archs and values must have the same index, and theirs differ: align them, or give "
                "archs.tolist() and values.tolist()"
            )


def _of_array(array: np.ndarray[Any, Any], what: str) -> list[Any] | np.ndarray[Any, Any]:
    if isinstance(array, np.ma.MaskedArray):
        if np.ma.is_masked(array):
            item = int(np.argwhere(np.ma.getmaskarray(array))[0][0]) if array.ndim else 0
            raise InputError(f"{what} must be there, got a masked entry", item=item)
        array = array.data
    if array.ndim == 0:
        raise InputError(f"{what} must be a list, got {shorten(array.item())}; put it in a list")
    if array.dtype.kind == "S":
        raise InputError(f"{what} must be text, got bytes: give numpy.char.decode(batch)")
    if array.dtype.kind == "V":
        raise InputError(f"{what} must be a plain array, got one of records: give one of its columns")
    if array.dtype.kind in "OUT":
        return [_plain(item) for item in array.tolist()]
    return array


def _of_frame(batch: Any, what: str, column: str | None) -> list[Any]:
    """Items of a column, or of the one of a frame that is meant."""
    kind = type(batch).__name__
    if hasattr(batch, "collect_schema") and not hasattr(batch, "to_dicts"):
        raise InputError(f"{what} must be there, got a lazy frame: collect it first")
    names = getattr(batch, "column_names", None)
    if (names is None and getattr(batch, "ndim", 1) == 2) or hasattr(batch, "to_dicts"):
        names = getattr(batch, "columns", None)
    if names is None:
        read = next((getattr(batch, name) for name in _LISTS if hasattr(batch, name)), None)
        if read is None or kind.endswith("Scalar"):
            raise InputError(f"{what} must be a list, got {shorten(batch)}; put it in a list")
        return _present([_plain(item) for item in read()], what, column)
    listed = ", ".join(shorten(name) for name in list(names)[:12]) or "none"
    if column is None:
        raise InputError(f"{what} must be one column, got a {kind} of the columns {listed}")
    fitting = [i for i, name in enumerate(names) if str(name).strip().casefold() == column]
    if len(fitting) != 1:
        fault = "has not" if not fitting else "has it twice"
        raise InputError(
            f"{what} must be a list or a frame with the column {column}, and this {kind} {fault}: its "
            f"columns are {listed}; codes are given as an array, by to_numpy()"
        )
    values = batch.iloc[:, fitting[0]] if hasattr(batch, "iloc") else batch[names[fitting[0]]]
    return _of_frame(values, what, column)


def _present(items: list[Any], what: str, column: str | None) -> list[Any]:
    """Items, none of them missing where they are architectures."""
    if column is not None:
        for i, item in enumerate(items):
            if type(item).__name__ in _MISSING or (isinstance(item, float) and item != item):
                raise InputError(f"{what} must be there, got a missing entry", item=i)
    return items


def _plain(item: Any) -> Any:
    """An item of another library as Python's own; everything else as it is."""
    library = library_of(item)
    if not library or (library == "torch" and not hasattr(item, "tolist")):
        return item
    read = next((getattr(item, name) for name in (*_LISTS, "as_py") if hasattr(item, name)), None)
    return item if read is None else read()


def _as_array(batch: Any, what: str) -> np.ndarray[Any, Any]:
    """A tensor as an array."""
    try:
        if library_of(batch) == "torch":
            batch = batch.detach().cpu()
        return np.asarray(batch)
    except Exception as error:  # what other libraries raise for kinds and places of memory
        why = str(error).partition("\n")[0]
        raise InputError(f"{what} must be a list or an array, got {shorten(batch)}: {why}") from error


def _is_one(batch: Any) -> bool:
    """Whether something is one architecture, file or network in the place of a batch."""
    one = isinstance(batch, str | bytes | bytearray | memoryview | Mapping | PathLike | Network | tuple)
    if one or hasattr(batch, "SerializeToString"):
        return True
    return bool(library_of(batch)) and not hasattr(batch, "__array__")
