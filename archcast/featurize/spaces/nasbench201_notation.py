"""The text of NAS-Bench-201 cells: `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`, read and written.

A cell's number is its codes read in base 5, first edge first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Arch, Codes, Ints
from archcast.core.errors import ParseError, shorten
from archcast.featurize.spaces.checks import MAX_TEXT

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
NONE, SKIP = 0, 1
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
_AFTER = ("~0|+|", "~0|", "~1|+|", "~0|", "~1|", "~2|")
"""What follows each operation in the notation, which opens with a bar."""


def parse_slowly(item: Arch, i: int) -> int:
    """Number of one cell, or a ParseError that says where its text goes wrong."""
    if not isinstance(item, str):
        raise ParseError(
            f"nasbench201 architecture must be a string like {all_texts()[0]!r}, got {shorten(item)}",
            item=i,
        )
    if len(item) > MAX_TEXT:
        raise ParseError(
            f"nasbench201 architecture must be at most {MAX_TEXT} characters, got {len(item)}",
            item=i,
        )
    position, number = _expect(item, "|", 0, i), 0
    for (u, v), after in zip(EDGES, _AFTER, strict=True):
        name = item[position:].partition("~")[0]
        if name not in OPERATIONS:
            raise ParseError(
                f"nasbench201 operation on edge {u}-{v} must be one of {', '.join(OPERATIONS)}, "
                f"got {shorten(name)} at character {position}",
                item=i,
                position=position,
            )
        position = _expect(item, after, position + len(name), i)
        number = number * len(OPERATIONS) + OPERATIONS.index(name)
    if position != len(item):
        raise ParseError(
            f"nasbench201 architecture must end after its sixth edge, got more at character {position}",
            item=i,
            position=position,
        )
    return number


def _expect(text: str, wanted: str, position: int, item: int) -> int:
    """Position after `wanted`, or a ParseError when the text does not go on with it."""
    if not text.startswith(wanted, position):
        raise ParseError(
            f"nasbench201 architecture must go on with {wanted!r} at character {position}, "
            f"got {shorten(text[position : position + 24])}",
            item=item,
            position=position,
        )
    return position + len(wanted)


@lru_cache(maxsize=1)
def all_codes() -> Codes:
    """(15,625, 6) codes of all cells by number; not to be written to."""
    codes = np.stack(np.unravel_index(np.arange(5**6), (5,) * 6), axis=1).astype(np.int8)
    codes.setflags(write=False)
    return codes


@lru_cache(maxsize=1)
def all_texts() -> tuple[str, ...]:
    """Texts of all cells by number."""
    o = OPERATIONS
    return tuple(
        f"|{o[a]}~0|+|{o[b]}~0|{o[c]}~1|+|{o[d]}~0|{o[e]}~1|{o[f]}~2|"
        for a, b, c, d, e, f in all_codes().tolist()
    )


@lru_cache(maxsize=1)
def numbers_by_index() -> Ints:
    """(15,625,): the benchmark drew its order at random, so it is kept as data (uint16, 31 kB)."""
    path = files("archcast.featurize.spaces") / "nasbench201_index.bin"
    return np.frombuffer(path.read_bytes(), dtype="<u2").astype(np.int64)


@lru_cache(maxsize=1)
def _number_bytes() -> dict[str, bytes]:
    """Number of every cell's text as two bytes, to be joined for a batch."""
    return {text: np.uint16(number).tobytes() for number, text in enumerate(all_texts())}


def numbers_of_texts(items: Sequence[Arch]) -> NDArray[np.uint16] | None:
    """Numbers of a list of cells' texts; None when any item is anything else.

    Shapes:
        output: (n,)
    """
    known = _number_bytes()
    try:
        packed = known[items[0]] if len(items) == 1 else b"".join(itemgetter(*items)(known))
    except (KeyError, TypeError):
        return None
    return np.frombuffer(packed, dtype=np.uint16)
