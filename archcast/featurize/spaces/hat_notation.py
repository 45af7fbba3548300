"""Reading and writing HAT's notation, a dict of ten design features."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from math import isfinite
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from archcast.core.arrays import Arch, Codes
from archcast.core.errors import ParseError, shorten
from archcast.featurize.spaces.checks import check_keys

WIDTHS, ENCODER_DEPTH, DECODER_DEPTHS = (512, 640), 6, (1, 2, 3, 4, 5, 6)
COLUMNS = (
    "encoder_embed_dim",
    "encoder_layer_num",
    "encoder_ffn_embed_dim_avg",
    "encoder_self_attention_heads_avg",
    "decoder_embed_dim",
    "decoder_layer_num",
    "decoder_ffn_embed_dim_avg",
    "decoder_self_attention_heads_avg",
    "decoder_ende_attention_heads_avg",
    "decoder_arbitrary_ende_attn_avg",
)


class Mean(NamedTuple):
    """A feature that is a mean over layers.

    Attributes:
        unit: what a layer's values are multiples of.
        choices: a layer's values, in that unit.
    """

    unit: int
    choices: tuple[int, ...]

    @property
    def top(self) -> int:
        """Largest sum over layers, in the unit."""
        return max(self.choices) * max(DECODER_DEPTHS)


_FFN, _HEADS, _ATTENDED = Mean(512, (1, 2, 4, 6)), Mean(2, (1, 2, 4)), Mean(1, (1, 2, 3))
MEANS = {
    COLUMNS[2]: _FFN,
    COLUMNS[3]: _HEADS,
    COLUMNS[6]: _FFN,
    COLUMNS[7]: _HEADS,
    COLUMNS[8]: _HEADS,
    COLUMNS[9]: _ATTENDED,
}
_WHOLE = {
    COLUMNS[0]: WIDTHS,
    COLUMNS[1]: (ENCODER_DEPTH,),
    COLUMNS[4]: WIDTHS,
    COLUMNS[5]: DECODER_DEPTHS,
}
_ROUNDING = 0.005 + 1e-6
"""How far a mean may be off: it may have been rounded to two decimals."""
_PLAIN = {int, float, np.int64, np.float64}
_values_of = itemgetter(*COLUMNS)


@lru_cache(maxsize=32)
def sums(mean: Mean, layers: int) -> tuple[int, ...]:
    """Sums that so many layers can have, in the mean's unit, ascending."""
    reached = {0}
    for _ in range(layers):
        reached = {total + choice for total in reached for choice in mean.choices}
    return tuple(sorted(reached))


def format_row(row: list[int]) -> dict[str, int | float]:
    """The features of one row of codes, means exact."""
    depth = row[5] + 1
    arch: dict[str, int | float] = {}
    for column, code in zip(COLUMNS, row, strict=True):
        if column in MEANS:
            layers = ENCODER_DEPTH if column.startswith("encoder") else depth
            arch[column] = code * MEANS[column].unit / layers
        else:
            arch[column] = _WHOLE[column][code]
    return arch


def parse_items(items: Sequence[Arch]) -> Codes:
    """Codes of a batch; means may be rounded to two decimals.

    Shapes:
        output: (n, 10)

    Raises:
        ParseError: names the item and the feature.
    """
    codes = _parse_plain(items)
    if codes is None:
        rows = [_parse_slowly(item, i) for i, item in enumerate(items)]
        codes = np.array(rows, dtype=np.int8)
    return codes


def _parse_plain(items: Sequence[Arch]) -> Codes | None:
    """Codes of a batch of correct plain dicts of plain numbers, or None."""
    if set(map(type, items)) != {dict} or set(map(len, items)) != {len(COLUMNS)}:
        return None
    try:
        rows = list(map(_values_of, items))
        if not _PLAIN.issuperset(map(type, chain.from_iterable(rows))):
            return None
        values = np.array(rows, dtype=np.float64)
    except (KeyError, OverflowError):
        return None
    codes = np.empty(values.shape, dtype=np.int8)
    right = np.abs(values).max(axis=1) < 10_000  # False for NaN
    depth = np.where(right, values[:, 5], 0.0)
    right &= (depth >= 1) & (depth <= 6) & (depth % 1 == 0)
    if not right.all():
        return None
    for i, column in enumerate(COLUMNS):
        choices = _WHOLE.get(column)
        if choices is not None:
            equal = values[:, i, None] == np.array(choices)
            codes[:, i] = equal.argmax(axis=1)
            right &= equal.any(axis=1)
            continue
        mean = MEANS[column]
        layers = np.full(len(items), ENCODER_DEPTH) if i < 4 else depth
        total = np.rint(values[:, i] * layers / mean.unit)
        right &= np.abs(values[:, i] - total * mean.unit / layers) <= _ROUNDING
        right &= (total >= 0) & (total <= mean.top)
        codes[:, i] = np.where(right, total, 0.0)
        right &= _sum_table(mean)[layers.astype(np.int64), codes[:, i]]
    return codes if right.all() else None


@lru_cache(maxsize=8)
def _sum_table(mean: Mean) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """(7, top + 1): whether so many layers can have a sum."""
    table = np.zeros((max(DECODER_DEPTHS) + 1, mean.top + 1), dtype=bool)
    for layers in DECODER_DEPTHS:
        table[layers, list(sums(mean, layers))] = True
    return table


def _parse_slowly(item: Arch, i: int) -> list[int]:
    """Codes of one architecture, or a ParseError that names the feature at fault."""
    values = check_keys(item, COLUMNS, space="hat", index=i)
    whole = {column: _whole(values[column], column, i) for column in _WHOLE}
    codes = []
    for column in COLUMNS:
        if column in whole:
            codes.append(_WHOLE[column].index(whole[column]))
        else:
            layers = ENCODER_DEPTH if column.startswith("encoder") else whole[COLUMNS[5]]
            codes.append(_sum(values[column], column, layers, i))
    return codes


def _whole(value: object, column: str, i: int) -> int:
    choices = _WHOLE[column]
    if _is_number(value) and value in choices:
        return int(value)
    raise ParseError(
        f"hat {column} must be one of {', '.join(map(str, choices))}, got {shorten(value)}",
        item=i,
        position=column,
    )


def _sum(value: Any, column: str, layers: int, i: int) -> int:
    mean = MEANS[column]
    if _is_number(value) and abs(value) < 10_000:
        total = round(float(value) * layers / mean.unit)
        near = abs(float(value) - total * mean.unit / layers) <= _ROUNDING
        if near and total in sums(mean, layers):
            return total
    listed = ", ".join(str(mean.unit * choice) for choice in mean.choices)
    raise ParseError(
        f"hat {column} must be the mean over {layers} layers of values among {listed}, got {shorten(value)}",
        item=i,
        position=column,
    )


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    return not isinstance(value, float | np.floating) or isfinite(value)
