"""Finding out which kernels the members of a space have, and proving it on members that were not used.

| symbol | meaning |
|---|---|
| n, k | members, decisions |
| P | places |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from archcast.core.arrays import Codes, Ints
from archcast.predictors.networks.members.cover import Cover
from archcast.predictors.networks.members.dependence import (
    ABSENT,
    UNSEEN,
    Dependence,
    Position,
    TooManyError,
    first_dependence,
    settle,
)
from archcast.predictors.networks.members.observed import Held, Member, Members, Path
from archcast.predictors.networks.members.positions import Choice, Positions

CHECKED = 512
"""Members that were not used and that must have the kernels which the places say."""
_ROUND = 64
_MOST_BUILT = 3000
"""Members after which no more are built."""
_MOST_ROWS = 1500
"""Members that one place may need to be built for it, where each shows it another kernel."""
_STALLED = 3
_SEED = 12


class Unknown(Exception):  # noqa: N818 - a finding, not an error
    """No tables hold this space's kernels; the first argument says why."""


class Structure(NamedTuple):
    """Kernels of all members.

    Attributes:
        members: what was built.
        places: of kernels.
        used: members that the places were found from.
        checked: members that were not used and agree.
    """

    members: Members
    places: tuple[Position, ...]
    used: tuple[Member, ...]
    checked: tuple[Member, ...]


def find_structure(members: Members) -> Structure:
    """The places of a space's kernels, proven on `CHECKED` members.

    Raises:
        Unknown: there are none that hold; says why.
        InputError: a member cannot be built.
    """
    most = 0
    for apart in (False, True):
        try:
            return _Search(members, apart=apart).run()
        except TooManyError as error:
            most = int(error.args[0])
    raise Unknown(f"one kernel depends on {most:,} combinations of decisions")


class _Search:
    """What was found so far.

    Attributes:
        used: members that places are found from.
        names: of places, in the order of columns.
    """

    def __init__(self, members: Members, *, apart: bool) -> None:
        self._apart = apart
        self.members, self.space = members, members.space
        self.cardinalities: Sequence[int] = members.space.cardinalities
        self.rng = np.random.default_rng(_SEED)
        self.used: list[Member] = []
        self.names: dict[Path, int] = {}
        self._contents: list[dict[int, int]] = []

    def run(self) -> Structure:
        base, varied = self._around_base()
        self.layout = Positions(
            self._held(base), {choice: self._held(seen) for choice, seen in varied.items()}
        )
        for seen in (base, *varied.values()):
            self._use(seen)
        self.dependences = [self._first(varied, column) for column in range(len(self.names))]
        self._blank = [np.zeros(top, dtype=np.int64) for top in self.cardinalities]
        for seed in range(_MOST_BUILT):
            places = self._filled()
            checked = self._checked(places, seed)
            if checked is not None:
                return Structure(self.members, tuple(places), tuple(self.used), tuple(checked))
            if self.members.built > _MOST_BUILT:
                break
        raise Unknown(f"{self.members.built:,} members do not tell which kernels the others have")

    # -- members ------------------------------------------------------------------------------------

    def _around_base(self) -> tuple[Member, dict[Choice, Member]]:
        """A member with as many kernels as single changes lead to, and those that differ in one decision."""
        code = self._valid(np.array(self.cardinalities, dtype=np.int64).astype(np.int8) - 1)
        while True:
            base = self.members.see(code)
            varied: dict[Choice, Member] = {}
            better = code.copy()
            for decision, top in enumerate(self.cardinalities):
                most = len(base.kernels)
                for value in range(top):
                    other = self._valid(_with(code, decision, value))
                    if (other != code).nonzero()[0].tolist() != [decision] or other[decision] != value:
                        continue
                    seen = varied[decision, value] = self.members.see(other)
                    if len(seen.kernels) > most:
                        most, better[decision] = len(seen.kernels), value
            better = self._valid(better)
            if len(self.members.see(better).kernels) <= len(base.kernels):
                return base, varied
            code = better

    def _valid(self, code: Codes) -> Codes:
        """A member near a code: as the space writes it, or one drawn at random where that is none."""
        made = self.space.normalise(np.ascontiguousarray(code[None]).copy())
        if bool(self.space.valid(made)[0]):
            return np.ascontiguousarray(made[0])
        drawn: Codes = self.space.sample(1, seed=int(self.rng.integers(2**31)))[0]
        return drawn

    def _use(self, seen: Member) -> None:
        """Find places from a member, too."""
        self.used.append(seen)
        named = self.layout.named(self._held(seen), seen.code)
        row = {self.names.setdefault(name, len(self.names)): content for name, content in named.items()}
        self._contents.append(row)

    def _held(self, seen: Member) -> Held:
        return self.members.held(seen, apart=self._apart)

    def _table(self) -> tuple[Codes, Ints]:
        """Codes (n, k) and contents (n, P) of the members in use."""
        table = np.zeros((len(self.used), len(self.names)), dtype=np.int64)
        for i, row in enumerate(self._contents):
            table[i, list(row)] = list(row.values())
        return np.stack([seen.code for seen in self.used]), table

    # -- places -------------------------------------------------------------------------------------

    def _first(self, varied: dict[Choice, Member], column: int) -> Dependence:
        """What the members around the base tell of a place."""
        own = self._contents[0].get(column, ABSENT)
        of_values = [np.full(top, own, dtype=np.int64) for top in self.cardinalities]
        for row, (decision, value) in zip(self._contents[1:], varied, strict=False):
            of_values[decision][value] = row.get(column, ABSENT)
        return first_dependence(of_values)

    def _filled(self) -> list[Position]:
        """Positions of which all rows were seen that members can show."""
        lacking, stalled = np.inf, 0
        while True:
            places = self._settled()
            cover = Cover(places, self.cardinalities)
            if cover.rows > _MOST_ROWS:
                raise TooManyError(max(place.dependence.size for place in places))
            total = sum(len(place.missing) for place in places)
            stalled = stalled + 1 if total >= lacking else 0
            if not cover.rows or stalled == _STALLED:
                return places
            lacking = min(lacking, total)
            for _ in range(min(cover.rows, _ROUND)):
                code = self._valid(cover.member(self.rng))
                if not self.members.has(code):
                    self._use(self.members.see(code))
            if self.members.built > _MOST_BUILT:
                raise Unknown(f"{self.members.built:,} members do not show all kernels that there are")

    def _settled(self) -> list[Position]:
        codes, contents = self._table()
        for _ in range(len(self.dependences), len(self.names)):
            self.dependences.append(Dependence([own.copy() for own in self._blank]))
        made = []
        for dependence, column in zip(self.dependences, contents.T, strict=True):
            settle(dependence, codes, column)
            made.append(Position.of(dependence, codes, column))
        return made

    def _checked(self, places: Sequence[Position], seed: int) -> list[Member] | None:
        """`CHECKED` members that were not used and agree; where one does not, None, and all are used."""
        fresh = self._fresh(seed)
        held: list[Member] = []
        for start in range(0, len(fresh), _ROUND):
            codes = fresh[start : start + _ROUND]
            told = np.stack([place.at(codes) for place in places], axis=1)
            seen = [self.members.see(code) for code in codes]
            if not all(self._same(row, one) for row, one in zip(told, seen, strict=True)):
                for one in seen:
                    self._use(one)
                return None
            held += seen
        return held

    def _same(self, told: Ints, seen: Member) -> bool:
        """Whether a member has the kernels that its places say, in any order."""
        if (told == UNSEEN).any():
            return False
        kernels = [kernel for content in told.tolist() for kernel in self.members.contents[content]]
        return sorted(kernels) == sorted(seen.kernels)

    def _fresh(self, seed: int) -> Codes:
        """Members drawn at random that are not in use, each once."""
        used = {one.code.tobytes() for one in self.used}
        drawn = self.space.sample(4 * CHECKED, seed=_SEED + seed)
        distinct = {code.tobytes(): code for code in drawn}
        fresh = [code for key, code in distinct.items() if key not in used][:CHECKED]
        return np.stack(fresh) if fresh else drawn[:0]


def _with(code: Codes, decision: int, value: int) -> Codes:
    other = code.copy()
    other[decision] = value
    return other
