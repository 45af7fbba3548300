"""Members to build next, so that each of them shows as many rows as it can that were not seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archcast.core.arrays import Codes, Ints
from archcast.predictors.networks.members.dependence import Dependence, Position


class Cover:
    """Rows that are to be seen.

    Args:
        places: with the rows that they lack.
        cardinalities: number of values of each decision.
    """

    def __init__(self, places: Sequence[Position], cardinalities: Sequence[int]) -> None:
        self._cardinalities = tuple(cardinalities)
        alike: dict[tuple[bytes, ...], tuple[Dependence, set[int]]] = {}
        for place in places:
            if len(missing := place.missing):
                own = alike.setdefault(place.dependence.key, (place.dependence, set()))
                own[1].update(missing.tolist())
        self._wanted = [(dependence, np.array(sorted(rows))) for dependence, rows in alike.values()]

    @property
    def rows(self) -> int:
        """Rows that the place which lacks most of them lacks: no fewer members show them all."""
        return max((len(rows) for _, rows in self._wanted), default=0)

    def member(self, rng: np.random.Generator) -> Codes:
        """Codes of a member, (k,), whose rows are not wanted any more."""
        code = np.full(len(self._cardinalities), -1, dtype=np.int64)
        order = sorted(range(len(self._wanted)), key=lambda i: (-len(self._wanted[i][1]), rng.random()))
        for i in order:
            dependence, rows = self._wanted[i]
            if len(rows):
                self._wanted[i] = dependence, self._fitted(code, dependence, rows, rng)
        free = code < 0
        code[free] = rng.integers(0, self._cardinalities)[free]
        made: Codes = code.astype(np.int8)
        return made

    def _fitted(self, code: Ints, dependence: Dependence, rows: Ints, rng: np.random.Generator) -> Ints:
        """Write one of the rows into a member where its other decisions let it; the rows that are left."""
        classes = dependence.classes_of(rows)
        fits = np.ones(len(rows), dtype=bool)
        for place, decision in enumerate(dependence.decisions):
            if code[decision] >= 0:
                fits &= classes[:, place] == dependence.classes[decision][code[decision]]
        candidates = np.flatnonzero(fits)
        if not len(candidates):
            return rows
        chosen = int(candidates[rng.integers(len(candidates))])
        for place, decision in enumerate(dependence.decisions):
            if code[decision] < 0:
                values = np.flatnonzero(dependence.classes[decision] == classes[chosen, place])
                code[decision] = values[rng.integers(len(values))]
        left: Ints = np.delete(rows, chosen)
        return left
