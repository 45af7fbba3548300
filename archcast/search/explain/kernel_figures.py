"""Picture of where the cost of a network goes: parts by kind of kernel, and kernels against their work."""

from __future__ import annotations

from typing import Any

from archcast.core.pictures import LINE, new_figure, plain_axes
from archcast.search.explain.kernels import DEAR, KernelExplanation, group_by_kind
from archcast.serving.kernel_costs import by_part

_PARTS, _KINDS, _NAMED = 24, 8, 8
_COLOURS = ("#2f6db5", "#d9822b", "#3a9a5b", "#b5485d", "#7d5ba6", "#8c6d46", "#4aa3a3", "#c2a83e")
_OTHERS = "#9aa5b1"


def draw_kernels(explanation: KernelExplanation) -> Any:
    """Bars of the dearest parts, coloured by kind of kernel, beside each kernel's share of cost and of work.

    Returns:
        A matplotlib figure.
    """
    shown = explanation.parts()[:_PARTS]
    figure = new_figure(11.5, max(4.2, 1.6 + 0.24 * len(shown)))
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    colours = _colours(explanation)
    _bars(left, explanation, [name for name, _, _ in shown], colours)
    _scatter(right, explanation, colours)
    name = explanation.of if len(explanation.of) < 90 else f"{explanation.of[:86]} ..."
    figure.suptitle(
        f"{explanation.metric} on {explanation.device}: {explanation.value:.4g} {explanation.unit}\n{name}",
        fontsize=9,
    )
    return figure


def _colours(explanation: KernelExplanation) -> dict[str, str]:
    """Colour of each kind of kernel; those of least cost share one."""
    kinds = [kind for kind, _ in group_by_kind(explanation.kernels)]
    return {kind: _COLOURS[i] if i < _KINDS else _OTHERS for i, kind in enumerate(kinds)}


def _bars(axis: Any, explanation: KernelExplanation, names: list[str], colours: dict[str, str]) -> None:
    """One bar a part, the dearest on top, with its share behind it."""
    ends = dict.fromkeys(names, 0.0)
    drawn: set[str] = set()
    for kind, colour in colours.items():
        own = {name: value for name, value, _ in by_part([k for k in explanation.kernels if k.kind == kind])}
        for row, name in enumerate(names):
            if own.get(name):
                label = None if kind in drawn or colour == _OTHERS else kind
                drawn.add(kind)
                axis.barh(row, own[name], left=ends[name], color=colour, height=0.75, label=label)
                ends[name] += own[name]
    for row, name in enumerate(names):
        share = ends[name] / explanation.value if explanation.value else 0.0
        axis.text(ends[name], row, f" {ends[name]:.3g} ({share:.0%})", va="center", fontsize=7, color=LINE)
    axis.set_yticks(range(len(names)), [name[-36:] for name in names], fontsize=7)
    axis.invert_yaxis()
    axis.margins(x=0.18)
    axis.set_xlabel(f"{explanation.metric} by part, {explanation.unit}")
    plain_axes(axis, grid=False)
    axis.tick_params(axis="y", labelsize=7)
    axis.legend(fontsize=7, frameon=False, loc="lower right")


def _scatter(axis: Any, explanation: KernelExplanation, colours: dict[str, str]) -> None:
    """Share of the cost over share of the work; above the line a kernel is dear for what it computes."""
    points = [one for one in explanation.kernels if one.dearness and one.share > 0]
    work = [one.share / one.dearness for one in points]
    shares = [one.share for one in points]
    axis.scatter(work, shares, s=14, c=[colours[one.kind] for one in points], alpha=0.8, linewidths=0)
    if points:
        ends = min(*work, *shares) / 2, max(*work, *shares) * 2
        axis.plot(ends, ends, color=LINE, linewidth=0.8)
        axis.plot(ends, [DEAR * end for end in ends], color=LINE, linewidth=0.8, linestyle=":")
    axis.set(xscale="log", yscale="log")
    for one, _ in explanation.dear()[:_NAMED]:
        text = f"{one.kind}, {one.part[-24:]}"
        axis.annotate(
            text, (one.share / one.dearness, one.share), fontsize=6, xytext=(3, 3), textcoords="offset points"
        )
    axis.set(xlabel="share of multiply-adds and bytes", ylabel="share of the cost")
    axis.set_title("kernels above the line are dear for their work", fontsize=8)
    plain_axes(axis, grid=False)
