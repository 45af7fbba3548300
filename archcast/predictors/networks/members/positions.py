"""One name for each place of a network, whatever numbers its parts have in a member.

Parts in a sequence are numbered through, so that a layer left out moves all behind it. Beside a base member
that has all layers, a member that differs in one decision tells which ones that decision takes out; what a
member lacks is then what its decisions take out, and the rest stands in order.

| symbol | meaning |
|---|---|
| sequence | the path of what holds numbered parts |
| out | of a choice: the numbers, counted in the base, of what it takes out of a sequence |
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from archcast.core.arrays import Codes
from archcast.predictors.networks.members.observed import Held, Path

Choice = tuple[int, int]
"""A decision and the code of a value."""


class Positions:
    """Names of places, found from a base member and from members that differ from it in one decision.

    Args:
        base: a member with as many kernels as any.
        varied: choice -> the member that differs from the base in it alone.
    """

    def __init__(self, base: Held, varied: Mapping[Choice, Held]) -> None:
        self._out: dict[Path, dict[Choice, frozenset[int]]] = {}
        self._count: dict[Path, int] = {}
        self._learn((), base, varied)

    def named(self, held: Held, code: Codes) -> dict[Path, int]:
        """What stands in each place of a member."""
        named: dict[Path, int] = {}
        self._name((), held, code, named)
        return named

    def _learn(self, at: Path, base: Held, varied: Mapping[Choice, Held]) -> None:
        """Find what choices take out of the sequence at a path, then of those within its parts."""
        parts = _parts(base)
        others = {choice: _parts(content) for choice, content in varied.items()}
        if parts and all(isinstance(name, int) for name in parts):
            out = {choice: _taken_out(parts, other) for choice, other in others.items()}
            moved = {choice: taken for choice, taken in out.items() if taken}
            if moved and _differences(parts, others, out) < _differences(parts, others, {}):
                self._out[at], self._count[at] = moved, len(parts)
        for place, (name, content) in enumerate(parts.items()):
            label = place if at in self._out else name
            within = {}
            for choice, other in others.items():
                found = self._renamed(at, other, (choice,)).get(label)
                if found is not None:
                    within[choice] = found
            if any(path for path, _ in content):
                self._learn((*at, label), content, within)

    def _name(self, at: Path, content: Held, code: Codes, named: dict[Path, int]) -> None:
        choices = tuple(enumerate(code.tolist()))
        for label, below in self._renamed(at, _parts(content), choices).items():
            for path, standing in below:
                if not path:
                    named[(*at, label)] = standing
            deeper = tuple(pair for pair in below if pair[0])
            if deeper:
                self._name((*at, label), deeper, code, named)

    def _renamed(
        self, at: Path, parts: Mapping[str | int, Held], choices: Iterable[Choice]
    ) -> Mapping[str | int, Held]:
        """Parts of a sequence by their numbers in the base."""
        out = self._out.get(at)
        if out is None:
            return parts
        gone = frozenset[int]().union(*(out[choice] for choice in choices if choice in out))
        there = [number for number in range(self._count[at]) if number not in gone]
        if len(there) != len(parts):  # decisions do not add up here: told apart from all other places
            return {f"{len(parts)}/{name}": content for name, content in parts.items()}
        return dict(zip(there, parts.values(), strict=True))


def _parts(content: Held) -> dict[str | int, Held]:
    """What is below each part, in order."""
    found: dict[str | int, list[tuple[Path, int]]] = defaultdict(list)
    for path, kernel in content:
        if path:
            found[path[0]].append((path[1:], kernel))
    return {name: tuple(below) for name, below in found.items()}


def _taken_out(base: Mapping[str | int, Held], other: Mapping[str | int, Held]) -> frozenset[int]:
    """Numbers of the parts of the base that another sequence lacks: what is alike at both ends stands."""
    mine, its = list(base.values()), list(other.values())
    lacking = len(mine) - len(its)
    if lacking <= 0:
        return frozenset()
    start = _alike(mine, its)
    if start == len(its):
        return frozenset(range(start, len(mine)))
    if not start and not _alike(mine[::-1], its[::-1]):
        mine, its = [_form(one) for one in mine], [_form(one) for one in its]
        start = _alike(mine, its)
    end = min(_alike(mine[::-1], its[::-1]), len(its) - start)
    last = len(mine) - end
    return frozenset(range(last - lacking, last))


def _alike(one: Sequence[Held], other: Sequence[Held]) -> int:
    """Number of parts that are the same from the front on."""
    count = 0
    for mine, its in zip(one, other, strict=False):
        if mine != its:
            break
        count += 1
    return count


def _form(content: Held) -> Held:
    """A part without which kernels they are."""
    return tuple((path, 0) for path, _ in content)


def _differences(
    base: Mapping[str | int, Held],
    others: Mapping[Choice, Mapping[str | int, Held]],
    out: Mapping[Choice, frozenset[int]],
) -> int:
    """Parts of all other members that are not what stands in the base under their name."""
    count = 0
    numbered = list(base.values())
    for choice, parts in others.items():
        if out:
            there = [n for n in range(len(numbered)) if n not in out[choice]]
            pairs = zip([numbered[n] for n in there], parts.values(), strict=False)
            count += sum(mine != its for mine, its in pairs) + abs(len(there) - len(parts))
        else:
            count += sum(base.get(name) != content for name, content in parts.items())
    return count
