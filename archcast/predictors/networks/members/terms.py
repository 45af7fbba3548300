"""A predictor's terms of members, as sums of tables over groups of decisions.

| symbol | meaning |
|---|---|
| n | members |
| q, c | terms, devices |
| T(x) | terms of member x: the sum over places of the terms of what stands there, and a start |
| y | values: what the predictor makes of T |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from archcast.core.arrays import Doubles, Ints
from archcast.predictors.lowered.tables import Group, Sum, choices, rows_of
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.members.dependence import Position
from archcast.predictors.networks.members.observed import Member, Members
from archcast.predictors.networks.members.structure import Structure, Unknown

TOLERANCE = 1e-5
"""Largest relative difference of a value from the predictor's own."""
_JOINT = 4096
_SAME = 1e-9
_LINEAR = 1e-12


class Tables(NamedTuple):
    """Sums of tables, and whether the predictor has to make values of them still.

    Shapes:
        sums: (n, c) values, or (n, q) terms
    """

    sums: Sum
    are_values: bool


def term_tables(model: NetworkPredictor, found: Structure) -> Sum:
    """T as a sum of tables, NaN where a choice was never seen.

    Raises:
        Unknown: what stands beside the kernels is not the same in all members.
    """
    of_kernels, start = _kernel_terms(model, found)
    contents = found.members.contents
    of_contents = np.full((len(contents) + 1, of_kernels.shape[1]), np.nan)  # the last stands for UNSEEN
    for number, kernels in enumerate(contents):
        of_contents[number] = of_kernels[list(kernels)].sum(axis=0)
    cardinalities = found.members.space.cardinalities
    tables: dict[Group, Doubles] = {}
    for place in found.places:
        group = place.dependence.decisions
        made = of_contents[_everywhere(place, group, cardinalities)]
        tables[group] = tables[group] + made if group in tables else made
    groups, parts = _joined(tables, cardinalities)
    parts[0] = parts[0] + start
    return Sum(groups, tuple(parts), tuple(cardinalities))


def folded(model: NetworkPredictor, terms: Sum, found: Structure) -> Sum | None:
    """Tables of y itself where the predictor makes it of T by sums; None where it does more.

    Shapes:
        output: tables of (rows, c)
    """
    codes = np.stack([seen.code for seen in found.checked])
    mine, other = terms.at(codes), terms.at(codes[::-1])
    together = model.finish(mine + other)
    if not np.allclose(together, model.finish(mine) + model.finish(other), rtol=_LINEAR, atol=0):
        return None
    return Sum(terms.groups, tuple(map(model.finish, terms.tables)), terms.cardinalities)


def worst_difference(
    model: NetworkPredictor, terms: Sum, members: Members, checked: Sequence[Member]
) -> float:
    """Largest relative difference between y by tables and by the networks themselves, over members."""
    codes = np.stack([seen.code for seen in checked])
    own = np.stack([members.terms(code, model.terms) for code in codes])
    direct = model.finish(own)
    return float(np.abs(model.finish(terms.at(codes)) / direct - 1.0).max())


def _kernel_terms(model: NetworkPredictor, found: Structure) -> tuple[Doubles, Doubles]:
    """Terms of each kernel by its number, and those of no kernel, from few members that hold all kernels.

    Shapes:
        output: (kernels + 1, q) and (q,)
    """
    table: Doubles | None = None
    start: Doubles | None = None
    for seen in _holding_all(found.used):
        rows = model.kernel_terms(found.members.network(seen.code))
        inside, beside = rows[: len(seen.kernels)], rows[len(seen.kernels) :].sum(axis=0)
        if table is None or start is None:
            most = max(max(one.kernels, default=0) for one in found.used)
            table, start = np.full((most + 1, rows.shape[1]), np.nan), beside
        if not np.allclose(beside, start, rtol=_SAME, atol=0):
            raise Unknown("what is paid beside kernels differs between members")
        table[list(seen.kernels)] = inside
    if table is None or start is None:
        raise Unknown("no member has a kernel")
    return table, start


def _holding_all(used: Sequence[Member]) -> list[Member]:
    """Few members that hold every kernel, those with the most new ones first."""
    left = set().union(*(seen.kernels for seen in used))
    chosen = []
    candidates = {place: set(seen.kernels) for place, seen in enumerate(used)}
    while left:
        best = max(candidates, key=lambda place: len(candidates[place] & left))
        left -= candidates.pop(best)
        chosen.append(used[best])
    return chosen


def _everywhere(place: Position, group: Group, cardinalities: Sequence[int]) -> Ints:
    """What stands in a place for every choice of the decisions it depends on."""
    return place.at(choices(group, cardinalities)) if group else place.kernels[:1]


def _joined(
    tables: dict[Group, Doubles], cardinalities: Sequence[int]
) -> tuple[tuple[Group, ...], list[Doubles]]:
    """Tables of groups that lie within another added to it, and small ones that share decisions joined."""
    groups: list[Group] = []
    for group in sorted(tables, key=lambda own: (-len(own), own)):
        if not any(set(group) <= set(other) for other in groups):
            groups.append(group)
    groups = _neighbours(sorted(groups) or [(0,)], cardinalities)
    parts = [np.zeros((rows_of(group, cardinalities), _width(tables))) for group in groups]
    for group, table in tables.items():
        into = next(i for i, other in enumerate(groups) if set(group) <= set(other))
        parts[into] += table[_position(group, groups[into], cardinalities)]
    return tuple(groups), parts


def _neighbours(groups: list[Group], cardinalities: Sequence[int]) -> list[Group]:
    """Groups joined with later ones that share decisions, while their tables stay small."""
    made: list[Group] = []
    for group in groups:
        for i, other in enumerate(made):
            joint = tuple(sorted({*group, *other}))
            if set(group) & set(other) and rows_of(joint, cardinalities) <= _JOINT:
                made[i] = joint
                break
        else:
            made.append(group)
    return made


def _position(group: Group, within: Group, cardinalities: Sequence[int]) -> Ints:
    """Row of a group's table for every choice of a larger group."""
    codes = choices(within, cardinalities)
    if not group:
        return np.zeros(len(codes), dtype=np.int64)
    tops = tuple(cardinalities[c] for c in group)
    rows: Ints = np.ravel_multi_index(tuple(codes[:, c] for c in group), tops).astype(np.int64)
    return rows


def _width(tables: dict[Group, Doubles]) -> int:
    return int(next(iter(tables.values())).shape[1])
