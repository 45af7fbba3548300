"""What `measured.search_measured` has measured, and what it would measure next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from archcast.core.arrays import Arch, Codes, Doubles
from archcast.featurize.spaces import Space
from archcast.search.loop.goals import Limit
from archcast.search.loop.sources import Source
from archcast.search.measured.domain import Belief, Domain
from archcast.serving import LoadedPredictor


class Loop:
    """Measurements, and what was learned from them; see the table of `measured`.

    Attributes:
        codes, values: what was measured, in that order; NaN where it failed.
        predictor: adapted to it.
    """

    def __init__(
        self,
        space: Space,
        limits: Sequence[Limit],
        measure: Source,
        goal: Source,
        learn: Callable[[list[Arch], list[float]], LoadedPredictor],
        domain: Domain,
        hold: float,
    ) -> None:
        self._space, self._limits, self._measure, self._goal = space, limits, measure, goal
        self._learn, self._domain, self._hold = learn, domain, hold
        self.codes: Codes = np.empty((0, len(space.columns)), dtype=np.int8)
        self.values: Doubles = np.empty(0)
        self._y: Doubles = np.empty(0)

    def take(self, codes: Codes) -> None:
        """Measure and learn."""
        self.values = np.concatenate([self.values, self._measure.mean(codes)])
        self.codes = np.concatenate([self.codes, codes])
        self._y = np.concatenate([self._y, self._goal.mean(codes)])
        self._tried = {bytes(row) for row in self.codes}
        known = np.isfinite(self.values)
        self.predictor = self._learn(self._space.format(self.codes[known]), self.values[known].tolist())
        self._domain.learn(self.predictor, self._hold)

    def proposal(self) -> Codes | None:
        """(1, k): what to measure next; None where nothing gains and all answers were measured."""
        answers = [self.best(limit) for limit in self._limits]
        worst = float(self._y.min())  # of no use within a limit, and so what its first answer gains upon
        tops = [worst if code is None else float(self._goal.mean(code)[0]) for code, _ in answers]
        known = [code for code, _ in answers if code is not None]

        def gain(belief: Belief) -> Doubles:
            return _total_gain(belief, self._limits, tops)

        begin = np.concatenate(known) if known else None
        codes = self._domain.greatest(gain, self._tried, begin)
        if codes is not None:
            return codes
        return next((c for c, value in answers if c is not None and value is None), None)

    def best(self, limit: Limit) -> tuple[Codes | None, float | None]:
        """The best that was measured within the limit or is held within it, and its measurement."""
        inside = self.values <= limit.value if limit.upper else self.values >= limit.value
        kept = np.flatnonzero(inside & self._domain.allows(self.codes))
        held = self._domain.held(limit, self._tried)
        top = int(kept[self._y[kept].argmax()]) if len(kept) else None
        if top is None or (held is not None and self._goal.mean(held)[0] > self._y[top]):
            return held, None
        return self.codes[[top]], float(self.values[top])


def _total_gain(belief: Belief, limits: Sequence[Limit], tops: Sequence[float]) -> Doubles:
    """(n,): what each is expected to gain over the best answers; where none, by how much it falls short."""
    above = [belief.y - top for top in tops]
    chances = [belief.probability(limit) for limit in limits]
    gained: Doubles = np.sum([p * np.maximum(a, 0.0) for p, a in zip(chances, above, strict=True)], axis=0)
    gains: Doubles = np.where(gained > 0, gained, np.minimum(np.max(above, axis=0), 0.0))
    return gains
