"""Where `measured.search_measured` looks for answers and proposals: in a list, or in a space by evolution.

| symbol | meaning |
|---|---|
| n, k | architectures, decisions |
| y | (n,) the goal |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from archcast.core.arrays import Bools, Codes, Doubles
from archcast.featurize.spaces import Space
from archcast.search.loop.goals import Limit
from archcast.search.loop.prepare import keeps_limits
from archcast.search.loop.run import search
from archcast.search.loop.sources import Source, coverage_of
from archcast.serving import LoadedPredictor

_TINY = 1e-9


@dataclass(frozen=True)
class Belief:
    """What goal and adapted predictor say of some architectures.

    Attributes:
        hold: probability with which a limit is to be kept.

    Shapes:
        y: (n,); mean, low, high: (n,), the prediction and what is below and above with probability `hold`
    """

    y: Doubles
    mean: Doubles
    low: Doubles
    high: Doubles
    hold: float

    @classmethod
    def of(cls, y: Doubles, codes: Codes, predictor: LoadedPredictor, hold: float) -> Belief:
        """Of codes (n, k), of which y is known."""
        values = predictor.predict_codes(codes)
        low, high = predictor.interval_codes(codes, coverage_of(hold), predicted=values)
        return cls(y, values.astype(np.float64), low.astype(np.float64), high.astype(np.float64), hold)

    def kept(self, limit: Limit) -> Bools:
        """Which keep the limit with probability `hold`."""
        return self.high <= limit.value if limit.upper else self.low >= limit.value

    def probability(self, limit: Limit) -> Doubles:
        """(n,): probability that each keeps the limit, of a normal distribution of logarithms."""
        from scipy.special import ndtr, ndtri

        deviation = np.log(self.high / self.low) / (2 * ndtri(self.hold))
        z = np.log(limit.value / self.mean) / np.maximum(deviation, _TINY)
        share: Doubles = ndtr(z)
        return share if limit.upper else 1.0 - share


Tried = set[bytes]
Merit = Callable[[Belief], Doubles]


class Domain(Protocol):
    """Where answers may come from."""

    def learn(self, predictor: LoadedPredictor, hold: float) -> None:
        """Take what is believed from now on."""

    def allows(self, codes: Codes) -> Bools:
        """Which of some architectures may be answers, (n,)."""

    def held(self, limit: Limit, tried: Tried) -> Codes | None:
        """(1, k): the best of what is held within the limit and was not measured; None where nothing is."""

    def greatest(self, merit: Merit, tried: Tried, begin: Codes | None) -> Codes | None:
        """(1, k): what was not measured and has the greatest merit above 0; None where nothing has."""


class Listed:
    """Candidates, one and all."""

    def __init__(self, goal: Source, codes: Codes) -> None:
        self._codes, self._y = codes, goal.mean(codes)
        self._keys = [bytes(row) for row in codes]
        self._known = set(self._keys)

    def learn(self, predictor: LoadedPredictor, hold: float) -> None:
        self._belief = Belief.of(self._y, self._codes, predictor, hold)

    def allows(self, codes: Codes) -> Bools:
        return _among(map(bytes, codes), self._known)

    def held(self, limit: Limit, tried: Tried) -> Codes | None:
        return self._best(np.where(self._belief.kept(limit), self._y, -np.inf), tried, least=-np.inf)

    def greatest(self, merit: Merit, tried: Tried, begin: Codes | None) -> Codes | None:
        del begin
        return self._best(merit(self._belief), tried, least=_TINY)

    def _best(self, merit: Doubles, tried: Tried, *, least: float) -> Codes | None:
        merit = np.where(_among(self._keys, tried), -np.inf, merit)
        best = int(merit.argmax())
        return self._codes[[best]] if merit[best] > least else None


class Evolved:
    """A space, by regularised evolution.

    Args:
        sizes: limits of networks' sizes that every answer and proposal keeps.
    """

    def __init__(
        self, space: Space, goal: Source, evaluations: int, seed: int, sizes: Sequence[Limit] = ()
    ) -> None:
        self._sizes = list(sizes)
        self._space, self._goal, self._evaluations, self._seed = space, goal, evaluations, seed

    def learn(self, predictor: LoadedPredictor, hold: float) -> None:
        self._predictor, self._hold = predictor, hold

    def allows(self, codes: Codes) -> Bools:
        return keeps_limits(self._space, self._sizes, codes)

    def held(self, limit: Limit, tried: Tried) -> Codes | None:
        def unmeasured(codes: Codes) -> Doubles:
            y = self._goal.mean(codes)
            return np.where(_among(map(bytes, codes), tried), min(y.min(), 0.0) - 1.0, y)

        searched = search(
            self._space.name,
            maximize="accuracy",
            score=unmeasured,
            score_takes="codes",
            limits=[limit, *self._sizes],
            predictors={limit.quantity.text: self._predictor},
            hold=self._hold,
            method="evolution",
            evaluations=self._evaluations,
            seed=self._seed,
        )
        rows = [row for row in searched.front_rows if bytes(searched.codes[row]) not in tried]
        return searched.codes[rows[:1]] if rows else None

    def greatest(self, merit: Merit, tried: Tried, begin: Codes | None) -> Codes | None:
        def value(codes: Codes) -> Doubles:
            merits = merit(Belief.of(self._goal.mean(codes), codes, self._predictor, self._hold))
            return np.where(_among(map(bytes, codes), tried), np.minimum(merits, 0.0), merits)

        searched = search(
            self._space.name,
            maximize="accuracy",
            score=value,
            score_takes="codes",
            limits=self._sizes,
            method="evolution",
            evaluations=self._evaluations,
            seed=self._seed,
            start=begin,
        )
        rows = searched.front_rows[:1]
        return searched.codes[rows] if len(rows) and searched.values[rows[0], 0] > _TINY else None


def _among(keys: Iterable[bytes], known: Tried) -> Bools:
    return np.array([key in known for key in keys], dtype=bool)
