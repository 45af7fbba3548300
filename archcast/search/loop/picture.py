"""A search as a picture: what was scored, the limits, the front, and how the best came about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.pictures import LINE, POINT, SECOND, new_figure, plain_axes

if TYPE_CHECKING:
    from archcast.search.loop.result import SearchResult

_BROKEN = "#c9d0d8"


def search_picture(result: SearchResult) -> Any:
    """A Matplotlib figure, made without pyplot.

    Left: the first goal over the second, or over the first limit's quantity as it was held. Right: the best
    value of each goal among architectures that keep the limits, by evaluations.
    """
    figure = new_figure(10, 4)
    left, right = figure.subplots(1, 2)
    _scored(left, result)
    _progress(right, result)
    settings = result.settings
    figure.suptitle(
        f"{settings['space']}: {settings['method']}, {len(result.codes)} evaluations", fontsize=10
    )
    for axes in (left, right):
        plain_axes(axes)
    return figure


def _scored(axes: Any, result: SearchResult) -> None:
    problem, values = result.problem, result.values
    goal = problem.goals[0].quantity
    across, label = _across(result)
    kept = result.scores.violation == 0
    for rows, colour, said in ((~kept, _BROKEN, "breaks a limit"), (kept, POINT, "keeps all limits")):
        if rows.any():
            axes.scatter(across[rows], values[rows, 0], s=8, color=colour, linewidths=0, label=said)
    if len(problem.goals) == 1 and problem.limits:
        axes.axvline(problem.limits[0].value, color=LINE, linewidth=1, linestyle="--", label="limit")
    front = result.front_rows
    if len(front):
        axes.scatter(across[front], values[front, 0], s=34, color=SECOND, edgecolors=LINE, label="found")
    shown = values[kept, 0] if kept.any() else values[:, 0]
    _focus(axes, shown)
    axes.set_xlabel(label)
    axes.set_ylabel(goal.label)
    axes.legend(fontsize=7, frameon=False)


def _focus(axes: Any, values: Doubles) -> None:
    """Leave the worst tenth out of sight where it would squeeze all the rest."""
    low, high = np.quantile(values, [0.1, 0.9])
    if np.ptp(values) > 3 * (high - low) > 0:
        middle, reach = (low + high) / 2, 1.5 * (high - low)
        axes.set_ylim(
            max(middle - reach, values.min()) - 0.05 * reach, min(middle + reach, values.max()) + 0.05 * reach
        )


def _across(result: SearchResult) -> tuple[Doubles, str]:
    problem = result.problem
    if len(problem.goals) > 1:
        second = problem.goals[1].quantity
        return result.values[:, 1], second.label
    if problem.limits:
        limit = problem.limits[0]
        held = "" if problem.hold is None or limit.quantity.is_size else f", held at {problem.hold:.0%}"
        return result.values[:, 1], f"{limit.quantity.label}{held}"
    return np.arange(1.0, len(result.codes) + 1), "evaluations"


def _progress(axes: Any, result: SearchResult) -> None:
    kept = result.scores.violation == 0
    steps = np.arange(1, len(kept) + 1)
    for i, goal in enumerate(result.problem.goals):
        costs = np.where(kept, result.scores.costs[:, i], np.inf)
        best = np.minimum.accumulate(costs)
        known = np.isfinite(best)
        if known.any():
            shown = best[known] * result.problem.signs[i]
            axes.step(steps[known], shown, where="post", label=goal.quantity.label)
    axes.set_xlabel("evaluations")
    axes.set_ylabel("best that keeps the limits")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=7, frameon=False)
