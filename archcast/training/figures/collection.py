"""Every picture of a fitted predictor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archcast.training.figures.panels import error_by_size, predicted_against_measured
from archcast.training.figures.summaries import (
    interval_coverage_by_device,
    learning_curve_of,
    rank_correlation_by_device,
)
from archcast.training.fit import Fitted
from archcast.training.learning import CurvePoint


def figures(fitted: Fitted, curve: Sequence[CurvePoint] = ()) -> dict[str, Any]:
    """Every figure of a fitted predictor, and of its learning curve if given, by the name its file gets."""
    drawings = {
        "predicted_against_measured": predicted_against_measured(fitted),
        "error_by_size": error_by_size(fitted),
        "rank_correlation_by_device": rank_correlation_by_device(fitted),
        "interval_coverage": interval_coverage_by_device(fitted),
    }
    return drawings | {"learning_curve": learning_curve_of(fitted, curve)} if curve else drawings
