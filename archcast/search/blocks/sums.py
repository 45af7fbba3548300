"""Blocks forced in one place, by what changes in a sum of tables.

| symbol | meaning |
|---|---|
| n | networks |
| K | blocks that fit in the place |
| G | groups of decisions whose tables are summed, see `archcast.predictors.lowered.tables` |

A block writes a few columns, which few of the G groups read. The others are gathered and added once a place;
for each block there is one row more to gather a network.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from archcast.core import settings
from archcast.core.arrays import Codes, Floats
from archcast.featurize.spaces.places import Forced, Place
from archcast.predictors.lowered.batches import on_threads
from archcast.predictors.lowered.forms import SumForm
from archcast.predictors.lowered.tables import GroupedSum

_PART = 1024
"""Networks whose sums stay in the processor's cache."""


class ForcedSums:
    """Values of members with each block of a place written over them, of a form that is a sum of tables."""

    def __init__(self, form: SumForm) -> None:
        self._form = form

    def __call__(self, members: Codes, place: Place) -> Floats:
        """Values, on `ARCHCAST_THREADS` threads.

        Shapes:
            members: (n, k), in which the place's layer is there; output: (K, n)
        """
        out = np.empty((len(place.forced), len(members)), dtype=np.float32)
        threads = settings.threads()

        def work(share: int) -> None:
            for start in range(share * _PART, len(members), threads * _PART):
                part = slice(start, start + _PART)
                self._fill(out[:, part], members[part], place)

        on_threads(work, threads)
        return out

    def _fill(self, out: Floats, members: Codes, place: Place) -> None:
        form = self._form
        for columns in dict.fromkeys(forced.columns for forced in place.forced):
            cost = _Rest(form.cost, members, columns)
            hidden = None if form.hidden is None else _Rest(form.hidden, members, columns)
            for i, forced in enumerate(place.forced):
                if forced.columns == columns:
                    received = None if hidden is None else hidden.with_block(forced)
                    out[i] = form.linked(cost.with_block(forced), received)[:, 0]


class _Rest:
    """A sum but for the groups that read some columns, and where those groups' rows begin.

    Shapes:
        total: (n, d); rows: (touched, n), with the columns' codes taken as 0
    """

    def __init__(self, sums: GroupedSum, members: Codes, columns: tuple[int, ...]) -> None:
        chosen = list(columns)
        blank = members.copy()
        blank[:, chosen] = 0
        rows = sums.keys.rows(blank)
        touched = sums.keys.radix[:, chosen].any(axis=1)
        self._table, self._radix = sums.table, sums.keys.radix[touched][:, chosen].astype(np.int64)
        self.rows = rows[touched]
        others = rows[~touched]
        self.total: NDArray[Any] = np.zeros((len(members), sums.table.shape[1]), dtype=sums.table.dtype)
        for own in others:
            self.total += self._table.take(own, axis=0)

    def with_block(self, forced: Forced) -> NDArray[Any]:
        """The whole sum with a block in those columns, (n, d)."""
        shift = self._radix @ np.array(forced.codes, dtype=np.int64)
        out: NDArray[Any] = self._table.take(self.rows[0] + shift[0], axis=0)
        out += self.total
        for own, more in zip(self.rows[1:], shift[1:], strict=True):
            out += self._table.take(own + more, axis=0)
        return out
