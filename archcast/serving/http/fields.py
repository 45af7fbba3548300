"""The fields of a request's body, checked by hand: a long list is walked through once, by the parser."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pydantic_core
from numpy.typing import NDArray

from archcast.core.errors import shorten
from archcast.serving.http.errors import MalformedError


def read_object(body: bytes, known: Sequence[str] | None = None) -> dict[str, Any]:
    """The JSON object of a body, with no other keys than those known, where they are told.

    Nesting deeper than 200 is refused.
    """
    try:
        value = pydantic_core.from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedError(_unread(body) or f"the body must be JSON: {error}") from None
    return only(value, known, "the body")


def _unread(body: bytes) -> str:
    """Which value is NaN or infinite, which JSON has not; empty where the body has another fault."""
    try:
        place, value = next(_not_finite(pydantic_core.from_json(body), ""), ("", 0.0))
    except ValueError:
        return ""
    said = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return f"{place or 'the body'} must be a number that JSON has, got {said}"


def _not_finite(value: Any, place: str) -> Iterator[tuple[str, float]]:
    """Numbers that are not finite, with the keys that lead to them."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _not_finite(entry, f"{place}.{key}" if place else shorten(key).strip("'"))
    elif isinstance(value, list):
        for item, entry in enumerate(value):
            yield from _not_finite(entry, f"{place}[{item}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield place, value


def only(value: Any, known: Sequence[str] | None, what: str) -> dict[str, Any]:
    """`value` when it is an object with no other keys than those known; None takes any."""
    if not isinstance(value, dict):
        raise MalformedError(f"{what} must be a JSON object, got {shorten(value)}")
    for key in value:
        if known is not None and key not in known:
            raise MalformedError(f"{what} must have only the keys {', '.join(known)}; got {shorten(key)}")
    return value


def text(body: Mapping[str, Any], key: str, default: str | None = None) -> str | None:
    """A string, or the default where there is none."""
    value = body.get(key)
    if value is None:
        return default
    if not isinstance(value, str):
        raise MalformedError(f"{key} must be a string, got {shorten(value)}")
    return value


def number(body: Mapping[str, Any], key: str) -> float | None:
    """A number, or None where there is none."""
    value = body.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedError(f"{key} must be a number, got {shorten(value)}")
    return float(value) if abs(value) < 1e300 else float("inf")


def whole(body: Mapping[str, Any], key: str) -> int | None:
    """A whole number, or None where there is none."""
    value = body.get(key)
    if value is not None and type(value) is not int:
        raise MalformedError(f"{key} must be a whole number, got {shorten(value)}")
    return value


def flag(body: Mapping[str, Any], key: str) -> bool:
    """True or false; false where neither is said."""
    value = body.get(key)
    if value is not None and not isinstance(value, bool):
        raise MalformedError(f"{key} must be true or false, got {shorten(value)}")
    return bool(value)


def items(value: Any, what: str) -> list[Any]:
    """A list."""
    if not isinstance(value, list):
        raise MalformedError(f"{what} must be a list, got {shorten(value)}")
    return value


def integers(value: Any, what: str, columns: int | None = None) -> NDArray[np.int64]:
    """Rows of whole numbers as an array.

    Args:
        columns: length of the rows, where they may come as one flat list.

    Shapes:
        output: (n, columns)
    """
    rows = items(value, what)
    if columns is not None and rows and not isinstance(rows[0], list):
        if len(rows) % columns:
            raise MalformedError(f"{what} must be rows of {columns} integers, got {len(rows)} in all")
        flat = rows
    else:
        flat, columns = _flat(rows, what)
    if {int}.issuperset(map(type, flat)):
        try:
            return np.array(flat, dtype=np.int64).reshape(-1, columns or 1)
        except OverflowError:
            pass
    raise MalformedError(f"{what} must be small integers, got others")


def _flat(rows: list[Any], what: str) -> tuple[list[Any], int]:
    lengths = {len(row) if isinstance(row, list) else -1 for row in rows}
    if len(lengths) > 1 or -1 in lengths:
        raise MalformedError(f"{what} must be lists of integers, all of the same length")
    return list(chain.from_iterable(rows)), max(lengths, default=0)
