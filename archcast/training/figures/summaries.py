"""Figures that sum up a predictor over its targets: rank correlation, coverage, learning curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.labels import target_key
from archcast.core.pictures import LINE, MUTED, POINT, SECOND, new_figure, plain_axes
from archcast.predictors.intervals import LEVELS
from archcast.training.coverage import COVERAGE, PARTS, coverage_by_size, interval_coverage
from archcast.training.figures.parts import heading
from archcast.training.fit import Fitted
from archcast.training.learning import CurvePoint


def rank_correlation_by_device(fitted: Fitted) -> Any:
    """Spearman's and Kendall's rank correlation of every target, best first."""
    quality = fitted.card.quality
    names = sorted(quality, key=lambda name: quality[name]["spearman"])
    spearman = np.array([quality[name]["spearman"] for name in names])
    kendall = np.array([quality[name]["kendall"] for name in names])
    figure = new_figure(7.0, 1.7 + 0.27 * len(names))
    axes = figure.add_subplot()
    rows = np.arange(len(names))
    axes.barh(rows, spearman, height=0.66, color=POINT, label="Spearman")
    axes.plot(kendall, rows, "o", color=SECOND, markersize=5, linestyle="none", label="Kendall")
    for row, value in zip(rows, spearman, strict=True):
        axes.annotate(
            f"{value:.3f}",
            (max(value, 0.0), row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=LINE,
        )
    axes.set_yticks(rows, names)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlim(min(0.0, float(spearman.min()), float(kendall.min())) * 1.1, 1.12)
    axes.set_xlabel("rank correlation")
    figure.suptitle(heading(fitted, "Rank correlation by device"), fontsize=11)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    plain_axes(axes)
    axes.grid(axis="y", visible=False)
    return figure


def interval_coverage_by_device(fitted: Fitted) -> Any:
    """Cross-fitted coverage of the intervals: against the nominal one, and of 90 % by predicted size."""
    names = [target_key(target) for target in fitted.predictor.targets_]
    figure = new_figure(9.6, 4.7)
    overall, by_size = figure.subplots(1, 2)
    ends = [100 * LEVELS[0], 100 * LEVELS[-1]]
    overall.plot(ends, ends, "--", color=LINE, linewidth=0.9, label="as promised")
    _draw_targets(overall, 100 * LEVELS, 100 * interval_coverage(fitted), names)
    overall.set_xlabel("nominal coverage (%)")
    overall.set_ylabel("tested measurements inside (%)")
    overall.legend(loc="upper left", fontsize=8, frameon=False)
    nominal, fifths = 100 * COVERAGE, np.arange(1, PARTS + 1)
    by_size.plot(fifths[[0, -1]], [nominal, nominal], "--", color=LINE, linewidth=0.9)
    _draw_targets(by_size, fifths, 100 * coverage_by_size(fitted), names)
    by_size.set_xticks(fifths)
    by_size.set_ylim(top=101)
    by_size.set_xlabel("fifth of the predicted values, smallest first")
    by_size.set_ylabel(f"inside the {nominal:.0f} % interval (%)")
    for axes in (overall, by_size):
        plain_axes(axes)
    figure.suptitle(heading(fitted, "Interval coverage"), fontsize=11)
    figure.supxlabel(
        "widths learned from one half of the tested rows, tested on the other, both ways",
        fontsize=8,
        color=MUTED,
    )
    return figure


def _draw_targets(axes: Any, x: Any, columns: Doubles, names: Sequence[str]) -> None:
    """One line a target and, where there are several, their mean."""
    several = len(names) > 1
    style = {"linewidth": 1.0, "alpha": 0.35} if several else {"linewidth": 1.8, "marker": "."}
    for i, column in enumerate(columns.T):
        label = ("one device each" if several else names[0]) if i == 0 else None
        axes.plot(x, column, color=POINT, label=label, **style)
    if several:
        axes.plot(x, columns.mean(axis=1), color=SECOND, linewidth=2.0, label=f"mean of {len(names)} devices")


def learning_curve_of(fitted: Fitted, curve: Sequence[CurvePoint]) -> Any:
    """Mean rank correlation and error on the tested rows against rows fitted to."""
    points = sorted(curve, key=lambda point: point.rows)
    rows = np.array([float(point.rows) for point in points])
    figure = new_figure(8.4, 4.0)
    ranks, errors = figure.subplots(1, 2)
    for name, colour in (("spearman", POINT), ("kendall", SECOND)):
        values = [point.quality[name] for point in points]
        ranks.plot(rows, values, "o-", color=colour, markersize=4, label=name.capitalize())
        ranks.annotate(
            f"{values[-1]:.3f}",
            (rows[-1], values[-1]),
            (0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    ranks.set_ylabel("rank correlation")
    ranks.legend(loc="lower right", fontsize=8, frameon=False)
    ranks.margins(y=0.12)
    errors.plot(rows, [100 * point.quality["mape"] for point in points], "o-", color=POINT, markersize=4)
    errors.set_ylabel("mean absolute error (%)")
    errors.set_ylim(bottom=0)
    for axes in (ranks, errors):
        axes.set_xlabel("architectures fitted to")
        axes.set_xscale("log")
        axes.set_xticks(rows, [f"{point.rows:,}" for point in points], rotation=45)
        axes.minorticks_off()
        plain_axes(axes)
    figure.suptitle(heading(fitted, "Learning curve"), fontsize=11)
    return figure
