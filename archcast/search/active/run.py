"""The most accurate architecture by training as few as possible.

The first `FIRST` are drawn at random; from then on a Gaussian process is fitted to what was trained and
names the next (`archcast.search.active.process`). `Trainer` is asked and told, by whoever trains;
`find_best` is the loop around it for a function that trains.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from archcast.core.arrays import Arch, ArchBatch, Codes, Doubles, Ints
from archcast.core.batches import items_of
from archcast.core.checks import check_whole
from archcast.core.doubts import strictly, tell
from archcast.core.errors import InputError, shorten
from archcast.core.numbers import is_number, read_number
from archcast.featurize.spaces import SPACES, Space
from archcast.predictors.doubts.accuracies import doubts_of_accuracies
from archcast.search.active.process import STRATEGIES, Process
from archcast.search.loop.goals import Limit
from archcast.search.loop.prepare import within_limits
from archcast.search.loop.sources import Scored

FIRST = 8
CANDIDATES = 20_000
Label = Callable[[list[Arch]], Any]


@dataclass(frozen=True)
class Trained:
    """What was trained.

    Attributes:
        archs: trained architectures, in that order.
        accuracies: (n,) theirs.
    """

    archs: list[Arch]
    accuracies: Doubles

    @property
    def best(self) -> Arch:
        """The most accurate of them.

        Raises:
            InputError: nothing was trained.
        """
        if not self.archs:
            raise InputError("architectures must be trained before one is the best, none was")
        return self.archs[int(self.accuracies.argmax())]


class Trainer:
    """Names the architectures to train next: `ask`, train, `tell`, over and over.

    What is named depends on the arguments and on what was told, in its order, and on nothing else: a new
    `Trainer` that is told the same asks for the same.

    Args:
        space: name of the search space.
        candidates: the only ones to choose from; None takes the whole of a small space, else 20,000 drawn
            at random. Candidates that are the same network (`Space.canonical`) stay apart, as their
            accuracies differ by chance.
        limits: that every candidate must keep, such as `params<=5e6` or `latency@raspi4<=11`; those of
            devices by prediction, with a probability of 90 %.
        strategy: `ucb`, `ei` or `thompson`.
        strict: refuse accuracies that are likely fractions, instead of warning of them.

    Raises:
        InputError: an argument that cannot be used.
    """

    def __init__(
        self,
        space: str,
        *,
        candidates: ArchBatch | None = None,
        limits: Sequence[str | Limit] | str = (),
        strategy: str = "ucb",
        seed: int = 0,
        strict: bool = False,
    ) -> None:
        check_whole(seed, "seed", least=0)
        if strategy not in STRATEGIES:
            raise InputError(f"strategy must be one of {', '.join(STRATEGIES)}, got {shorten(strategy)}")
        self.space, self._strategy, self._seed, self._strict = SPACES[space], strategy, seed, strict
        with strictly(strict):
            self._codes = within_limits(self.space, limits, _candidates(self.space, candidates, seed))
        self._row = {bytes(code): i for i, code in enumerate(self._codes)}
        self._told: dict[int, float | None] = {}

    @property
    def found(self) -> Trained:
        """What was trained."""
        rows, values = self._trained()
        return Trained(self.space.format(self._codes[rows]) if len(rows) else [], values)

    @property
    def left(self) -> int:
        """Candidates that nothing was told of."""
        return len(self._codes) - len(self._told)

    def tell(self, archs: ArchBatch, accuracies: Sequence[float | None]) -> None:
        """Learn what was trained.

        Args:
            archs: also such that were not asked for.
            accuracies: in per cent, one each; None of what is in training, which may be told again when it
                has ended; NaN of what failed. Neither is asked for again.

        Raises:
            InputError: other than one value each, a value that is no number or outside 0 to 100, or an
                architecture that was told before; `DoubtError` with `strict`. Nothing of the batch is
                learned then.
        """
        archs = items_of(archs)
        accuracies = items_of(accuracies, "accuracies", column=None)
        if not len(archs) and not len(accuracies):
            return
        codes = self.space.parse(archs)
        if len(accuracies) != len(codes):
            raise InputError(f"accuracies must be one an architecture, {len(codes)}, got {len(accuracies)}")
        keys, seen = [bytes(code) for code in codes], set[bytes]()
        values = [_accuracy(value, i) for i, value in enumerate(accuracies)]
        for i, key in enumerate(keys):
            if key in seen or self._told.get(self._row.get(key, -1)) is not None:
                text = self.space.to_text(codes[i : i + 1])[0]
                raise InputError(f"an architecture must be told once, got {shorten(text)} again", item=i)
            seen.add(key)
        self._doubt(values)
        self._learn_of(np.array([key not in self._row for key in keys]), codes)
        for key, value in zip(keys, values, strict=True):
            row = self._row[key]
            self._told.pop(row, None)  # what ends training is the last that was trained
            self._told[row] = value

    def ask(self, n: int = 1) -> list[Arch]:
        """The next n architectures to train, fewer where fewer candidates are left.

        Nothing is told by asking: say that they are in training (`tell` with None) before more are asked for.
        """
        check_whole(n, "n", least=1)
        n = min(n, self.left)
        if not n:
            return []
        rows, values = self._trained()
        rng = np.random.default_rng([self._seed, len(self._told)])
        if len(rows) < FIRST:
            free = np.setdiff1d(np.arange(len(self._codes)), [*self._told])
            return self.space.format(self._codes[rng.choice(free, n, replace=False)])
        busy = np.array([row for row in self._told if row not in {*rows.tolist()}], dtype=np.int64)
        chosen = self._process.choose(rows, values, busy, n, self._strategy, rng)
        return self.space.format(self._codes[chosen])

    def _doubt(self, values: Sequence[float | None]) -> None:
        """Tell what is likely wrong with new accuracies, beside those that were told before."""
        new = np.array([math.nan if value is None else value for value in values])
        doubts = doubts_of_accuracies(np.concatenate([new, self._trained()[1]]))
        own = [doubt for doubt in doubts if not doubt.items or min(doubt.items) < len(new)]
        tell(own, strict=self._strict, stacklevel=4)

    @cached_property
    def _process(self) -> Process:
        return Process(self.space, self._codes)

    def _trained(self) -> tuple[Ints, Doubles]:
        """Rows and accuracies, in the order of training."""
        known = {row: v for row, v in self._told.items() if v is not None and math.isfinite(v)}
        return np.array([*known], dtype=np.int64), np.array([*known.values()], dtype=np.float64)

    def _learn_of(self, new: Any, codes: Codes) -> None:
        """Take up architectures that are no candidates: they are told, and so never asked for."""
        if not new.any():
            return
        self._row |= {bytes(code): len(self._codes) + i for i, code in enumerate(codes[new])}
        self._codes = np.concatenate([self._codes, codes[new]])
        if "_process" in self.__dict__:
            self._process.add(codes[new])


def find_best(
    space: str,
    label: Label,
    *,
    budget: int = 60,
    batch: int = 1,
    seed: int = 0,
    candidates: ArchBatch | None = None,
    limits: Sequence[str | Limit] | str = (),
    strategy: str = "ucb",
    enough: float | None = None,
    strict: bool = False,
) -> Trained:
    """Train few architectures, each chosen by what those before it taught, to find the most accurate.

    Args:
        label: trains architectures and gives their accuracies (%), one each; called with at most `batch`, and
            once with the first `FIRST`, which are drawn at random.
        budget: most architectures to train.
        candidates, limits, strategy, strict: as `Trainer`.
        enough: stop as soon as an accuracy reaches it.

    Raises:
        InputError: an argument that cannot be used; fewer candidates than the budget; labels that are not
            finite numbers.
    """
    for value, what in ((budget, "budget"), (batch, "batch")):
        check_whole(value, what, least=1)
    trainer = Trainer(
        space, candidates=candidates, limits=limits, strategy=strategy, seed=seed, strict=strict
    )
    if trainer.left < budget:
        raise InputError(f"budget must be at most the {trainer.left} candidates, got {budget}")
    train = Scored(label, trainer.space, "archs")
    count = min(FIRST, budget)
    while count:
        archs = trainer.ask(count)
        trainer.tell(archs, train.mean(trainer.space.parse(archs)).tolist())
        done = trainer.found.accuracies
        enough_now = enough is not None and bool(done.max() >= enough)
        count = 0 if enough_now else min(batch, budget - len(done))
    return trainer.found


def _accuracy(value: object, item: int) -> float | None:
    """A number, NaN, or None."""
    if value is None:
        return None
    if isinstance(value, float) and math.isnan(value):
        return value
    if not is_number(value):
        raise InputError(f"accuracy must be a number, got {shorten(value)}", item=item)
    return read_number(value)


def _candidates(space: Space, given: ArchBatch | None, seed: int) -> Codes:
    """Distinct candidates, (N, k)."""
    if given is not None:
        drawn = space.parse(given)
    elif space.size <= CANDIDATES:
        return space.members(np.arange(space.size))
    else:
        drawn = space.sample(CANDIDATES, seed=seed)
    _, first = np.unique(drawn, axis=0, return_index=True)
    return drawn[np.sort(first)]
