"""Checks of what users give as architectures; each says which item is wrong, where, and what is allowed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Arch, Codes
from archcast.core.batches import items_of
from archcast.core.errors import InputError, ParseError, shorten

MAX_TEXT = 20_000
"""Longest text of one architecture; anything longer is refused before it is read."""


def check_batch(batch: Any) -> Any:
    """The batch as a non-empty list of architectures or array of numbers, whatever it comes in.

    Raises:
        InputError: it is empty, or none; see `archcast.core.batches.items_of`.
    """
    items = batch if type(batch) is np.ndarray and batch.dtype.kind in "iu" else items_of(batch)
    if len(items) == 0:
        raise InputError("arch_batch must hold at least one architecture, got none")
    return items


def from_json(text: str, item: int) -> Arch:
    """The list or dict that `text` is the JSON of; raise ParseError with the position."""
    if len(text) > MAX_TEXT:
        raise ParseError(
            f"architecture must be text of at most {MAX_TEXT} characters, got {len(text)}",
            item=item,
        )
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also an integer of too many digits
        position = getattr(error, "pos", 0)
        raise ParseError(
            f"architecture must be JSON, got {shorten(text)}, wrong at character {position}",
            item=item,
            position=position,
        ) from None


def check_integer(value: Any, *, choices: Sequence[int], what: str, item: int, position: Any) -> int:
    """`value` if it is an integer among `choices`, else ParseError naming item, position, choices."""
    if not isinstance(value, bool) and isinstance(value, int | np.integer) and int(value) in choices:
        return int(value)
    listed = ", ".join(map(str, choices))
    raise ParseError(f"{what} must be one of {listed}, got {shorten(value)}", item=item, position=position)


def check_choice(value: Any, choices: Sequence[Any], *, what: str, item: int, position: str) -> int:
    """Place of `value` among `choices`, else ParseError naming item, position, choices; True is not 1."""
    for place, choice in enumerate(choices):
        if isinstance(value, bool) == isinstance(choice, bool) and value == choice:
            return place
    listed = ", ".join(map(str, choices))
    raise ParseError(f"{what} must be one of {listed}, got {shorten(value)}", item=item, position=position)


def check_keys(
    item: Any, expected: Sequence[str], *, space: str, index: int, optional: Sequence[str] = ()
) -> dict[str, Any]:
    """`item` if it is a dict of exactly the expected keys, else ParseError naming key and choices."""
    listed = ", ".join(expected)
    if not isinstance(item, dict):
        raise ParseError(
            f"{space} architecture must be a dict with the keys {listed}, got {shorten(item)}",
            item=index,
        )
    missing = [key for key in expected if key not in item]
    unknown = [key for key in item if key not in expected and key not in optional]
    if missing or unknown:
        key = missing[0] if missing else unknown[0]
        fault = f"without {key!r}" if missing else f"with the unknown key {shorten(key)}"
        raise ParseError(
            f"{space} architecture must have exactly the keys {listed}, got one {fault}",
            item=index,
            position=key if isinstance(key, str) else shorten(key),
        )
    return item


def check_integers(
    value: Any, length: int, *, what: str, item: int, position: str | None = None
) -> list[Any]:
    """`value` as a list if it is a list, tuple or one-dimensional array of `length` entries."""
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = value.tolist()
    if not isinstance(value, list | tuple) or len(value) != length:
        got = f"{len(value)} entries" if isinstance(value, list | tuple) else shorten(value)
        raise ParseError(f"{what} must be {length} integers, got {got}", item=item, position=position)
    return list(value)


def small_integers(rows: Sequence[Any], length: int) -> NDArray[np.uint8] | None:
    """Rows of plain integers from 0 to 255 as an array; None when any row is anything else.

    The quick way through a large batch: the caller looks for the mistake when it gets None.

    Shapes:
        output: (n, length)
    """
    if not {list, tuple}.issuperset(map(type, rows)) or set(map(len, rows)) != {length}:
        return None
    if set(map(type, chain.from_iterable(rows))) != {int}:
        return None
    try:
        flat = b"".join(map(bytes, rows))
    except ValueError:
        return None
    return np.frombuffer(flat, dtype=np.uint8).reshape(-1, length)


def code_table(choices: Sequence[Sequence[int]]) -> Codes:
    """What reads `small_integers`: decision and value -> code; -1 where there is no such choice.

    Shapes:
        output: (decisions, 256)
    """
    table = np.full((len(choices), 256), -1, dtype=np.int8)
    for row, values in zip(table, choices, strict=True):
        row[list(values)] = range(len(values))
    return table


def is_codes(batch: Any) -> bool:
    """Whether a batch is an array of numbers, to be read as codes, instead of architectures."""
    return isinstance(batch, np.ndarray) and batch.dtype.kind not in "OUST"
