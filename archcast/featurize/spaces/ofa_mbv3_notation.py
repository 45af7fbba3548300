"""Reading Once-for-All's notation, `{"ks": [20], "e": [20], "d": [5], "r": 224}`."""

from __future__ import annotations

from collections.abc import Sequence
from operator import getitem, itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Arch, Bools, Codes
from archcast.core.errors import ParseError, shorten
from archcast.featurize.spaces.checks import (
    check_integer,
    check_integers,
    check_keys,
    code_table,
    small_integers,
)

N_STAGES, POSITIONS = 5, 4
N_POSITIONS = N_STAGES * POSITIONS
KERNELS, EXPANSIONS, DEPTHS = (3, 5, 7), (3, 4, 6), (2, 3, 4)
RESOLUTIONS = tuple(range(128, 225, 4))
KEYS = ("ks", "e", "d", "r")
_CODE_OF = code_table((KERNELS, EXPANSIONS, DEPTHS, RESOLUTIONS))


def used_positions(depth_codes: NDArray[np.int8]) -> Bools:
    """Positions that a stage of the given depth uses.

    Shapes:
        depth_codes: (n, 5); output: (n, 20)
    """
    position = np.arange(POSITIONS)
    used: Bools = position < depth_codes[:, :, None] + DEPTHS[0]
    return used.reshape(-1, N_POSITIONS)


def parse_items(items: Sequence[Arch]) -> Codes:
    """Codes of a batch; entries of unused positions are read as 0.

    Shapes:
        output: (n, 46)

    Raises:
        ParseError: names the item and the key, and the entry in it.
    """
    codes = _parse_plain(items)
    if codes is None:
        rows = [_parse_slowly(item, i) for i, item in enumerate(items)]
        codes = np.array(rows, dtype=np.int8)
    return codes


def _parse_plain(items: Sequence[Arch]) -> Codes | None:
    """Codes of a batch of correct plain dicts of plain integers, or None."""
    if set(map(type, items)) != {dict}:
        return None
    if set(map(len, items)) != {len(KEYS)} and not all(map(_has_width_alone, items)):
        return None
    try:
        *columns, resolutions = [list(map(itemgetter(key), items)) for key in KEYS]
    except KeyError:
        return None
    if list not in map(type, resolutions):
        resolutions = list(zip(resolutions, strict=True))
    values = list(map(small_integers, (*columns, resolutions), (N_POSITIONS, N_POSITIONS, N_STAGES, 1)))
    if type(None) in map(type, values):
        return None
    ks, e, d, r = map(getitem, _CODE_OF, values)
    if d.min() < 0 or r.min() < 0:
        return None
    used = used_positions(d)
    if (used & ((ks < 0) | (e < 0))).any():
        return None
    chosen = np.concatenate([np.where(used, ks + 1, 0), np.where(used, e + 1, 0)], axis=1)
    codes: Codes = np.concatenate([chosen, d, r], axis=1)
    return codes


def _has_width_alone(item: dict[Any, Any]) -> bool:
    """Whether a dict has no more than its keys, or one more that says the width."""
    return len(item) == len(KEYS) or (len(item) == len(KEYS) + 1 and _is_width(item.get("wid", 0)))


def _parse_slowly(item: Arch, i: int) -> list[int]:
    """Codes of one architecture, or a ParseError that says where it goes wrong."""
    values = check_keys(item, KEYS, space="ofa_mbv3", index=i, optional=("wid",))
    if not _is_width(values.get("wid")):
        raise ParseError(
            f"ofa_mbv3 wid must be 1.0 or None, as only that width is modelled, got {shorten(values['wid'])}",
            item=i,
            position="wid",
        )
    depths = [
        DEPTHS.index(_choice(value, DEPTHS, f"d[{s}]", i))
        for s, value in enumerate(_entries(values["d"], N_STAGES, "d", i))
    ]
    used = used_positions(np.array([depths], dtype=np.int8))[0].tolist()
    codes: list[int] = []
    for key, choices in (("ks", KERNELS), ("e", EXPANSIONS)):
        for p, value in enumerate(_entries(values[key], N_POSITIONS, key, i)):
            codes.append(_position_code(value, choices, f"{key}[{p}]", i, used=used[p]))
    resolution = values["r"]
    if isinstance(resolution, list | tuple | np.ndarray):
        resolution = check_integers(resolution, 1, what="ofa_mbv3 r", item=i, position="r")[0]
    return [*codes, *depths, RESOLUTIONS.index(_choice(resolution, RESOLUTIONS, "r", i))]


def _is_width(value: object) -> bool:
    """Whether a width is the one of the networks that are modelled, or not said."""
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and value == 1)


def _entries(value: object, length: int, key: str, i: int) -> list[Any]:
    return check_integers(value, length, what=f"ofa_mbv3 {key}", item=i, position=key)


def _choice(value: object, choices: Sequence[int], position: str, i: int) -> int:
    what = f"ofa_mbv3 {position}"
    return check_integer(value, choices=choices, what=what, item=i, position=position)


def _position_code(value: object, choices: tuple[int, ...], position: str, i: int, *, used: bool) -> int:
    if used:
        return choices.index(_choice(value, choices, position, i)) + 1
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | np.integer)):
        raise ParseError(
            f"ofa_mbv3 {position} must be an integer or None, although it is unused, got {shorten(value)}",
            item=i,
            position=position,
        )
    return 0
