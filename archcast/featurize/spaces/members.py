"""A space as a set: its members, their numbers, neighbours, genes, and the parts that decisions are about.

| symbol | meaning |
|---|---|
| n | architectures in a batch |
| k | decisions (columns of codes) |
| m | one-edit neighbours |
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from archcast.core.arrays import Codes, Doubles, Ints
from archcast.core.checks import check_whole
from archcast.core.errors import InputError
from archcast.featurize.spaces.genome import Genome
from archcast.featurize.spaces.notation import Notation
from archcast.featurize.spaces.places import Decision, Place, Places, decision_places

if TYPE_CHECKING:
    from archcast.featurize.spaces.base import Space

MAX_COUNTED = 2**40


class Members(Notation):
    """The members of a space; by default every combination of its decisions' values."""

    @cached_property
    def size(self) -> int:
        """Number of members."""
        return math.prod(self.cardinalities)

    @property
    def is_product(self) -> bool:
        """Whether every combination of codes is a member."""
        return self.size == math.prod(self.cardinalities)

    def numbers(self, codes: Codes) -> Ints:
        """Position of each member in the order of codes, the last column counting fastest.

        Shapes:
            codes: (n, k); output: (n,), 0 to size - 1

        Raises:
            InputError: the space is not the whole product of its decisions, or too large to count so.
        """
        numbers: Ints = np.ravel_multi_index(tuple(codes.T), self._counted).astype(np.int64)
        return numbers

    def members(self, numbers: Ints) -> Codes:
        """Codes of members by their position; the inverse of `numbers`.

        Shapes:
            numbers: (n,), 0 to size - 1; output: (n, k)
        """
        return np.stack(np.unravel_index(numbers, self._counted), axis=1).astype(np.int8)

    @cached_property
    def _counted(self) -> tuple[int, ...]:
        if not self.is_product or self.size > MAX_COUNTED:
            raise InputError(f"{self.name} has too many members to number them")
        return self.cardinalities

    def order(self, codes: Codes) -> Ints:
        """Rows in the order that the space's members are listed in; as they are where there is none.

        Shapes:
            codes: (n, k); output: (n,)
        """
        return np.arange(len(codes))

    def sample(self, n: int, *, seed: int) -> Codes:
        """`n` members drawn uniformly, with replacement; the same for the same seed.

        Shapes:
            output: (n, k)
        """
        check_whole(n, "n", least=1)
        self.check_decisions()
        rng = np.random.default_rng(seed)
        return rng.integers(0, self.cardinalities, size=(n, len(self.columns))).astype(np.int8)

    def neighbours(self, codes: Codes) -> tuple[Codes, Ints]:
        """All members one edit away: those that differ in exactly one decision.

        Shapes:
            codes: (n, k); output: (m, k) and (m,), the row each neighbour belongs to
        """
        codes = self.check_codes(np.asarray(codes))
        moves = [(c, s) for c, top in enumerate(self.cardinalities) for s in range(1, top)]
        column, shift = np.array(moves).T
        out = np.repeat(codes[:, None, :], len(moves), axis=1)
        rows = np.arange(len(moves))
        tops = np.array(self.cardinalities)[column]
        out[:, rows, column] = (out[:, rows, column] + shift) % tops
        owner = np.repeat(np.arange(len(codes)), len(moves))
        flat = out.reshape(-1, len(self.columns))
        keep = self.valid(flat)
        return flat[keep], owner[keep]

    def genome(self) -> Genome:
        """Genes that a search changes; codes where decisions are independent.

        Raises:
            InputError: they are not, and the space says no other.
        """
        if not self.is_product:
            raise InputError(f"space must have independent decisions to be searched, {self.name} has not")
        return Genome(cast("Space", self))

    # -- the parts that decisions are about -------------------------------------------------------------

    def places(self) -> Places:
        """Units, layers and blocks: by default one unit, a layer a decision, its values the blocks.

        Raises:
            InputError: decisions depend on each other, and the space says no places.
        """
        if not self.is_product:
            raise InputError(f"{self.name} has no blocks in places: its decisions describe whole networks")
        return decision_places(self.columns, [self._shown(c) for c in range(len(self.columns))])

    def complete(self, codes: Codes, *, seed: int) -> Codes:
        """Codes with random blocks in layers that are not there, which `normalise` turns back into members.

        Shapes:
            codes: (n, k); output: (n, k)
        """
        del seed
        return codes.copy()

    def raised(self, complete: Codes, place: Place) -> Codes:
        """Members in which a place's layer is there.

        Shapes:
            complete: (n, k), see `complete`; output: (n, k)
        """
        out = complete.copy()
        if place.depth is not None:
            column, least = place.depth
            np.maximum(out[:, column], np.int8(least), out=out[:, column])
        return self.normalise(out)

    def decisions(self, codes: Codes) -> tuple[Decision, ...]:
        """Decisions of one architecture that can be taken one without the other; by default the columns.

        Shapes:
            codes: (1, k)
        """
        del codes
        return tuple(Decision(name, (c,)) for c, name in enumerate(self.columns))

    def label(self, columns: Sequence[int]) -> str:
        """What a group of columns is called."""
        return "+".join(self.columns[c] for c in columns)

    def choice(self, decision: Decision, codes: Codes) -> str:
        """What an architecture has for a decision, as text.

        Shapes:
            codes: (1, k)
        """
        return ", ".join(self._shown(c)[int(codes[0, c])] for c in decision.columns)

    def _shown(self, column: int) -> list[str]:
        """The values of one decision as text; the codes where the space names none."""
        values = self.choices.get(self.columns[column], range(self.cardinalities[column]))
        return [str(value) for value in values]

    def shares(self, group: Sequence[int], rows: Codes) -> Doubles | None:
        """Share of the members that hold each of some choices in a group of columns; None where not known.

        Shapes:
            rows: (r, k), every choice of the group once; output: (r,)
        """
        del group
        return np.full(len(rows), 1.0 / len(rows)) if self.is_product else None
