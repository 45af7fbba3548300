"""Reading skipnet's notation, `{"depth": [5, 8, 3], "width": [8, 20, 48], "skips": [2, 0, 1]}`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archcast.core.arrays import Arch, Codes
from archcast.featurize.spaces.checks import (
    check_integer,
    check_integers,
    check_keys,
    code_table,
    small_integers,
)

N_CELLS = 3
KEYS = ("depth", "width", "skips")
DEPTHS = tuple(range(3, 13))
WIDTHS = (tuple(range(4, 21)), tuple(range(8, 41)), tuple(range(16, 81, 2)))
"""Of each cell."""
SKIPS = tuple(range(6))
COLUMNS = tuple(f"{key}_{c}" for key in KEYS for c in range(N_CELLS))
CHOICES: tuple[tuple[int, ...], ...] = (*[DEPTHS] * N_CELLS, *WIDTHS, *[SKIPS] * N_CELLS)
"""Values of each column: depths of the three cells, then their widths, then their skips."""


def parse_items(items: Sequence[Arch]) -> Codes:
    """Codes of a batch.

    Shapes:
        output: (n, 9)

    Raises:
        ParseError: names the item and the key, and the entry in it.
    """
    codes = _parse_plain(items)
    if codes is None:
        codes = np.array([_parse_slowly(item, i) for i, item in enumerate(items)], dtype=np.int8)
    return codes


def _parse_plain(items: Sequence[Arch]) -> Codes | None:
    """Codes of a batch of correct plain dicts of plain integers, or None."""
    if set(map(type, items)) != {dict} or any(item.keys() != set(KEYS) for item in items):
        return None
    lists = [small_integers([item[key] for item in items], N_CELLS) for key in KEYS]
    if any(values is None for values in lists):
        return None
    values = np.concatenate([v for v in lists if v is not None], axis=1)
    codes = _CODE_OF[np.arange(len(CHOICES)), values]
    return None if codes.min() < 0 else codes


def _parse_slowly(item: Arch, i: int) -> list[int]:
    """Codes of one architecture, or a ParseError that says where it goes wrong."""
    values = check_keys(item, KEYS, space="skipnet", index=i)
    given = [
        (f"{key}[{c}]", value)
        for key in KEYS
        for c, value in enumerate(
            check_integers(values[key], N_CELLS, what=f"skipnet {key}", item=i, position=key)
        )
    ]
    codes = []
    for (position, value), choices in zip(given, CHOICES, strict=True):
        checked = check_integer(value, choices=choices, what=f"skipnet {position}", item=i, position=position)
        codes.append(choices.index(checked))
    return codes


_CODE_OF = code_table(CHOICES)
