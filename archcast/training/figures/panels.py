"""Pictures of a fitted predictor's errors on the tested architectures, one panel a target.

| symbol | meaning |
|---|---|
| n | tested architectures |
| m | targets (devices) |

Figures are built without pyplot: nothing global is opened, so nothing has to be closed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.labels import target_key
from archcast.core.metric import METRICS
from archcast.core.pictures import LINE, MUTED, POINT, SECOND, new_figure, plain_axes
from archcast.predictors.scale import LOGARITHMIC
from archcast.training.figures.parts import heading, log_axis
from archcast.training.fit import Fitted

MAX_PANELS = 9
_BINS = 8
_FEW = 20
"""Fewer points than this get no running median."""

Panel = Callable[[Any, Fitted, Doubles, Doubles], None]


def predicted_against_measured(fitted: Fitted) -> Any:
    """Predicted against measured values, one panel a target; the dashed lines are 10 % off."""
    return _grid(fitted, "Predicted against measured", _draw_agreement)


def error_by_size(fitted: Fitted) -> Any:
    """Relative error against the measured value, one panel a target, with its running median."""
    return _grid(fitted, "Relative error by size", _draw_error)


def _grid(fitted: Fitted, what: str, draw: Panel) -> Any:
    """One panel a target, the lowest rank correlation first; what is left out is named below."""
    keys = [target_key(target) for target in fitted.predictor.targets_]
    order = sorted(range(len(keys)), key=lambda i: fitted.card.quality[keys[i]]["spearman"])
    shown, rest = order[:MAX_PANELS], order[MAX_PANELS:]
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure = new_figure(
        max(5.2, 3.5 * columns), 0.9 + max(3.1 * rows, 4.2 if rows == 1 and columns == 1 else 0)
    )
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, i in zip(panels, shown, strict=False):
        known = np.isfinite(fitted.truth[:, i])
        measured, predicted = fitted.truth[known, i], fitted.predicted[known, i].astype(np.float64)
        draw(axes, fitted, measured, predicted)
        quality = fitted.card.quality[keys[i]]
        axes.set_title(
            f"{keys[i]}\nSpearman {quality['spearman']:.3f}, mean error {quality['mape']:.1%}", fontsize=9
        )
        plain_axes(axes)
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    figure.suptitle(heading(fitted, what), fontsize=11)
    if rest:
        figure.supxlabel(_left_out([keys[i] for i in rest]), fontsize=8, color=MUTED)
    return figure


def _draw_agreement(axes: Any, fitted: Fitted, measured: Doubles, predicted: Doubles) -> None:
    both = np.concatenate([measured, predicted])
    logarithmic = _logarithmic(fitted)
    ends = np.array([both.min(), both.max()])
    for ratio in (1.0, 0.9, 1.1) if logarithmic else (1.0,):
        exact = ratio == 1.0
        axes.plot(
            ends,
            ends * ratio,
            "-" if exact else "--",
            color=LINE,
            linewidth=0.8,
            alpha=0.8 if exact else 0.4,
            scalex=False,
            scaley=False,
        )
    axes.plot(measured, predicted, ".", color=POINT, **_dots(len(measured)))
    unit = _unit(fitted)
    axes.set_xlabel(f"measured ({unit})")
    axes.set_ylabel(f"predicted ({unit})")
    if logarithmic:
        log_axis(axes, "x", both)
        log_axis(axes, "y", both)
    margin = (ends[1] / ends[0]) ** 0.04 if logarithmic else (ends[1] - ends[0]) * 0.04
    limits = (ends[0] / margin, ends[1] * margin) if logarithmic else (ends[0] - margin, ends[1] + margin)
    if limits[0] < limits[1]:
        axes.set(xlim=limits, ylim=limits)


def _draw_error(axes: Any, fitted: Fitted, measured: Doubles, predicted: Doubles) -> None:
    error = 100 * (predicted - measured) / np.abs(measured)
    axes.axhline(0.0, color=LINE, linewidth=0.8)
    axes.plot(measured, error, ".", color=POINT, **_dots(len(measured)))
    if len(measured) >= _FEW:
        parts = np.array_split(np.argsort(measured), _BINS)
        middle = [float(np.median(measured[part])) for part in parts]
        axes.plot(middle, [float(np.median(error[part])) for part in parts], color=SECOND, linewidth=1.8)
    axes.set_xlabel(f"measured ({_unit(fitted)})")
    axes.set_ylabel("relative error (%)")
    if _logarithmic(fitted):
        log_axis(axes, "x", measured)


def _left_out(names: list[str]) -> str:
    listed = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    return f"The {MAX_PANELS} of lowest rank correlation; {len(names)} more are not shown: {listed}"


def _unit(fitted: Fitted) -> str:
    return METRICS[fitted.predictor.metric_].unit


def _logarithmic(fitted: Fitted) -> bool:
    return fitted.predictor.metric_ in LOGARITHMIC


def _dots(n: int) -> dict[str, Any]:
    """Fainter and smaller where there are many."""
    return {"alpha": float(np.clip(30 / np.sqrt(n), 0.12, 0.8)), "markersize": 3 if n > 500 else 5}
