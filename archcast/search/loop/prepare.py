"""From the words of a search to its problem; see `run.search` for what they mean."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np

from archcast.core.arrays import ArchBatch, Bools, Codes, Ints
from archcast.core.errors import InputError, UnknownNameError, shorten
from archcast.core.numbers import is_number, read_number
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.genome import Genome
from archcast.predictors.intervals import LEVELS
from archcast.search.blocks.reduce import ReducedSpace
from archcast.search.loop.goals import Goal, Limit, Quantity
from archcast.search.loop.methods import METHODS
from archcast.search.loop.problem import Problem
from archcast.search.loop.reader import Reader, memory_devices
from archcast.search.loop.sizes import MEMORY, Counted
from archcast.search.loop.sources import SCORE_TAKES, Score, Source, held_by_measurements, source_of
from archcast.serving import LoadedPredictor

Words = str | Sequence[str] | None
Given = Mapping[str, LoadedPredictor | Score]
MEAN = "mean"
HOLD = 0.9
"""Probability with which limits are held when none is named."""
HELD = (0.5 + float(LEVELS[0]) / 2, 0.5 + float(LEVELS[-1]) / 2)
"""Least and most probability with which a limit can be held: what intervals are kept for."""


def problem_of(
    space: Space,
    maximize: Words,
    minimize: Words,
    limits: Sequence[str | Limit] | str,
    *,
    device: Words,
    dataset: str | None,
    hold: float | str,
    score: Score | None,
    score_takes: str,
    predictors: Given | None,
    measured: bool = False,
) -> Problem:
    """Goals and limits with their devices and their sources.

    Raises:
        InputError, UnknownNameError: as `run.search`.
    """
    devices, data = words(device, "device"), space.check_dataset(dataset)
    reader = Reader(space, devices, data, memory_devices(space, devices, predictors or {}))
    goals = _goals(maximize, minimize, reader)
    bounds = reader.limits(limits)
    used = {q.text: q for q in [g.quantity for g in goals] + [b.quantity for b in bounds]}
    given = _given(predictors or {}, used, reader)
    if score is not None:
        scored = next((g.quantity.text for g in goals if g.maximize), goals[0].quantity.text)
        if used[scored].is_size:
            raise InputError(f"{scored} is counted of the network, and must not come from score")
        if scored in given:
            raise InputError(f"{scored} must come from score or from predictors, not from both")
        given[scored] = score
    held = {b.quantity.text for b in bounds} if measured else set()
    alone = held - {g.quantity.text for g in goals}
    sources = {
        name: _source(q, space, data, given.get(name), score_takes, measured=name in alone)
        for name, q in used.items()
    }
    limiting = {name: held_by_measurements(s, name) if name in held else s for name, s in sources.items()}
    return Problem(
        space,
        goals,
        tuple(sources[goal.quantity.text] for goal in goals),
        bounds,
        tuple(limiting[bound.quantity.text] for bound in bounds),
        _level(hold),
    )


def _source(
    quantity: Quantity, space: Space, dataset: str, given: object, takes: str, *, measured: bool = False
) -> Source:
    """Where a quantity's values come from: counted of networks for the data set, or see `source_of`."""
    if quantity.is_size:
        return Counted(quantity.metric, space, dataset)
    return source_of(quantity, space, given, takes=takes, measured=measured)


def keeps_limits(space: Space, limits: Sequence[str | Limit] | str, codes: Codes) -> Bools:
    """Which of some architectures keep limits, those of devices with a probability of 90 %.

    Shapes:
        codes: (n, k); output: (n,)

    Raises:
        InputError, UnknownNameError: as `run.search`.
    """
    data = space.check_dataset(None)
    bounds = Reader(space, (), data).limits(limits)
    sources = tuple(_source(bound.quantity, space, data, None, SCORE_TAKES[0]) for bound in bounds)
    kept = np.ones(len(codes), dtype=bool)
    for bound, source in sorted(zip(bounds, sources, strict=True), key=_is_slow):
        if kept.any():
            problem = Problem(space, (), (), (bound,), (source,), HOLD)
            kept[kept] = problem.scores(problem.values(codes[kept])).violation == 0
    return kept


def _is_slow(held: tuple[Limit, Source]) -> bool:
    """Whether a limit is looked at last: peaks may need every network built."""
    return held[0].quantity.is_size and held[0].quantity.metric == MEMORY


def within_limits(space: Space, limits: Sequence[str | Limit] | str, codes: Codes) -> Codes:
    """Those of some architectures that keep limits, see `keeps_limits`.

    Shapes:
        codes: (n, k); output: (m, k), m at least 1

    Raises:
        InputError: none of them keeps the limits.
    """
    kept = codes[keeps_limits(space, limits, codes)]
    if not len(kept):
        listed = [limits] if isinstance(limits, str) else limits
        names = ", ".join(limit.text if isinstance(limit, Limit) else str(limit) for limit in listed)
        raise InputError(f"limits {names} are kept by none of {len(codes)} candidates")
    return kept


def start_genes(genome: Genome, start: ArchBatch | None) -> Ints:
    """Genes of the architectures to begin with, each once.

    Shapes:
        output: (s, k)
    """
    if start is None:
        return np.empty((0, len(genome.cardinalities)), dtype=np.int64)
    codes = genome.space.parse(start)
    _, first = np.unique(codes, axis=0, return_index=True)
    return genome.genes(codes[np.sort(first)])


def settings_of(
    problem: Problem,
    *,
    method: str,
    population: int,
    seed: int,
    start: Ints,
    within: ReducedSpace | None = None,
) -> dict[str, str]:
    """What makes two searches the same, by name; how long they go on is no part of it."""
    goals = zip(problem.goals, problem.goal_sources, strict=True)
    limits = zip(problem.limits, problem.limit_sources, strict=True)
    return {
        "space": problem.space.name,
        "method": method,
        "goals": "; ".join(
            f"{'maximize' if g.maximize else 'minimize'} {g.quantity.text} by {s.name}" for g, s in goals
        ),
        "limits": "; ".join(f"{limit.text} by {s.name}" for limit, s in limits),
        "hold": MEAN if problem.hold is None else f"{problem.hold:g}",
        "population": str(population),
        "seed": str(seed),
        "start": _hash(start.tobytes()) if len(start) else "",
        "within": "" if within is None else _hash(repr(sorted(within.choices.items())).encode()),
    }


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def words(given: Words, what: str) -> list[str]:
    """One word, several or none, as a list."""
    listed = [] if given is None else [given] if isinstance(given, str) else list(given)
    if not all(isinstance(word, str) for word in listed):
        raise InputError(f"{what} must be a name or a list of names, got {shorten(given)}")
    return listed


def _goals(maximize: Words, minimize: Words, reader: Reader) -> tuple[Goal, ...]:
    most, least = words(maximize, "maximize"), words(minimize, "minimize")
    if not most and not least:
        most = ["accuracy"]
    goals = [
        Goal(reader.quantity(text), up) for up, texts in ((True, most), (False, least)) for text in texts
    ]
    seen: set[Quantity] = set()
    for goal in goals:
        if goal.quantity in seen:
            raise InputError(f"{goal.quantity.text} must be a goal once, got it twice")
        seen.add(goal.quantity)
    return tuple(goals)


def _given(given: Given, used: Mapping[str, Quantity], reader: Reader) -> dict[str, object]:
    """The user's predictors by the full name of what they give."""
    out: dict[str, object] = {}
    for text, predictor in given.items():
        name = reader.quantity(text).text
        if name not in used:
            raise UnknownNameError("quantity of predictors", name, used)
        if used[name].is_size:
            raise InputError(f"{name} is counted of the network, and must have no predictor")
        out[name] = predictor
    return out


def _level(hold: object) -> float | None:
    """Probability with which limits are to be kept; None for the prediction alone."""
    if hold == MEAN:
        return None
    if isinstance(hold, str):
        with suppress(InputError):
            hold = read_number(hold)
    return check_probability(hold, f"{MEAN} or ")


def check_probability(hold: object, choice: str = "") -> float:
    """A probability with which limits can be held; `choice` is what else the message is to name."""
    least, most = HELD
    if not is_number(hold) or not least <= (level := read_number(hold)) <= most:
        raise InputError(f"hold must be {choice}a probability of {least:g} to {most:g}, got {shorten(hold)}")
    return level


def check_goals(problem: Problem, method: str) -> None:
    """Raise InputError when the method cannot take so many goals."""
    if len(problem.goals) > 1 and not METHODS[method].several_goals:
        able = ", ".join(m.name for m in METHODS.values() if m.several_goals)
        raise InputError(
            f"method must be one of {able} for {len(problem.goals)} goals, got {method!r}; state all "
            f"but one as limits to use it"
        )
