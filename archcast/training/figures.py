"""Pictures of a fitted predictor's errors on the held-out architectures, as Matplotlib figures.

| symbol | meaning |
|---|---|
| n | held-out architectures |
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
from archcast.core.optional import require
from archcast.predictors.target import LOGARITHMIC
from archcast.training.fit import Fitted

MAX_PANELS = 9
_POINT, _LINE, _SECOND, _MUTED = "#2f6db5", "#1f2933", "#d9822b", "#6b7785"
_BINS = 8
_FEW = 20
"""Fewer points than this get no running median."""

Panel = Callable[[Any, Fitted, Doubles, Doubles], None]


def figures(fitted: Fitted) -> dict[str, Any]:
    """Every figure of a fitted predictor, by the name its file gets."""
    return {
        "predicted_against_measured": predicted_against_measured(fitted),
        "error_by_size": error_by_size(fitted),
        "rank_correlation_by_device": rank_correlation_by_device(fitted),
    }


def predicted_against_measured(fitted: Fitted) -> Any:
    """Predicted against measured values, one panel a target; the dashed lines are 10 % off."""
    return _grid(fitted, "Predicted against measured", _draw_agreement)


def error_by_size(fitted: Fitted) -> Any:
    """Relative error against the measured value, one panel a target, with its running median."""
    return _grid(fitted, "Relative error by size", _draw_error)


def rank_correlation_by_device(fitted: Fitted) -> Any:
    """Spearman's and Kendall's rank correlation of every target, best first."""
    quality = fitted.card.quality
    names = sorted(quality, key=lambda name: quality[name]["spearman"])
    spearman = np.array([quality[name]["spearman"] for name in names])
    kendall = np.array([quality[name]["kendall"] for name in names])
    figure = _figure(7.0, 1.7 + 0.27 * len(names))
    axes = figure.add_subplot()
    rows = np.arange(len(names))
    axes.barh(rows, spearman, height=0.66, color=_POINT, label="Spearman")
    axes.plot(kendall, rows, "o", color=_SECOND, markersize=5, linestyle="none", label="Kendall")
    for row, value in zip(rows, spearman, strict=True):
        axes.annotate(
            f"{value:.3f}",
            (max(value, 0.0), row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=_LINE,
        )
    axes.set_yticks(rows, names)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlim(min(0.0, float(spearman.min()), float(kendall.min())) * 1.1, 1.12)
    axes.set_xlabel("rank correlation on held-out architectures")
    figure.suptitle(_heading(fitted, "Rank correlation by device"), fontsize=11)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    _plain(axes)
    axes.grid(axis="y", visible=False)
    return figure


def _grid(fitted: Fitted, what: str, draw: Panel) -> Any:
    """One panel a target, the lowest rank correlation first; what is left out is named below."""
    keys = [target_key(target) for target in fitted.predictor.targets_]
    order = sorted(range(len(keys)), key=lambda i: fitted.card.quality[keys[i]]["spearman"])
    shown, rest = order[:MAX_PANELS], order[MAX_PANELS:]
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure = _figure(max(5.2, 3.5 * columns), 0.9 + max(3.1 * rows, 4.2 if rows == 1 and columns == 1 else 0))
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, i in zip(panels, shown, strict=False):
        known = np.isfinite(fitted.truth[:, i])
        measured, predicted = fitted.truth[known, i], fitted.predicted[known, i].astype(np.float64)
        draw(axes, fitted, measured, predicted)
        quality = fitted.card.quality[keys[i]]
        axes.set_title(
            f"{keys[i]}\nSpearman {quality['spearman']:.3f}, mean error {quality['mape']:.1%}", fontsize=9
        )
        _plain(axes)
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    figure.suptitle(_heading(fitted, what), fontsize=11)
    if rest:
        figure.supxlabel(_left_out([keys[i] for i in rest]), fontsize=8, color=_MUTED)
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
            color=_LINE,
            linewidth=0.8,
            alpha=0.8 if exact else 0.4,
            scalex=False,
            scaley=False,
        )
    axes.plot(measured, predicted, ".", color=_POINT, **_dots(len(measured)))
    unit = _unit(fitted)
    axes.set_xlabel(f"measured ({unit})")
    axes.set_ylabel(f"predicted ({unit})")
    if logarithmic:
        _log(axes, "x", both)
        _log(axes, "y", both)
    margin = (ends[1] / ends[0]) ** 0.04 if logarithmic else (ends[1] - ends[0]) * 0.04
    limits = (ends[0] / margin, ends[1] * margin) if logarithmic else (ends[0] - margin, ends[1] + margin)
    if limits[0] < limits[1]:
        axes.set(xlim=limits, ylim=limits)


def _draw_error(axes: Any, fitted: Fitted, measured: Doubles, predicted: Doubles) -> None:
    error = 100 * (predicted - measured) / np.abs(measured)
    axes.axhline(0.0, color=_LINE, linewidth=0.8)
    axes.plot(measured, error, ".", color=_POINT, **_dots(len(measured)))
    if len(measured) >= _FEW:
        parts = np.array_split(np.argsort(measured), _BINS)
        middle = [float(np.median(measured[part])) for part in parts]
        axes.plot(middle, [float(np.median(error[part])) for part in parts], color=_SECOND, linewidth=1.8)
    axes.set_xlabel(f"measured ({_unit(fitted)})")
    axes.set_ylabel("relative error (%)")
    if _logarithmic(fitted):
        _log(axes, "x", measured)


def _figure(width: float, height: float) -> Any:
    figure: Any = require("matplotlib.figure", extra="plot", purpose="figures of errors").Figure
    return figure(figsize=(width, height), dpi=110, layout="constrained")


def _heading(fitted: Fitted, what: str) -> str:
    predictor, rows = fitted.predictor, fitted.card.rows
    about = f"{predictor.metric_} of {predictor.space_.name}, {predictor.family}, fitted to {rows} rows"
    return f"{what}\n{about}"


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


def _log(axes: Any, which: str, values: Doubles) -> None:
    """A logarithmic axis labelled in plain numbers, also where it spans less than a factor of ten."""
    ticker = require("matplotlib.ticker", extra="plot", purpose="figures of errors")
    getattr(axes, f"set_{which}scale")("log")
    axis = getattr(axes, f"{which}axis")
    spread = float(values.max() / values.min())
    subs: tuple[float, ...] = (1.0,)
    for most, finer in ((200, (1, 2, 5)), (12, (1, 2, 3, 5)), (5, (1, 1.5, 2, 3, 4, 6))):
        subs = finer if spread < most else subs
    few = spread < 1.8
    axis.set_major_locator(ticker.MaxNLocator(5) if few else ticker.LogLocator(subs=subs, numticks=12))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(ticker.NullFormatter())


def _plain(axes: Any) -> None:
    axes.grid(visible=True, color="#e3e7ec", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.xaxis.label.set_size(9)
    axes.yaxis.label.set_size(9)
