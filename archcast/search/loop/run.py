"""Constrained and multi-objective search over predictions."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from archcast.core.arrays import ArchBatch
from archcast.core.checks import check_whole
from archcast.core.doubts import strictly
from archcast.core.errors import ArchcastWarning, InputError
from archcast.featurize.spaces import SPACES, Space
from archcast.search.blocks.reduce import ReducedSpace
from archcast.search.loop.budget import Budget
from archcast.search.loop.evaluator import Ended, Evaluator, Progress
from archcast.search.loop.genome import genome_of
from archcast.search.loop.goals import Limit
from archcast.search.loop.methods import METHODS, Task
from archcast.search.loop.prepare import (
    HOLD,
    Words,
    check_goals,
    problem_of,
    settings_of,
    start_genes,
)
from archcast.search.loop.problem import Problem
from archcast.search.loop.result import SearchResult
from archcast.search.loop.sources import Score
from archcast.search.loop.state import State, read_state, write_state
from archcast.serving import LoadedPredictor

POPULATION = 100
_NO_MORE = "the method had nothing more to propose"


def search(
    space: str | Space,
    *,
    maximize: Words = None,
    minimize: Words = None,
    limits: Sequence[str | Limit] | str = (),
    device: Words = None,
    dataset: str | None = None,
    method: str = "nsga2",
    hold: float | str = HOLD,
    score: Score | None = None,
    score_takes: str = "archs",
    predictors: Mapping[str, LoadedPredictor | Score] | None = None,
    measured: bool = False,
    evaluations: int | None = 1000,
    seconds: float | None = None,
    population: int = POPULATION,
    start: ArchBatch | None = None,
    within: ReducedSpace | str | Path | None = None,
    seed: int = 0,
    state: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    track: bool = False,
    strict: bool = False,
) -> SearchResult:
    """The best architectures of a space that keep limits, by predictions.

    A quantity is written `METRIC@DEVICE` (`latency@raspi4`); `@DEVICE` may be left out when `device` is one
    name. For accuracy the data set takes the device's place (`accuracy@cifar100`), by default `dataset`.
    Features of the network (`params`, `macs`, any of `archcast.features`) and the `memory` of its activations
    (MiB), which are counted for `dataset`, have no device.

    Args:
        space: the search space or its name.
        maximize, minimize: one quantity or several; several give a front. Default: maximize accuracy.
        limits: such as `latency@raspi4<=11`, `throughput@a100>=2000` or `params<=5e6`, in the metric's unit
            or as counts; all must hold.
        device: for quantities that name none.
        dataset: for accuracies that name none; default the space's first.
        method: `nsga2`, `evolution`, `annealing`, `shgo`, `lattice`, `tpe` or `random`. Only nsga2, tpe and
            random take several goals.
        hold: probability, 0.75 to 0.995, with which a measurement is to keep a limit, by the predictor's
            intervals; `mean` holds limits by the prediction alone. Values of functions are exact.
        score: function that gives the first maximised quantity, for a list of architectures.
        score_takes: `archs` (notation) or `codes` (int8 (n, k)): what functions are called with.
        predictors: loaded or adapted predictors, or functions, by the quantity they give; the others
            are those that `archcast.load` gives.
        measured: hold limits by the measurements (`archcast.measured`) of architectures that have one, and by
            predictions, as `hold` says, for the others alone.
        evaluations, seconds: see `archcast.search.loop.budget.Budget`.
        population: architectures scored together.
        start: architectures to begin with.
        within: the smaller space to stay in, or the file of it that `archcast profile --reduce` wrote.
        seed: the same seed gives the same search.
        state: file that keeps what was scored; when it is there, the search goes on from it.
        progress: called after every batch.
        track: leave a run in MLflow.
        strict: refuse limits that are likely fractions of accuracies, instead of warning of them.

    Raises:
        InputError: an argument that cannot be used; says which and why.
        UnknownNameError: no such space, metric, device, data set or method; lists those there are.
    """
    for value, what, least in ((population, "population", 2), (seed, "seed", 0)):
        check_whole(value, what, least=least)
    asked = Budget(evaluations, seconds)
    METHODS[method]
    with strictly(strict):
        problem = problem_of(
            SPACES[space],
            maximize,
            minimize,
            limits,
            device=device,
            dataset=dataset,
            hold=hold,
            score=score,
            score_takes=score_takes,
            predictors=predictors,
            measured=measured,
        )
    part = ReducedSpace.read(within) if isinstance(within, str | Path) else within
    result = solve(
        problem,
        asked,
        method=method,
        population=population,
        start=start,
        within=part,
        seed=seed,
        state=state,
        progress=progress,
    )
    if track:
        from archcast.search.loop.tracking import track_search

        track_search(result)
    return result


def solve(
    problem: Problem,
    budget: Budget,
    *,
    method: str = "nsga2",
    population: int = POPULATION,
    start: ArchBatch | None = None,
    within: ReducedSpace | None = None,
    seed: int = 0,
    state: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> SearchResult:
    """The best members of a problem's space; arguments and errors as `search`."""
    check_goals(problem, method)
    genome = genome_of(problem.space, within)
    begin = start_genes(genome, start)
    settings = settings_of(
        problem, method=method, population=population, seed=seed, start=begin, within=within
    )
    path = None if state is None else Path(state)
    evaluator = _evaluator(problem, budget, settings, path, size=genome.size, progress=progress)
    return _run(Task(genome, evaluator, begin, population, seed), settings)


def _evaluator(
    problem: Problem,
    budget: Budget,
    settings: dict[str, str],
    path: Path | None,
    *,
    size: int,
    progress: Callable[[Progress], None] | None,
) -> Evaluator:
    if path is None:
        return Evaluator(problem, budget, size=size, progress=progress)
    if not path.absolute().parent.is_dir():
        raise InputError(f"state {str(path)!r} must be in a folder that is there")
    known = read_state(path, settings, len(problem.space.columns))
    refused: list[str] = []

    def keep(scored: State) -> None:
        try:
            write_state(path, replace(scored, settings=settings))
        except InputError as error:  # the search is worth more than what would let it go on
            if not refused:
                warnings.warn(str(error), ArchcastWarning, stacklevel=2)
            refused.append(str(error))

    return Evaluator(problem, budget, size=size, known=known, keep=keep, progress=progress)


def _run(task: Task, settings: dict[str, str]) -> SearchResult:
    """Let the method work until the search is over; what was scored is kept however it ends."""
    evaluator, stopped = task.evaluate, _NO_MORE
    try:
        METHODS[settings["method"]].run(task)
    except Ended as end:
        stopped = str(end)
    finally:
        evaluator.close()
    if not len(evaluator):
        raise InputError(f"budget must suffice for one architecture, but {stopped} were used up before")
    return SearchResult(
        evaluator.problem,
        evaluator.codes.copy(),
        evaluator.values.copy(),
        evaluator.seconds,
        stopped,
        settings,
    )
