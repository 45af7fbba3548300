"""Which architectures teach and which test, never the same one in another dress."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Ints
from archcast.core.errors import InputError
from archcast.core.labels import Labels
from archcast.featurize.spaces import SPACES


@dataclass(frozen=True, slots=True)
class Split:
    """Rows of a label set that teach and that test.

    Attributes:
        train, test: row numbers, sorted.
        rule: how they were drawn, one sentence for the card.
    """

    train: Ints
    test: Ints
    rule: str

    @property
    def rows(self) -> dict[str, Ints]:
        """Row numbers by what they stand for; those that test come last."""
        return {"training": self.train, "held-out": self.test}

    @property
    def tested(self) -> Ints:
        """Rows that the figures are of."""
        return self.test


@dataclass(frozen=True, slots=True)
class Folds:
    """Rows that all teach, and each of which was predicted by a fit without its fold.

    Such figures are of other fits than the predictor itself, so nothing of them is called held out.

    Attributes:
        fold: (n,) number of each row's fold.
        rule: how they were drawn, one sentence for the card.
    """

    fold: Ints
    rule: str

    @property
    def rows(self) -> dict[str, Ints]:
        """Row numbers by what they stand for."""
        return {"folds": self.tested}

    @property
    def tested(self) -> Ints:
        """Rows that the figures are of: all."""
        return np.arange(len(self.fold))

    @property
    def count(self) -> int:
        """How many folds there are."""
        return len(np.unique(self.fold))


def group_split(labels: Labels, *, held_out: float = 0.2, rows: int | None = None, seed: int = 0) -> Split:
    """Random split in which architectures that are equal by `Space.groups` stay on one side.

    Args:
        held_out: share of the groups that test.
        rows: train on at most this many architectures, drawn from the training side.
        seed: of the draw.

    Raises:
        InputError: a share outside (0, 1), or a side that would be empty.
    """
    if not 0 < held_out < 1:
        raise InputError(f"held_out must be above 0 and below 1, got {held_out}")
    if rows is not None and rows < 2:
        raise InputError(f"rows must be at least 2, got {rows}")
    rng = np.random.default_rng(seed)
    _, group = np.unique(SPACES[labels.space].function_groups(labels.codes), return_inverse=True)
    order = rng.permutation(int(group.max()) + 1)
    tested = np.zeros(len(order), dtype=bool)
    tested[order[: round(held_out * len(order))]] = True
    train, test = np.flatnonzero(~tested[group]), np.flatnonzero(tested[group])
    if rows is not None and rows < len(train):
        train = np.sort(rng.choice(train, size=rows, replace=False))
    if min(len(train), len(test)) < 2:
        raise InputError(f"a split must leave 2 rows on each side, got {len(train)} and {len(test)}")
    split = Split(train, test, f"{held_out:.0%} of the groups of equal architectures held out, seed {seed}")
    prove_disjoint(labels, split)
    return split


def folds(labels: Labels, *, most: int, seed: int = 0) -> Folds:
    """Every row in one of at most `most` folds, at random.

    Args:
        seed: of the draw.
    """
    count = min(len(labels), most)
    fold = np.random.default_rng(seed).permutation(len(labels)) % count
    return Folds(fold, f"each measurement by a fit without its fold, {count} folds, seed {seed}")


def prove_disjoint(labels: Labels, split: Split) -> None:
    """Raise InputError when an architecture, or one equal to it, stands on both sides."""
    groups = SPACES[labels.space].function_groups(labels.codes)
    both = np.intersect1d(groups[split.train], groups[split.test])
    if len(both):
        row = int(np.flatnonzero(groups == both[0])[0])
        raise InputError("a split must not have equal architectures on both sides", item=row)
