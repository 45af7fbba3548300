"""A constrained search that measures what it proposes, and learns from it.

| symbol | meaning |
|---|---|
| n | measurements in all: references first, then proposals |
| l | limits: values of one quantity on one device, each of which is to have an answer |
| y, top | predicted value of the goal; that of a limit's best answer so far |
| p | probability that an architecture keeps a limit, by the adapted predictor |

Reference architectures are measured and a predictor is adapted to them. Then, one after another, the
architecture of the greatest expected gain, the sum over limits of p max(y - top, 0), is measured and the
predictor adapted anew (Gardner et al., Bayesian Optimization with Inequality Constraints, ICML 2014, for one
limit; with y taken as known). Where nothing gains, an answer that was not measured is. The answer to a limit
is the best of what was measured within it and of what the interval holds within it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from archcast.core.arrays import Arch, ArchBatch, Codes
from archcast.core.checks import check_whole
from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES, Space
from archcast.search.loop.goals import Limit, parse_limit, parse_quantity, with_device
from archcast.search.loop.prepare import check_probability, within_limits
from archcast.search.loop.sources import Score, Scored, Source, source_of
from archcast.search.measured.domain import Domain, Evolved, Listed
from archcast.search.measured.proposals import Loop
from archcast.serving import LoadedPredictor, adapt, suggest

LEAST_REFERENCES = 3
MEMBERS = 20_000
"""Most members of a space that are looked at one and all."""
Measure = Callable[[list[Arch]], Any]
Learn = Callable[[list[Arch], list[float]], LoadedPredictor]


@dataclass(frozen=True)
class Answer:
    """What was found for a limit.

    Attributes:
        arch: None where nothing was measured within the limit, and nothing is held within it.
        measured: its measurement; None where it was not measured itself.
    """

    limit: Limit
    arch: Arch | None
    measured: float | None


@dataclass(frozen=True)
class Measured:
    """What was found, and what was measured for it.

    Attributes:
        answers: one a limit, in their order.
        archs, values: everything that was measured, in that order; NaN where it failed.
        predictor: adapted to all of it.
    """

    answers: tuple[Answer, ...]
    archs: list[Arch]
    values: list[float]
    predictor: LoadedPredictor


def search_measured(
    space: str,
    measure: Measure,
    limits: str | Limit | Sequence[str | Limit],
    *,
    maximize: str = "accuracy",
    predictor: LoadedPredictor | Score | None = None,
    measurements: int = 10,
    references: ArchBatch | int = 4,
    sources: Sequence[str] | None = None,
    learn: Learn | None = None,
    candidates: ArchBatch | None = None,
    evaluations: int = 2000,
    hold: float = 0.9,
    seed: int = 0,
) -> Measured:
    """The best architecture within a limit, or within each of several, on a device measured on the way.

    Args:
        measure: measures architectures, one value each, in the metric's unit, NaN where it failed; called
            with all references, then with one proposal at a time.
        limits: such as `latency@my-board<=11`; of several, all of one quantity, each is answered for itself,
            and all measurements serve all of them. Limits on the size of networks (`params<=5e6`) hold for
            every answer.
        maximize: the goal; `predictor` gives it, else what `archcast.load` gives.
        measurements: in all, references among them.
        references: how many `archcast.suggest` is to name, or the architectures themselves.
        sources: source devices that may teach, as `archcast.adapt`.
        learn: makes the predictor of what was measured; default `archcast.adapt`.
        candidates: the only architectures that may be an answer; None takes every member of a space of at
            most 20,000, and searches a larger one by regularised evolution.
        evaluations: of each such evolution; there is one a limit and one more for each proposal.
        hold: probability, 0.75 to 0.995, with which an answer that was not measured is to keep its limit.

    Raises:
        InputError: an argument that cannot be used; measurements that are no numbers, or too few that did
            not fail.
    """
    there = SPACES[space]
    bounds, sizes = _bounds(limits, there)
    device, metric = str(bounds[0].quantity.device), bounds[0].quantity.metric
    check_probability(hold)
    first = _references(there, references, device, sources, seed)
    check_whole(measurements, "measurements", least=len(first))
    goal = source_of(
        with_device(parse_quantity(maximize), (), there.check_dataset(None)), there, predictor, takes="archs"
    )
    loop = Loop(
        there,
        bounds,
        Scored(measure, there, "archs", may_fail=True),
        goal,
        learn or (lambda archs, values: adapt(archs, values, device, metric, space, sources, seed)),
        _domain(there, goal, candidates, evaluations, seed, sizes),
        hold,
    )
    loop.take(first)
    for _ in range(measurements - len(first)):
        proposed = loop.proposal()
        if proposed is None:
            break
        loop.take(proposed)
    fronts = [(limit, *loop.best(limit)) for limit in bounds]
    return Measured(
        tuple(Answer(limit, None if c is None else there.format(c)[0], value) for limit, c, value in fronts),
        there.format(loop.codes),
        loop.values.tolist(),
        loop.predictor,
    )


def _bounds(limits: str | Limit | Sequence[str | Limit], space: Space) -> tuple[list[Limit], list[Limit]]:
    """Limits of one quantity on one device, and those of sizes.

    Raises:
        InputError: none is of a device, or they are of several quantities, of no device, or not above 0.
    """
    reader = partial(parse_quantity, space=space)
    listed = [limits] if isinstance(limits, str | Limit) else limits
    found = [parse_limit(one, read=reader) for one in listed]
    sizes = [bound for bound in found if bound.quantity.is_size]
    bounds = [bound for bound in found if not bound.quantity.is_size]
    if not bounds:
        size = sizes[0].text if sizes else "none"
        raise InputError(f"limits must be at least one of a device, got {size}")
    for bound in bounds:
        item = found.index(bound)
        if bound.quantity.device is None:
            raise InputError(f"limit must name its device, as in {bound.quantity.metric}@my-board", item=item)
        if bound.quantity != bounds[0].quantity:
            raise InputError(
                f"limits must all be of {bounds[0].quantity.text}, got {bound.quantity.text}", item=item
            )
        if bound.value <= 0:
            raise InputError(f"value of a limit must be above 0, got {bound.value:g}", item=item)
    return bounds, sizes


def _references(
    space: Space, given: ArchBatch | int, device: str, sources: Sequence[str] | None, seed: int
) -> Codes:
    """(n, k): what is measured first."""
    if isinstance(given, int):
        check_whole(given, "references", least=LEAST_REFERENCES)
        given = suggest(space.name, given, sources, seed=seed, device=device)
    return space.parse(given)


def _domain(
    space: Space,
    goal: Source,
    candidates: ArchBatch | None,
    evaluations: int,
    seed: int,
    sizes: Sequence[Limit],
) -> Domain:
    if candidates is None and space.size > MEMBERS:
        return Evolved(space, goal, evaluations, seed, sizes)
    if candidates is not None:
        codes = np.unique(space.parse(candidates), axis=0)
    else:
        codes = space.members(np.arange(space.size))
    return Listed(goal, within_limits(space, sizes, codes))
