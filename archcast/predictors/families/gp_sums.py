"""The mean of a Gaussian process as sums of tables, where a space's features are sums over its groups.

| symbol | meaning |
|---|---|
| n, r | architectures; those that the process was fitted to |
| f | features that vary, see `archcast.featurize.encoders.kernel_blocks` |
| D | (n, r) squared distances over one-hot and numbered decisions, weights w_b in |
| Z | (n, f) logarithms of features, scaled, sqrt(w) of their block in |
| t, a | parameters and weights of the process, see `archcast.predictors.families.gp` |

The mean of the process is s sum_i a_i M(D_i + |Z - Z_i|^2) + 2 sum_b v_b X_b' (sum_i a_i X_b,i). D, the
features and the second sum over decisions are sums over groups of decisions, so an architecture costs a few
look-ups, a logarithm a feature and one product with an (f, r + 1) matrix, all in single precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from archcast.core.arrays import Codes, Doubles, Floats, Ints
from archcast.featurize.encoders.kernel_blocks import kernel_blocks
from archcast.featurize.features import feature_values
from archcast.featurize.spaces import SPACES
from archcast.predictors.families.gp import GP
from archcast.predictors.families.gp_evidence import split
from archcast.predictors.lowered.tables import GroupedSum, Sum

TOLERANCE = 1e-4
"""Greatest relative difference between sums and process on architectures tried."""
_TRIED = 2000
_PART = 1024
"""Architectures whose arrays stay in the processor's cache."""
_ADDITIVE = ("decisions", "levels")


def process_sums(model: GP) -> ProcessSums | None:
    """The sums of a fitted process of one target; None where they do not answer as it does.

    They are tried on 2,000 random architectures.
    """
    space = model.space_
    if space.cost_groups is None or space.function_columns(space.sample(1, seed=0)) is not None:
        return None
    made, tried = ProcessSums.of(model), space.sample(_TRIED, seed=0)
    plain = model.predict_checked(tried)
    return made if np.allclose(made(tried), plain[:, 0], rtol=TOLERANCE, atol=0) else None


@dataclass(frozen=True, slots=True)
class ProcessSums:
    """What is called.

    Shapes:
        sums: of D, the linear part over decisions, and features plus 1, (T, r + 1 + f)
        slope, offset: (f,), from logarithms to Z; product: (f, r + 1), of -2 Z_i and the linear part
        own: (r + 1,), |Z_i|^2 and what the linear part adds to all; weights: (r,), s a
    """

    process: GP
    sums: GroupedSum
    slope: Floats
    offset: Floats
    product: Floats
    own: Floats
    weights: Floats

    @classmethod
    def of(cls, model: GP) -> ProcessSums:
        """The tables of a fitted process of a space with `cost_groups`."""
        space, process = model.space_, model.processes_[0]
        rows = kernel_blocks(space, model.codes_[process.used], model.dataset_)
        s, w, v, _ = split(process.t)
        by_distance = dict(zip(rows, w, strict=True))
        linear = {name: 2 * own * (process.weights @ rows[name]) for name, own in zip(rows, v, strict=True)}
        slope, offset, used = _to_scaled(space.name, model.dataset_)

        def additive(codes: Codes) -> Doubles:
            blocks = kernel_blocks(space, codes, model.dataset_)
            features = 1 + feature_values(space, codes, model.dataset_)[:, used]
            return np.hstack([*_over_decisions(blocks, rows, by_distance, linear), features])

        root = np.sqrt(by_distance["features"])
        known = rows["features"][:, used]
        product = np.column_stack([-2 * root * known.T, linear["features"][used] / root])
        own = np.append(root**2 * (known**2).sum(axis=1), 0.0)
        single = [
            x.astype(np.float32) for x in (root * slope, root * offset, product, own, s * process.weights)
        ]
        sums = Sum.of(additive, space.cost_groups or (), space)
        return cls(model, sums.packed(np.float32), *single)

    def __call__(self, codes: Codes) -> Doubles:
        """Values in the metric's unit.

        Shapes:
            codes: (n, k); output: (n,)
        """
        latent = np.empty(len(codes))
        for i in range(0, len(codes), _PART):
            latent[i : i + _PART] = self._latent(codes[i : i + _PART])
        scaled = self.process.processes_[0].back(latent)
        values: Doubles = self.process.scale_.inverse(scaled[:, None])[:, 0]
        return values

    def _latent(self, codes: Codes) -> Floats:
        sums, many = self.sums.at(codes), len(self.weights)
        z = np.log(sums[:, many + 1 :])
        z *= self.slope
        z += self.offset
        joint = z @ self.product
        joint += sums[:, : many + 1]
        joint += self.own
        r2 = joint[:, :many]
        r2 += np.einsum("nf,nf->n", z, z)[:, None]
        r = np.sqrt(5.0 * np.maximum(r2, 0.0))
        value = np.exp(-r)
        value *= 1.0 + r + r * r / 3.0
        latent: Floats = value @ self.weights + joint[:, many]
        return latent


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
def _to_scaled(space: str, dataset: str) -> tuple[Doubles, Doubles, Ints]:
    """Slope and offset from logarithms of the features that vary to the kernel's columns; which vary."""
    known = SPACES[space]
    codes = known.sample(_TRIED, seed=0)
    logs = np.log1p(feature_values(known, codes, dataset))
    columns = kernel_blocks(known, codes, dataset)["features"]
    used = np.flatnonzero(np.ptp(columns, axis=0) > 0)
    low, high = logs[:, used].argmin(axis=0), logs[:, used].argmax(axis=0)
    rise = columns[high, used] - columns[low, used]
    slope = rise / (logs[high, used] - logs[low, used])
    return slope, columns[low, used] - slope * logs[low, used], used
