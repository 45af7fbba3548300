"""Whether a predictor's quick export may stand in for it, judged by what was measured.

| symbol | meaning |
|---|---|
| n | architectures: drawn at random, or measured and held out from both |
| a, b | (n,) absolute errors of the export and of its teacher on the measured ones |

The export must not be worse: the upper end of the 95 % interval of r = (mean a - mean b) / mean b, the
architectures being the same, must stay below `WORSE`; and the two must rank alike. r is a ratio of means,
whose standard error is that of a - (1 + r) b over mean b and root n (Cochran, Sampling Techniques, 1977,
section 2.11). Where no measurement is at hand, mean a <= mean b + mean |export - teacher| bounds r. And no
answer may be far off, however seldom: on the architectures drawn at random the largest relative difference
from the teacher must stay below `FARTHEST`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from archcast.core.arrays import Doubles, Floats

ROWS = 20_000
SEPARATE_SEED = 20_000_000
"""Of the architectures on which an export is compared, apart from those that anything was drawn by."""
SPEARMAN, WORSE, FARTHEST = 0.99, 0.02, 0.05
"""Least rank correlation with the teacher; most by which errors may be larger, by the 95 % bound; most that
any answer may differ from the teacher's, relatively."""
_SAME = 2e-5
_SHARE = 0.975


@dataclass(frozen=True, slots=True)
class Agreement:
    """How an export compares with its teacher and with what was measured.

    Attributes:
        rows: architectures drawn at random on which the two are compared.
        spearman: their rank correlation (Spearman, 1904), ties sharing their mean rank.
        median_difference, mean_difference, most_difference: relative differences.
        wide_difference, rare_difference: relative difference that 99 in 100 and 999 in 1,000 stay below.
        held_out: measured architectures by which `worse` was found; 0 where it is bound by the teacher's
            known error.
        teacher_error, export_error: mean absolute errors on them, in the metric's unit; 0 without them.
        worse: upper end of the 95 % interval of how much larger the export's error is, as a share.
    """

    rows: int
    spearman: float
    median_difference: float
    mean_difference: float
    wide_difference: float
    rare_difference: float
    most_difference: float
    held_out: int
    teacher_error: float
    export_error: float
    worse: float

    @property
    def holds(self) -> bool:
        """Whether the one may stand in for the other."""
        return self.spearman >= SPEARMAN and self.worse < WORSE and self.most_difference < FARTHEST

    def to_json(self) -> dict[str, float]:
        """Figures by name."""
        return asdict(self)

    def __str__(self) -> str:
        by = f"{self.held_out} held-out measurements" if self.held_out else "its teacher's known error"
        return (
            f"Spearman {self.spearman:.5f} with its teacher on {self.rows} architectures, no answer farther "
            f"than {self.most_difference:.2%} from it, and an error at most {self.worse:+.1%} larger by {by}"
        )


def agreement(
    made: Floats,
    teacher: Floats,
    *,
    measured: tuple[Doubles, Floats, Floats] | None = None,
    known_error: float = 0.0,
) -> Agreement:
    """Compare answers for the same architectures.

    Args:
        measured: measurements that neither was taught, and what the export and the teacher say of them.
        known_error: mean relative error of the teacher, for where there are none; 0 is unknown.

    Shapes:
        made, teacher: (n,); measured: (r,) each
    """
    from scipy.stats import spearmanr

    a, b = made.astype(np.float64), teacher.astype(np.float64)
    difference = np.abs(a - b) / np.maximum(np.abs(b), 1e-300)
    median, wide, rare, most = np.quantile(difference, (0.5, 0.99, 0.999, 1.0)).tolist()
    flat = np.ptp(a) == 0 or np.ptp(b) == 0  # no ranks to compare
    spearman = float(np.array_equal(a, b)) if flat else float(spearmanr(a, b).statistic)
    mean = float(difference.mean())
    held_out, theirs, ours = 0, 0.0, 0.0
    worse = mean / known_error if known_error > 0 else np.inf
    if measured is not None:
        truth, exported, taught = (x.astype(np.float64) for x in measured)
        of_export, of_teacher = np.abs(exported - truth), np.abs(taught - truth)
        held_out, ours, theirs = len(truth), float(of_export.mean()), float(of_teacher.mean())
        worse = worse_by(of_export, of_teacher)
    if most <= _SAME:
        worse = min(worse, 0.0)
    return Agreement(len(a), spearman, median, mean, wide, rare, most, held_out, theirs, ours, float(worse))


def worse_by(errors: Doubles, others: Doubles) -> float:
    """Upper end of the 95 % interval of how much larger errors are than others of the same architectures.

    Shapes:
        errors, others: (n,)
    """
    from scipy.stats import t

    n, size = len(errors), float(others.mean())
    if n < 2 or size == 0:
        return 0.0 if n and not errors.any() else float("inf")
    ratio = float(errors.mean()) / size
    spread = float((errors - ratio * others).std(ddof=1)) / size / n**0.5
    quantile = float(t.ppf(_SHARE, n - 1))
    return float(ratio - 1.0 + quantile * spread)


def worst(agreements: Sequence[Agreement]) -> Agreement:
    """The worst of each figure over several targets."""
    figures = {name: max(getattr(a, name) for a in agreements) for name in agreements[0].to_json()}
    least = {name: min(getattr(a, name) for a in agreements) for name in ("rows", "spearman", "held_out")}
    return Agreement(**figures | least)
