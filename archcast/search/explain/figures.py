"""Picture of an explanation: from the baseline to the prediction, one bar a decision."""

from __future__ import annotations

from typing import Any

from archcast.core.pictures import LINE, MUTED, POINT, SECOND, new_figure, plain_axes
from archcast.search.explain.contributions import Explanation

_MOST = 24


def draw_explanation(explanation: Explanation) -> Any:
    """Bars of the largest contributions, those that are left in one, each starting where the last ended.

    Returns:
        A matplotlib figure.
    """
    ordered = sorted(explanation.contributions, key=lambda c: -abs(c.value))
    shown, rest = ordered[:_MOST], ordered[_MOST:]
    bars = [(f"{c.decision}: {c.choice}" if c.choice else c.decision, c.value, c.error) for c in shown]
    if rest:
        bars.append((f"{len(rest)} others", sum(c.value for c in rest), 0.0))
    figure = new_figure(7.2, 1.3 + 0.24 * len(bars))
    axis = figure.subplots()
    start = explanation.baseline
    for row, (_, value, error) in enumerate(bars):
        colour = SECOND if value > 0 else POINT
        axis.barh(row, value, left=start, color=colour, height=0.7, xerr=error or None, ecolor=LINE)
        start += value
        axis.text(max(start, start - value), row, f" {value:+.3g}", va="center", fontsize=7)
    axis.axvline(explanation.baseline, color=MUTED, linewidth=0.8, linestyle=":")
    axis.axvline(explanation.value, color=LINE, linewidth=0.8)
    axis.set_yticks(range(len(bars)), [label for label, _, _ in bars], fontsize=7)
    axis.invert_yaxis()
    axis.use_sticky_edges = False
    axis.margins(x=0.1, y=0.02)
    axis.set_xlabel(f"{explanation.metric}, {explanation.unit}")
    plain_axes(axis, grid=False)
    axis.tick_params(axis="y", labelsize=7)
    arch = explanation.arch if len(explanation.arch) < 70 else f"{explanation.arch[:66]} ..."
    figure.suptitle(
        f"{explanation.metric} of {explanation.space} on {explanation.device}: from "
        f"{explanation.baseline:.4g} to {explanation.value:.4g} {explanation.unit}\n{arch}",
        fontsize=9,
    )
    return figure
