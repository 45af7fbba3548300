"""A predictor as what is called in loops: gathers from tables, and a link of a few operations."""

from __future__ import annotations

from dataclasses import dataclass

from archcast.predictors.lowered.link import Correct, Link, selected
from archcast.predictors.lowered.tables import Sum


@dataclass(frozen=True, slots=True)
class Lowered:
    """Values of c targets as sums over groups of decisions, and what is made of them.

    Attributes:
        cost: q of `archcast.predictors.lowered.link`, d = c.
        link: the operations that make values of q.
        hidden: s, what a correction among them receives, or None.
    """

    cost: Sum
    link: Link
    hidden: Sum | None = None

    @property
    def is_table(self) -> bool:
        """Whether it is one table of values, of every member of a small space."""
        return self.cost.is_whole and not self.link

    def select(self, columns: tuple[int, ...]) -> Lowered:
        """Some of the targets, without operations that change none of them."""
        link = selected(self.link, columns)
        corrects = any(isinstance(operation, Correct) for operation in link)
        return Lowered(self.cost.select(columns), link, self.hidden if corrects else None)
