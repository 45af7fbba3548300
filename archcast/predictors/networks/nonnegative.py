"""Non-negative prices of columns by ridge regression of relative errors.

| symbol | meaning |
|---|---|
| n, d | networks, columns |
| x | (n, d) columns; y (n,) costs |
| u | (d,) the unit of each price: what one column of those it stands under comes to, over `plausible` |
| l | ridge |

w = u v, where v >= 0 is least in |1 - (x u / y) v|^2 + n l^2 |v|^2: a price of a class is measured against
that of the pooled column it stands under, so one that few networks teach stays close to the pooled price.
The active-set method of Lawson and Hanson (Solving Least Squares Problems, 1974, chapter 23) on the Cholesky
factor of the normal equations gives v.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archcast.core.arrays import Doubles
from archcast.featurize.encoders.kernel_work import Units


def units(relative: Doubles, columns: Units) -> Doubles:
    """The unit of each price.

    Shapes:
        relative: (n, d), x / y; output: (d,), 0 for a column that no network has
    """
    size = np.sqrt(np.square(relative).mean(axis=0))
    parent = size[columns.under]
    scale = np.where(parent > 0, parent, size)
    found: Doubles = np.where(size > 0, columns.plausible / np.where(scale > 0, scale, 1.0), 0.0)
    return found


def prices(x: Doubles, y: Doubles, *, columns: Units, ridges: Sequence[float]) -> Doubles:
    """Prices at every ridge; one that no network has is `untaught` times that which it stands under.

    Shapes:
        x: (n, d), y: (n,) without NaN; output: (len(ridges), d)
    """
    from scipy.optimize import nnls  # a fifth of a second, which predicting need not wait for

    relative = x / y[:, None]
    unit = units(relative, columns)
    scaled = relative * unit
    gram, right = scaled.T @ scaled, scaled.sum(axis=0)
    out = np.empty((len(ridges), x.shape[1]))
    for place, ridge in enumerate(ridges):
        factor = np.linalg.cholesky(gram + len(y) * ridge**2 * np.eye(len(gram)))
        solved, _ = nnls(factor.T, np.linalg.solve(factor, right), maxiter=50 * len(gram))
        out[place] = solved * unit
    new = unit == 0
    out[:, new] = columns.untaught[new] * out[:, columns.under[new]]
    return out
