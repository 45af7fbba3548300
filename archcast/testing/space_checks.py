"""The contract of a search space in code: what any space must pass, from wherever it comes.

A space's author runs `check_space(MySpace())`, or each of `CHECKS` as a test of its own. A check of
something that the space does not have (layers, blocks in places) passes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import InputError, ParseError
from archcast.featurize.cost import COST_SHAPE, network_cost
from archcast.featurize.spaces import Space
from archcast.featurize.summary import peak_bytes
from archcast.predictors.lowered.tables import choices, tables

_EXACT = 1e-9


def check_space(space: Space) -> None:
    """Run every check; raise AssertionError, which names the check, at the first that fails."""
    for check in CHECKS:
        try:
            check(space)
        except AssertionError as error:
            raise AssertionError(f"{check.__name__}: {error}") from error


def check_decisions(space: Space) -> None:
    """Decisions have distinct names and as many values as codes can hold; there is a data set."""
    space.check_decisions()
    _require(len(space.columns) == len(space.cardinalities) > 0, "each column must have a cardinality")
    _require(len(set(space.columns)) == len(space.columns), "columns must have distinct names")
    _require(bool(space.name) and bool(space.datasets), "name and datasets must not be empty")
    _require(space.size > 0, "size must be at least 1")


def check_sample(space: Space) -> None:
    """Samples are members as int8 (n, k), the same for the same seed and others for another."""
    codes = space.sample(200, seed=7)
    _require(codes.shape == (200, len(space.columns)) and codes.dtype == np.int8, "must be int8 (n, k)")
    _require(bool(space.valid(codes).all()), "sample must draw members")
    _require(np.array_equal(codes, space.sample(200, seed=7)), "the same seed must draw the same")
    _require(space.size == 1 or (codes != space.sample(200, seed=8)).any(), "another seed must draw others")
    counts: list[Any] = [0, -1, 2.5, True, None]
    for n in counts:
        _expect(InputError, partial(space.sample, n, seed=0))


def check_notation(space: Space) -> None:
    """Notation, its text and codes name the same members; nothing given is changed or shared."""
    codes = space.sample(100, seed=1)
    archs, before = space.format(codes), codes.copy()
    for batch in (archs, tuple(archs), space.to_text(codes), codes, codes.astype(np.int64)):
        parsed = space.parse(batch)
        _require(parsed.dtype == np.int8 and parsed.flags.c_contiguous, "parse must give int8, C-contiguous")
        _require(np.array_equal(parsed, codes), "parse must undo format")
        _require(not np.shares_memory(parsed, codes), "parse must not give back what it was given")
    _require(np.array_equal(codes, before), "parse must not change what it was given")
    _require(space.format(space.parse(archs)) == archs, "format must undo parse")
    _require(all(space.matches(arch) for arch in archs), "matches must know the space's own notation")
    if not space.text_notation:
        texts = [json.loads(text) for text in space.to_text(codes)]
        _require(texts == archs, "to_text must be the notation's JSON")


def check_refusals(space: Space) -> None:
    """What is no member is refused, and the item is named."""
    archs = space.format(space.sample(5, seed=3))
    for wrong in (None, float("nan"), 3.5, object(), [[1]], {"x": 1}, True, "", 10**400):
        error = _expect(InputError, partial(space.parse, [*archs[:2], wrong, *archs[3:]]))
        _require(error.item == 2, f"the item at fault must be named, got {error}")
    codes = space.sample(4, seed=0).astype(np.int64)
    for column, top in enumerate(space.cardinalities):
        for value in (-1, top, 300):
            outside = codes.copy()
            outside[2, column] = value
            error = _expect(ParseError, partial(space.parse, outside))
            where = (error.item, getattr(error, "position", None))
            _require(
                where == (2, space.columns[column]), "item and decision of a code out of range must be named"
            )
    bad: list[Any] = [codes[0], codes[:, 1:], codes.astype(float), codes[:0], [], "", {}]
    for batch in bad:
        _expect(InputError, partial(space.parse, batch))


def check_neighbours(space: Space) -> None:
    """Neighbours are distinct members, and each has the member it is a neighbour of among its own."""
    codes = space.sample(3, seed=5)
    near, owner = space.neighbours(codes)
    _require(near.dtype == np.int8 and bool(space.valid(near).all()), "neighbours must be members, int8")
    for row, code in enumerate(codes):
        own = near[owner == row]
        _require(len(np.unique(own, axis=0)) == len(own), "neighbours must be distinct")
        _require(not (own == code).all(axis=1).any(), "no member is its own neighbour")
        back, of = space.neighbours(own[:10])
        returned = (back == code).all(axis=1)
        _require(set(of[returned].tolist()) == set(range(len(own[:10]))), "neighbours must be mutual")


def check_equals(space: Space) -> None:
    """Canonical members stand for themselves; equal networks are equal functions, see `Space`."""
    codes = space.sample(200, seed=6)
    canonical, measured = space.canonical(codes), space.measured_as(codes)
    for name, made, again in (
        ("canonical", canonical, space.canonical(canonical)),
        ("measured_as", measured, space.measured_as(measured)),
    ):
        _require(made.shape == codes.shape and bool(space.valid(made).all()), f"{name} must give members")
        _require(np.array_equal(made, again), f"{name} must leave what stands for others as it is")
    both = np.concatenate([codes, canonical])
    for groups in (space.network_groups, space.function_groups):
        numbers = groups(both)
        _require(
            np.array_equal(numbers[:200], numbers[200:]),
            f"{groups.__name__} must know equal networks",
        )
    _require(space.connected(codes).shape == (200,), "connected must be (n,)")
    if space.counts_nodes and not space.has_dead_layers:
        costs = space.costs(codes), space.costs(canonical)
        _require(np.array_equal(*costs), "the same network must cost the same")


def check_genome(space: Space) -> None:
    """Any genes are a member, and members survive the way to genes and back."""
    genome, members = space.genome(), space.sample(100, seed=1)
    genes = np.random.default_rng(0).integers(0, genome.cardinalities, size=(200, len(genome.cardinalities)))
    _require(bool(space.valid(genome.codes(genes)).all()), "any genes must be a member")
    _require(np.array_equal(genome.codes(genome.genes(members)), members), "genes must undo codes")


def check_places(space: Space) -> None:
    """A block forced in its place is there, in a member."""
    try:
        places = space.places()
    except InputError:
        return
    drawn = space.sample(50, seed=3)
    complete = space.complete(drawn, seed=3)
    _require(np.array_equal(space.normalise(complete.copy()), drawn), "normalise must undo complete")
    for place in places.places:
        for forced in place.forced:
            members = space.raised(complete, place)
            forced.force(members)
            _require(bool(space.valid(members).all()), f"{places.blocks[forced.block]} must fit")


def check_choices(space: Space) -> None:
    """Decisions of two members may be mixed, and what was chosen has a text; shares sum to one."""
    one, other = space.sample(1, seed=1), space.sample(1, seed=2)
    mixed = space.complete(other, seed=0)
    for decision in space.decisions(one):
        _require(bool(space.choice(decision, one)), f"the choice of {decision.name} must have a text")
        mixed[:, list(decision.columns)] = one[:, list(decision.columns)]
        member = space.normalise(mixed.copy())
        _require(bool(space.valid(member).all()), f"{decision.name} must be taken without the rest")
    for group in space.term_groups or ():
        shares = space.shares(group, choices(group, space.cardinalities))
        _require(shares is None or abs(shares.sum() - 1.0) < _EXACT, f"shares of {group} must sum to one")


def check_columns(space: Space) -> None:
    """Terms, structure and counts are finite, and a row depends on its member alone."""
    codes = space.sample(12, seed=4)
    for name, columns in (
        ("terms", lambda c: {"terms": space.terms(c)[1]}),
        ("structure", space.structure),
        ("decision_counts", lambda c: {"counts": space.decision_counts(c)[1]}),
        ("function_columns", lambda c: space.function_columns(c) or {}),
    ):
        whole, rest = columns(codes), columns(codes[5:])
        for group, values in whole.items():
            _require(values.shape[0] == 12 and bool(np.isfinite(values).all()), f"{name} must be finite")
            _require(np.array_equal(values[5:], rest[group]), f"a row of {name} must stand alone")
    _require(len(space.terms(codes)[0]) == space.terms(codes)[1].shape[1], "each term must have a name")


def check_network(space: Space) -> None:
    """Costs, summands and peaks are those of the networks, on every data set."""
    if not space.counts_nodes:
        return
    _expect(InputError, partial(space.costs, space.sample(1, seed=0), "no such data set"))
    codes = space.sample(6, seed=11)
    for dataset in space.datasets:
        for live in (False, True):
            networks = [space.network(code, dataset, live=live) for code in codes]
            wanted = [network_cost(network) for network in networks]
            costs = space.costs(codes, dataset, live=live)
            _require(costs.shape == (6, *COST_SHAPE), "costs must be (n, C, Q)")
            _require(np.allclose(costs, wanted, rtol=_EXACT), "costs must be those of the graph's layers")
            summed = _summed(space, codes, dataset, live=live)
            _require(np.allclose(summed, wanted, rtol=_EXACT), "summands must add up to the network")
            peaks = list(map(peak_bytes, networks))
            _require(live or np.array_equal(space.peak_bytes(codes, dataset), peaks), "peaks must be true")


def check_cells(space: Space) -> None:
    """Cells have a width, and no skips where they have no layers."""
    cells = space.cells(space.sample(50, seed=14))
    _require(cells.width.shape == cells.depth.shape == cells.skip.shape, "cells must agree in shape")
    _require(
        bool((cells.width > 0).all() and (cells.skip[cells.depth == 0] == 0).all()), "cells must be sane"
    )


def check_sums(space: Space) -> None:
    """Where groups of columns are given, terms and costs are sums of functions of one group each."""
    codes = space.sample(40, seed=2)

    def terms(own: Codes) -> Doubles:
        return space.terms(own)[1]

    def costs(own: Codes) -> Doubles:
        return space.costs(own).reshape(len(own), -1)

    for name, groups, function in (
        ("term_groups", space.term_groups, terms),
        ("cost_groups", space.cost_groups, costs),
    ):
        if groups is None:
            continue
        named, parts = tables(function, groups, space.cardinalities)
        total: Doubles = np.zeros((len(codes), parts[0].shape[1]))
        for group, part in zip(named, parts, strict=True):
            tops = [space.cardinalities[c] for c in group]
            total += part[np.ravel_multi_index(tuple(codes[:, list(group)].T), tops)]
        _require(np.allclose(total, function(codes), rtol=1e-6, atol=1e-6), f"{name} must be true")


def _summed(space: Space, codes: Codes, dataset: str, *, live: bool) -> Doubles:
    total: Doubles = np.zeros((len(codes), *COST_SHAPE))
    for summand in space.summands(codes, dataset, live=live):
        forms = np.stack([network_cost(network) for network in summand.networks])
        total += (forms if summand.less is None else forms - network_cost(summand.less))[summand.forms]
    return total


CHECKS: tuple[Callable[[Space], None], ...] = (
    check_decisions,
    check_sample,
    check_notation,
    check_refusals,
    check_neighbours,
    check_equals,
    check_genome,
    check_places,
    check_choices,
    check_columns,
    check_network,
    check_cells,
    check_sums,
)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise AssertionError(message)


def _expect(kind: type[InputError], call: Callable[[], object]) -> InputError:
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} must be raised")
