"""A constrained search that measures what it proposes, and learns from it.

| symbol | meaning |
|---|---|
| n | measurements in all: references first, then proposals |
| y, y_best | predicted value of the goal; that of the best answer so far |
| p | probability that an architecture keeps the limit, by the adapted predictor |

Reference architectures are measured and a predictor is adapted to them. Then, one after another, the
architecture of the greatest expected gain p max(y - y_best, 0) is measured and the predictor adapted anew
(Gardner et al., Bayesian Optimization with Inequality Constraints, ICML 2014; with y taken as known). The
answer is the best of what was measured within the limit and of what the interval holds within it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from archcast.core.arrays import Arch, ArchBatch, Codes, Doubles
from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES, Space
from archcast.search.goals import Limit, parse_limit, parse_quantity, with_device
from archcast.search.prepare import check_whole
from archcast.search.run import search
from archcast.search.sources import Score, Scored, Source, source_of
from archcast.serving import LoadedPredictor, adapt, suggest

LEAST_REFERENCES = 3
_COVERAGE = 0.9
_TINY = 1e-9
Measure = Callable[[list[Arch]], Any]
Learn = Callable[[list[Arch], list[float]], LoadedPredictor]


@dataclass(frozen=True)
class Answer:
    """What was found, and what was measured for it.

    Attributes:
        arch: the answer; None where nothing was measured within the limit, and nothing is held within it.
        measured: its measurement; None where it was not measured itself.
        archs, values: everything that was measured, in that order.
        predictor: adapted to all of it.
    """

    arch: Arch | None
    measured: float | None
    archs: list[Arch]
    values: list[float]
    predictor: LoadedPredictor


def search_measured(
    space: str,
    measure: Measure,
    limit: str | Limit,
    *,
    maximize: str = "accuracy",
    predictor: LoadedPredictor | Score | None = None,
    measurements: int = 10,
    references: ArchBatch | int = 5,
    sources: Sequence[str] | None = None,
    learn: Learn | None = None,
    candidates: ArchBatch | None = None,
    evaluations: int = 2000,
    hold: float = 0.9,
    seed: int = 0,
) -> Answer:
    """The best architecture within a limit on a device that is measured as the search goes.

    Args:
        measure: measures architectures, one value each, in the metric's unit; called with all references,
            then with one proposal at a time.
        limit: such as `latency@my-board<=11`.
        maximize: the goal; `predictor` gives it, else what `archcast.load` gives.
        measurements: in all, references among them.
        references: how many `archcast.suggest` is to name, or the architectures themselves.
        sources: source devices that may teach, as `archcast.adapt`.
        learn: makes the predictor of what was measured; default `archcast.adapt`.
        candidates: the only architectures that may be the answer; None takes the whole space, searched by
            regularised evolution with `evaluations` a proposal.
        hold: coverage of the interval that holds an answer which was not measured.

    Raises:
        InputError: an argument that cannot be used, or a measurement that is not finite.
    """
    there, bound = SPACES[space], parse_limit(limit)
    if bound.quantity.device is None:
        raise InputError(f"limit must name its device, as in {bound.quantity.metric}@my-board")
    first = _references(there, references, bound.quantity.device, sources, seed)
    check_whole(measurements, "measurements", least=len(first))
    goal = with_device(parse_quantity(maximize), (), there.datasets[0])
    made = _Loop(
        there,
        bound,
        Scored(measure, there, "archs"),
        source_of(goal, there, predictor, takes="archs"),
        learn or _adapting(bound, space, sources, seed),
        None if candidates is None else there.parse(candidates),
        evaluations,
        hold,
        seed,
    )
    made.take(first)
    for _ in range(measurements - len(first)):
        proposed = made.proposal()
        if proposed is None:
            break
        made.take(proposed)
    return made.answer()


def _references(
    space: Space, given: ArchBatch | int, device: str, sources: Sequence[str] | None, seed: int
) -> Codes:
    """(n, k): what is measured first."""
    if isinstance(given, int):
        check_whole(given, "references", least=LEAST_REFERENCES)
        given = suggest(space.name, given, sources, seed=seed, device=device)
    return space.parse(given)


def _adapting(limit: Limit, space: str, sources: Sequence[str] | None, seed: int) -> Learn:
    device, metric = str(limit.quantity.device), limit.quantity.metric
    return lambda archs, values: adapt(archs, values, device, metric, space, sources, seed)


@dataclass
class _Loop:
    """What was measured, and the searches between measurements.

    Attributes:
        goal: gives y.
    """

    space: Space
    limit: Limit
    measure: Source
    goal: Source
    learn: Learn
    candidates: Codes | None
    evaluations: int
    hold: float
    seed: int

    def __post_init__(self) -> None:
        self.codes = np.empty((0, len(self.space.columns)), dtype=np.int8)
        self.values = np.empty(0)

    def take(self, codes: Codes) -> None:
        """Measure and learn."""
        values = self.measure.mean(codes)
        self.codes, self.values = np.concatenate([self.codes, codes]), np.concatenate([self.values, values])
        self.predictor = self.learn(self.space.format(self.codes), self.values.tolist())

    def proposal(self) -> Codes | None:
        """(1, k): the architecture of the greatest expected gain; None where none gains."""
        answer, _ = self._best()
        top = -np.inf if answer is None else float(self.goal.mean(answer)[0])
        tried = {bytes(row) for row in self.codes}

        def gain(codes: Codes) -> Doubles:
            y = self.goal.mean(codes)
            above = y - top if np.isfinite(top) else np.ones(len(y))
            gained = np.where(above > 0, self._probability(codes) * above, above)
            old = np.array([bytes(row) in tried for row in codes])
            return np.where(old, np.minimum(gained, 0.0), gained)

        found = search(
            self.space.name, maximize="accuracy", score=gain, score_takes="codes", **self._how(answer)
        )
        best = int(found.values[:, 0].argmax())
        return found.codes[[best]] if found.values[best, 0] > _TINY else None

    def answer(self) -> Answer:
        """The best so far, with all that was measured."""
        code, measured = self._best()
        arch = None if code is None else self.space.format(code)[0]
        archs = self.space.format(self.codes)
        return Answer(arch, measured, archs, self.values.tolist(), self.predictor)

    def _best(self) -> tuple[Codes | None, float | None]:
        """The best that was measured within the limit or is held within it, and its measurement."""
        inside = self.values <= self.limit.value if self.limit.upper else self.values >= self.limit.value
        if self.candidates is not None:
            allowed = {bytes(row) for row in self.candidates}
            inside &= np.array([bytes(row) in allowed for row in self.codes])
        kept, held = np.flatnonzero(inside), self._held()
        best = kept[[int(self.goal.mean(self.codes[kept]).argmax())]] if len(kept) else kept
        if held is None or (len(best) and self.goal.mean(self.codes[best]) >= self.goal.mean(held)):
            return (self.codes[best], float(self.values[best[0]])) if len(best) else (None, None)
        return held, None

    def _held(self) -> Codes | None:
        """(1, k): the best that is held within the limit; what was measured beyond it is left out."""
        tried = {bytes(row) for row in self.codes}

        def unmeasured(codes: Codes) -> Doubles:
            y = self.goal.mean(codes)
            return np.where([bytes(row) in tried for row in codes], min(y.min(), 0.0) - 1.0, y)

        found = search(
            self.space.name,
            maximize="accuracy",
            score=unmeasured,
            score_takes="codes",
            limits=[self.limit],
            predictors={self.limit.quantity.text: self.predictor},
            hold=self.hold,
            **self._how(None),
        )
        rows = [row for row in found.front_rows if bytes(found.codes[row]) not in tried]
        return found.codes[rows[:1]] if rows else None

    def _how(self, begin: Codes | None) -> dict[str, Any]:
        """Candidates one and all, or evolution over the space."""
        if self.candidates is not None:
            count = len(np.unique(self.candidates, axis=0))
            return {"method": "random", "start": self.candidates, "evaluations": count}
        return {
            "method": "evolution",
            "evaluations": self.evaluations,
            "seed": self.seed,
            "start": begin,
        }

    def _probability(self, codes: Codes) -> Doubles:
        """(n,): probability that each keeps the limit, of a normal distribution of logarithms."""
        y = self.predictor.predict_codes(codes).astype(np.float64)
        low, high = self.predictor.interval_codes(codes, _COVERAGE)
        deviation = np.log(high / low) / (2 * NormalDist().inv_cdf(0.5 + _COVERAGE / 2))
        z = np.log(self.limit.value / y) / np.maximum(deviation, _TINY)
        normal = NormalDist()
        kept = np.array([normal.cdf(value) for value in z])
        return kept if self.limit.upper else 1.0 - kept
