"""Evidence of a Gaussian process, its gradient, and the search for the hyper-parameters.

| symbol | meaning |
|---|---|
| X_b | (n, d_b) scaled columns of block b |
| D_b, G_b | (n, n') squared distances and products of the rows of X_b |
| t | (2B + 2,) logarithms of s, w_1..w_B, v_1..v_B, e |
| K | s M(sum_b w_b D_b) + 2 sum_b v_b G_b, with M the Matern kernel of smoothness 5/2 |
| e | variance of the noise |
| y | (n,) standardised values |

-log p(y | t) = y' A^-1 y / 2 + log|A| / 2 with A = K + e I (Rasmussen and Williams, Gaussian Processes for
Machine Learning, 2006, equations 4.17, 5.8 and 5.9). Each entry of t has a normal prior, without which 25
values fit anything; t is where evidence times prior is greatest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles

Blocks = Mapping[str, Doubles]
_JITTER = 1e-8
_SLOPE = 1e-2
"""Steepest slope at which the search ends."""


@dataclass(frozen=True, slots=True)
class Prior:
    """Normal prior of t, the same for every block.

    Attributes:
        signal, linear, noise: shares of the variance that the prior expects.
        spread: standard deviation of log s, w and v; noise_spread: that of log e.
    """

    signal: float = 1.0
    linear: float = 0.1
    noise: float = 0.1
    spread: float = 1.5
    noise_spread: float = 1.0

    def of(self, blocks: int) -> tuple[Doubles, Doubles]:
        """Mean and standard deviation of t, (2B + 2,)."""
        mean = [self.signal, *[1 / blocks] * blocks, *[self.linear / blocks] * blocks, self.noise]
        deviation = np.full(len(mean), self.spread)
        deviation[-1] = self.noise_spread
        return np.log(mean), deviation


@dataclass(frozen=True, slots=True)
class Pairs:
    """D_b and G_b of the rows with each other.

    Shapes:
        distances, products: (B, n, n)
    """

    distances: Doubles
    products: Doubles

    @classmethod
    def of(cls, rows: Blocks) -> Pairs:
        """Of all blocks, in their order."""
        products = np.stack([x @ x.T for x in rows.values()])
        own = np.stack([(x**2).sum(axis=1) for x in rows.values()])
        return cls(np.maximum(own[:, :, None] + own[:, None, :] - 2 * products, 0.0), products)


def kernel(left: Blocks, right: Blocks, t: Doubles) -> Doubles:
    """K between two sets of rows, from two products of matrices however many blocks there are.

    Shapes:
        output: (n, n')
    """
    s, w, v, _ = split(t)
    a, b = _joined(left, right, w), _joined(right, right, w)
    r2 = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    total, _ = _matern(np.maximum(r2, 0.0))
    total *= s
    total += 2 * _joined(left, right, v) @ _joined(right, right, v).T
    return total


def variance(rows: Blocks, t: Doubles) -> Doubles:
    """K of each row with itself, (n,)."""
    s, _, v, _ = split(t)
    own: Doubles = s + 2 * (_joined(rows, rows, v) ** 2).sum(axis=1)
    return own


def _joined(rows: Blocks, order: Blocks, weights: Doubles) -> Doubles:
    return np.concatenate([rows[n] * np.sqrt(x) for n, x in zip(order, weights, strict=True)], axis=1)


def split(t: Doubles) -> tuple[float, Doubles, Doubles, float]:
    """s, w (B,), v (B,) and e of their logarithms."""
    p = np.exp(t)
    blocks = (len(t) - 2) // 2
    return float(p[0]), p[1 : 1 + blocks], p[1 + blocks : -1], float(p[-1])


def _matern(r2: Doubles) -> tuple[Doubles, Doubles]:
    """M and its derivative by the squared distance."""
    r = np.sqrt(5.0 * r2)
    decay = np.exp(-r)
    slope = (-5.0 / 6.0) * (1.0 + r) * decay
    return (1.0 + r + r * r / 3.0) * decay, slope


def posterior(rows: Blocks, t: Doubles, y: Doubles) -> Doubles:
    """Weights A^-1 y.

    Shapes:
        y: (n,); output: (n,)
    """
    weights: Doubles = np.asarray(np.linalg.solve(noisy(rows, t), y), dtype=np.float64)
    return weights


def noisy(rows: Blocks, t: Doubles) -> Doubles:
    """A, (n, n)."""
    a = kernel(rows, rows, t)
    a[np.diag_indices_from(a)] += np.exp(t[-1]) + _JITTER
    return a


def search(rows: Blocks, y: Doubles, prior: Prior, steps: int) -> Doubles:
    """t of greatest evidence times prior, in units of the prior's deviation from its mean on.

    Shapes:
        y: (n,); output: (2B + 2,)
    """
    from scipy.optimize import minimize

    pairs = Pairs.of(rows)
    mean, deviation = prior.of(len(rows))

    def objective(z: Doubles) -> tuple[float, Doubles]:
        value, gradient = _negative_evidence(pairs, mean + deviation * z, y)
        return value + 0.5 * float(z @ z), deviation * gradient + z

    start = np.zeros_like(mean)
    ended = minimize(objective, start, jac=True, method="BFGS", options={"maxiter": steps, "gtol": _SLOPE})
    t: Doubles = mean + deviation * ended.x
    return t


def _negative_evidence(pairs: Pairs, t: Doubles, y: Doubles) -> tuple[float, Doubles]:
    s, w, v, e = split(t)
    value, slope = _matern(np.tensordot(w, pairs.distances, 1))
    a = s * value + 2 * np.tensordot(v, pairs.products, 1)
    a[np.diag_indices_from(a)] += e + _JITTER
    try:
        lower = np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        return np.inf, np.zeros_like(t)
    inverse = np.linalg.inv(a)
    weights = inverse @ y
    q = (inverse - np.outer(weights, weights)).ravel()
    by_distance = pairs.distances.reshape(len(w), -1) @ (q * slope.ravel())
    by_product = pairs.products.reshape(len(v), -1) @ q
    noise = float(q[:: len(y) + 1].sum())
    gradient = 0.5 * np.array(
        [s * (q @ value.ravel()), *(s * w * by_distance), *(2 * v * by_product), e * noise]
    )
    return 0.5 * float(y @ weights) + float(np.log(np.diag(lower)).sum()), gradient
