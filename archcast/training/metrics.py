"""How well predicted values agree with measured ones."""

from __future__ import annotations

import numpy as np

from archcast.core.arrays import Doubles, Floats
from archcast.core.errors import InputError


def quality(truth: Doubles, predicted: Doubles | Floats) -> dict[str, float]:
    """Agreement on the rows whose truth is known.

    Shapes:
        truth: (n,), NaN where missing; predicted: (n,), same unit

    Returns:
        `spearman` and `kendall` (tau-b) rank correlations, 0 where a side is constant; `mape`, the mean
        absolute error relative to the truth; `within_5`, `within_10` and `within_20`, shares with a relative
        error of at most 5, 10 and 20 %; `rows`.

    Raises:
        InputError: fewer than two rows with a truth, or a prediction that is not finite.
    """
    from scipy import stats  # a second to import

    kept = np.isfinite(truth)
    y, p = truth[kept], np.asarray(predicted, dtype=np.float64)[kept]
    if len(y) < 2:
        raise InputError(f"quality must be measured on at least 2 rows, got {len(y)}")
    if not np.isfinite(p).all():
        raise InputError("predicted values must be finite", item=int((~np.isfinite(p)).argmax()))
    error = np.abs(p - y) / np.abs(y)
    constant = np.ptp(y) == 0 or np.ptp(p) == 0
    return {
        "spearman": 0.0 if constant else float(stats.spearmanr(y, p).statistic),
        "kendall": 0.0 if constant else float(stats.kendalltau(y, p).statistic),
        "mape": float(error.mean()),
        "within_5": float((error <= 0.05).mean()),
        "within_10": float((error <= 0.10).mean()),
        "within_20": float((error <= 0.20).mean()),
        "rows": float(len(y)),
    }
