"""A bounded memory of rows that were computed before, found by number."""

from __future__ import annotations

import threading

import numpy as np

from archcast.core.arrays import Bools, Floats, Ints

_BITS = 18
_MULTIPLIERS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)
"""Odd, with bits that look random: high bits of a product are the place (Knuth, TAOCP 3, 6.4)."""


class Seen:
    """Tables of rows by key: what was computed once is found again, as long as there was room for it.

    A key has two places. Readers take no lock: rows are written before their key, and neither ever changes.
    One writer at a time keeps what it made; nobody waits for it, so a fork in its midst holds up no one.

    Args:
        tables: room for the rows, each (rows, width); the last row of each is the caller's.
    """

    def __init__(self, *tables: Floats) -> None:
        self.tables = tables
        self.count = 0
        self._room = len(tables[0]) - 1
        self._keys = np.full(1 << _BITS, -1, dtype=np.int64)
        self._rows = np.zeros(1 << _BITS, dtype=np.int32)
        self._writing = threading.Lock()

    def find(self, keys: Ints) -> tuple[Ints, Bools]:
        """The row of each key, and whether it has one.

        Shapes:
            keys: (N,), 0 or more; output: (N,) and (N,)
        """
        place = _places(keys, 0)
        found: Bools = self._keys.take(place) == keys
        rows = self._rows.take(place).astype(np.int64)
        others = np.flatnonzero(~found)
        if len(others):
            place = _places(keys[others], 1)
            found[others] = self._keys.take(place) == keys[others]
            rows[others] = self._rows.take(place)
        return rows, found

    def keep(self, keys: Ints, *rows: Floats) -> None:
        """Remember rows of distinct keys that were not found, those that there is room for.

        Shapes:
            keys: (D,); rows: (D, width) for each table
        """
        if self.count == self._room or not self._writing.acquire(blocking=False):
            return
        try:
            for which in range(len(_MULTIPLIERS)):
                keys, rows = self._keep(keys, rows, which)
        finally:
            self._writing.release()

    def _keep(self, keys: Ints, rows: tuple[Floats, ...], which: int) -> tuple[Ints, tuple[Floats, ...]]:
        """Fill free places of one kind; what is left over."""
        place = _places(keys, which)
        _, first = np.unique(place, return_index=True)
        chosen = first[self._keys[place[first]] < 0][: self._room - self.count]
        start, end = self.count, self.count + len(chosen)
        self.count = end  # before anything is kept: what a fork cuts short is lost, not written over
        for table, own in zip(self.tables, rows, strict=True):
            table[start:end] = own[chosen]
        self._rows[place[chosen]] = np.arange(start, end)
        self._keys[place[chosen]] = keys[chosen]
        left = np.ones(len(keys), dtype=bool)
        left[chosen] = False
        return keys[left], tuple(own[left] for own in rows)


def _places(keys: Ints, which: int) -> Ints:
    product = keys.view(np.uint64) * np.uint64(_MULTIPLIERS[which])
    place: Ints = (product >> np.uint64(64 - _BITS)).astype(np.int64)
    return place
