"""What is likely wrong with measured accuracies: fractions for per cent, all or some, and repeats apart."""

from __future__ import annotations

import numpy as np

from archcast.core.arrays import Doubles, Ints
from archcast.core.doubts import Doubt
from archcast.core.units import accuracy_question
from archcast.predictors.doubts.costs import repeats_apart


def doubts_of_accuracies(values: Doubles, groups: Ints | None = None) -> list[Doubt]:
    """What is likely wrong; empty where nothing is.

    Some are likely fractions where a hundred times as much lies among the others; chance may be near 1 %,
    and a hundred times that lies above them.

    Shapes:
        values: (n,), in per cent; NaN is passed over
        groups: (n,), which network each is of, dense from 0; None where each is of its own

    Raises:
        InputError: one is outside 0 to 100; names the item.
    """
    question = accuracy_question(values)
    apart = [] if groups is None else list(repeats_apart("accuracy", values, groups))
    if question:
        return [*apart, Doubt("fraction", (), question)]
    there = np.isfinite(values)
    small = there & (values <= 1)
    others = values[there & (values > 1)]
    among = (
        small & (100 * values >= others.min(initial=np.inf)) & (100 * values <= others.max(initial=-np.inf))
    )
    items = tuple(np.flatnonzero(among).tolist())
    if not items:
        return apart
    text = f"accuracy is at most 1 % in {len(items)} of {int(there.sum())}: are they fractions?"
    return [*apart, Doubt("fraction", items, text)]
