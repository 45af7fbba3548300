"""A Gaussian process as sums of tables, where a space's features are sums over its groups.

| symbol | meaning |
|---|---|
| n, r | architectures; those that the process was fitted to |
| f | features that vary, see `archcast.featurize.encoders.kernel_blocks` |
| D | (n, r) squared distances over one-hot and numbered decisions, weights w_b in |
| Z | (n, f) logarithms of features, scaled, sqrt(5 w) of their block in |
| t, a | parameters and weights of the process, see `archcast.predictors.families.gp` |

The mean of the process is s sum_i a_i M(D_i + |Z - Z_i|^2 / 5) + 2 sum_b v_b X_b' (sum_i a_i X_b,i). D, the
features and the second sum over decisions are sums over groups of decisions, so an architecture costs a few
look-ups, a logarithm a feature and one product with an (f, r + 1) matrix, all in single precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from archcast.core.arrays import Codes, Doubles, Ints
from archcast.featurize.encoders.kernel_blocks import kernel_blocks
from archcast.featurize.features import feature_values
from archcast.featurize.spaces import SPACES
from archcast.predictors.families.gp_evidence import split
from archcast.predictors.lowered import Lowered
from archcast.predictors.lowered.corrections import Process
from archcast.predictors.lowered.link import Correct, Exp, Interpolate, Link, apply
from archcast.predictors.lowered.tables import Sum

if TYPE_CHECKING:
    from archcast.predictors.families.gp import GP

TOLERANCE = 1e-5
"""Greatest relative difference between sums and process on architectures tried."""
_TRIED = 2000
_MOST_ROWS = 400
"""That a process may be fitted to: each is a column of all tables."""
_ADDITIVE = ("decisions", "levels")


def lowered_process(model: GP) -> Lowered | None:
    """A fitted process of one target as sums; None where they do not answer as it does.

    They are tried on 2,000 random architectures.
    """
    space = model.space_
    tried = space.sample(_TRIED, seed=0)
    if not space.cost_groups or space.function_columns(tried[:1]) is not None:
        return None
    if len(model.targets_) > 1 or len(model.processes_[0].weights) > _MOST_ROWS:
        return None
    rises, scale = model.maps(), model.scale_
    mean, deviation = (0.0, 1.0) if rises else (float(scale.mean[0]), float(scale.deviation[0]))
    hidden, process = _sums(model, deviation)
    base = Sum(((0,),), (np.full((space.cardinalities[0], 1), mean),), space.cardinalities)
    to_values: Link = (Interpolate(rises),) if rises else (Exp(),) if scale.logarithmic else ()
    lowered = Lowered(base, (Correct(process, ratio=False), *to_values), hidden)
    values = apply(lowered.link, base.at(tried), hidden.at(tried).astype(np.float32))
    return lowered if np.allclose(values, model.predict_checked(tried), rtol=TOLERANCE, atol=0) else None


def _sums(model: GP, deviation: float) -> tuple[Sum, Process]:
    """What is summed over groups, and what is made of it: the mean of the process times a deviation."""
    space, own = model.space_, model.processes_[0]
    rows = kernel_blocks(space, model.codes_[own.used], model.dataset_, features=model.features_)
    s, w, v, _ = split(own.t)
    by_distance = dict(zip(rows, w, strict=True))
    weights = deviation * own.weights
    linear = {name: 2 * each * (weights @ rows[name]) for name, each in zip(rows, v, strict=True)}
    slope, offset, used = _to_scaled(space.name, model.dataset_, model.features_)

    def additive(codes: Codes) -> Doubles:
        blocks = kernel_blocks(space, codes, model.dataset_, features=model.features_)
        counted = feature_values(space, codes, model.dataset_, names=model.features_)
        distance, total = _over_decisions(blocks, rows, by_distance, linear)
        return np.hstack([5 * distance + lengths, total, 1 + counted[:, used]])

    root = np.sqrt(5 * by_distance["features"])
    known = root * rows["features"][:, used]
    lengths = (known**2).sum(axis=1)
    product = np.column_stack([-2 * known.T, linear["features"][used] / root])
    arrays = (root * slope, root * offset, product, s * weights[:, None])
    return Sum.of(additive, space.cost_groups or (), space), Process(*(x.astype(np.float32) for x in arrays))


def _over_decisions(
    blocks: Mapping[str, Doubles],
    rows: Mapping[str, Doubles],
    by_distance: Mapping[str, float],
    linear: Mapping[str, Doubles],
) -> list[Doubles]:
    """D and the linear part, over the blocks that are decisions: (n, r) and (n, 1)."""
    distance, total = np.zeros(()), np.zeros(())
    for name in _ADDITIVE:
        x, known = blocks[name], rows[name]
        squares = (x**2).sum(axis=1)[:, None] + (known**2).sum(axis=1) - 2 * x @ known.T
        distance, total = distance + by_distance[name] * squares, total + x @ linear[name]
    return [distance, total[:, None]]


@lru_cache(maxsize=4)
def _to_scaled(space: str, dataset: str, features: tuple[str, ...] | None) -> tuple[Doubles, Doubles, Ints]:
    """Slope and offset from logarithms of the features that vary to the kernel's columns; which vary."""
    known = SPACES[space]
    codes = known.sample(_TRIED, seed=0)
    logs = np.log1p(feature_values(known, codes, dataset, names=features))
    columns = kernel_blocks(known, codes, dataset, features=features)["features"]
    used = np.flatnonzero(np.ptp(columns, axis=0) > 0)
    low, high = logs[:, used].argmin(axis=0), logs[:, used].argmax(axis=0)
    rise = columns[high, used] - columns[low, used]
    slope = rise / (logs[high, used] - logs[low, used])
    return slope, columns[low, used] - slope * logs[low, used], used
