"""Hierarchical SHGO over pairs of a network and an accelerator.

Simplicial homology global optimisation (Endres et al., Journal of Global Optimization 2018) samples a
complex, takes the points that none of their neighbours beat, and starts a local search from each. FLASH
(Li et al., ACM TECS 2021) does so twice, coarsely and then finely. Here both levels hold whole numbers:

1. A lattice of widths, depths, one number of skips for all cells, and hardware. Its minimisers are the
   points that are as good as every lattice neighbour along an axis; their cells are the candidates, and the
   best few are kept.
2. In each kept cell, one or two decisions at a time move by a step, to the best of all such moves. Where
   none is better the step is halved, from half of the lattice's spacing down to one.

SciPy's `shgo` asks for one point at a time, of continuous variables; a point costs microseconds here only in
batches, so the two levels are written out.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product
from typing import NamedTuple

import numpy as np

from archcast.core.arrays import Codes, Doubles, Ints
from archcast.core.checks import check_at_least
from archcast.featurize.spaces.skipnet_notation import CHOICES, SKIPS
from archcast.search.codesign.problem import CodesignProblem
from archcast.search.codesign.space import N_DECISIONS, canonical

_N = N_DECISIONS + 3


@dataclass(frozen=True, slots=True)
class ShgoConfig:
    """Settings of both levels.

    Attributes:
        depths, widths, skips: values of each on the lattice, first and last included.
        hardware: most values of each hardware parameter on the lattice.
        cells: lattice cells that are refined.
        steps: most moves in each.
    """

    depths: int = 3
    widths: int = 4
    skips: int = 3
    hardware: int = 4
    cells: int = 96
    steps: int = 60

    def __post_init__(self) -> None:
        check_at_least(self, depths=2, widths=2, skips=2, hardware=2, cells=1, steps=1)


@dataclass(frozen=True, slots=True)
class Found:
    """Refined pairs, best first.

    Shapes:
        pairs: (m, 12), distinct networks and accelerators; scores: (m,); coarse: the lattice's best score

    Attributes:
        evaluations: pairs that were scored.
        seconds: wall time.
    """

    pairs: Ints
    scores: Doubles
    coarse: float
    evaluations: int
    seconds: float


def search(problem: CodesignProblem, config: ShgoConfig | None = None) -> Found:
    """The best pairs that both levels find; where no pair keeps the limits, those that break them least."""
    config = ShgoConfig() if config is None else config
    began, before = time.perf_counter(), problem.evaluations
    starts, coarse = _lattice_minimisers(problem, config)
    pairs, scores = _refine(problem, starts, coarse, config)
    pairs, first = np.unique(canonical(pairs), axis=0, return_index=True)
    order = np.argsort(-scores[first], kind="stable")
    return Found(
        pairs[order],
        scores[first][order],
        float(coarse[0]),
        problem.evaluations - before,
        time.perf_counter() - began,
    )


# -- level 1 ------------------------------------------------------------------------------------------


def _lattice_minimisers(problem: CodesignProblem, config: ShgoConfig) -> tuple[Ints, Doubles]:
    """Pairs (m, 12) on the lattice that no neighbour beats, and their scores, best first."""
    codes, sizes = _network_lattice(config)
    chips = [_spread(size, config.hardware) for size in problem.grid.shape]
    chosen = np.ravel_multi_index(np.ix_(*chips), problem.grid.shape).reshape(-1)
    scores = problem.product_scores(codes)[:, chosen]
    scores = scores.reshape(*sizes, *(len(values) for values in chips))
    best = np.ones(scores.shape, dtype=bool)
    for axis in range(scores.ndim):
        swapped, kept = np.moveaxis(scores, axis, 0), np.moveaxis(best, axis, 0)
        kept[1:] &= swapped[1:] >= swapped[:-1]
        kept[:-1] &= swapped[:-1] >= swapped[1:]
    rows = np.flatnonzero(best)
    values = scores.reshape(-1)[rows]
    order = np.argsort(-values, kind="stable")[: config.cells]
    network, chip = np.divmod(rows[order], len(chosen))
    position = np.stack(np.unravel_index(chosen[chip], problem.grid.shape), axis=1)
    return np.concatenate([codes[network].astype(np.int64), position], axis=1), values[order]


@cache
def _network_lattice(config: ShgoConfig) -> tuple[Codes, tuple[int, ...]]:
    """Codes of the lattice's networks, (n, 9), and its size along each of its seven axes."""
    counts = [config.depths] * 3 + [config.widths] * 3
    axes = [_spread(len(CHOICES[column]), count) for column, count in enumerate(counts)]
    axes.append(_spread(len(SKIPS), config.skips))
    sizes = tuple(map(len, axes))
    rows = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    return rows[:, [0, 1, 2, 3, 4, 5, 6, 6, 6]].astype(np.int8), sizes


def _spread(size: int, count: int) -> Ints:
    """At most `count` positions among `size`, evenly, both ends included."""
    return np.unique(np.linspace(0, size - 1, min(size, count)).round().astype(np.int64))


# -- level 2 ------------------------------------------------------------------------------------------


def _refine(
    problem: CodesignProblem, starts: Ints, scores: Doubles, config: ShgoConfig
) -> tuple[Ints, Doubles]:
    """The best that moves by ever smaller steps reach from each start; as many as there are starts."""
    sizes = np.array([*(len(choices) for choices in CHOICES), *problem.grid.shape])
    step = np.tile(_first_steps(sizes, config), (len(starts), 1))
    pairs, scores = starts.copy(), scores.copy()
    active = np.arange(len(starts))
    moves = _moves()
    for _ in range(config.steps):
        if not len(active):
            break
        tried = np.clip(pairs[active, None] + moves.steps * step[active, None], 0, sizes - 1)
        codes = tried[:, moves.networks, :N_DECISIONS].astype(np.int8)
        rows = np.arange(len(active))[:, None] * len(moves.networks) + moves.network
        found = problem.joint_scores(
            codes.reshape(-1, N_DECISIONS), tried[..., N_DECISIONS:].reshape(-1, 3), rows.reshape(-1)
        ).reshape(rows.shape)
        best = found.argmax(axis=1)
        row = np.arange(len(active))
        better = found[row, best] > scores[active]
        won = active[better]
        pairs[won], scores[won] = tried[row, best][better], found[row, best][better]
        stuck = active[~better]
        done = stuck[step[stuck].max(axis=1) == 1]
        step[stuck] = np.maximum(step[stuck] // 2, 1)
        active = _distinct(pairs, np.setdiff1d(active, done))
    return pairs, scores


def _first_steps(sizes: Ints, config: ShgoConfig) -> Ints:
    """Half of the lattice's spacing in each column, at least 1."""
    counts = [config.depths] * 3 + [config.widths] * 3 + [config.skips] * 3 + [config.hardware] * 3
    spacing = (sizes - 1) / (np.minimum(sizes, counts) - 1).clip(1)
    steps: Ints = np.maximum(np.ceil(spacing / 2).astype(np.int64), 1)
    return steps


def _distinct(pairs: Ints, active: Ints) -> Ints:
    """Of active rows that have come to one pair, the first."""
    _, first = np.unique(pairs[active], axis=0, return_index=True)
    kept: Ints = active[np.sort(first)]
    return kept


class _Moves(NamedTuple):
    """Changes of a pair, in steps.

    Shapes:
        steps: (moves, 12); networks: (k,), moves whose networks are all there are; network: (moves,), each
        move's position among those
    """

    steps: Ints
    networks: Ints
    network: Ints


@cache
def _moves() -> _Moves:
    """One column up or down, or two columns each up or down."""
    made = [sign * np.eye(_N, dtype=np.int64)[column] for column in range(_N) for sign in (1, -1)]
    for i, j in combinations(range(_N), 2):
        for a, b in product((1, -1), repeat=2):
            move = np.zeros(_N, dtype=np.int64)
            move[i], move[j] = a, b
            made.append(move)
    steps = np.stack(made)
    _, first, inverse = np.unique(steps[:, :N_DECISIONS], axis=0, return_index=True, return_inverse=True)
    return _Moves(steps, first, inverse.reshape(-1))
