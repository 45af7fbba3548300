"""What all pictures share: size, colours and axes; made without pyplot, so that nothing global is opened."""

from __future__ import annotations

from typing import Any

from archcast.core.optional import require

POINT, LINE, SECOND, MUTED = "#2f6db5", "#1f2933", "#d9822b", "#6b7785"


def new_figure(width: float, height: float) -> Any:
    """An empty Matplotlib figure, in inches.

    Raises:
        MissingPackageError: Matplotlib is not installed.
    """
    figure: Any = require("matplotlib.figure", extra="plot", purpose="pictures").Figure
    return figure(figsize=(width, height), dpi=110, layout="constrained")


def plain_axes(axes: Any, *, grid: bool = True) -> None:
    """Small labels, a faint grid, no frame."""
    if grid:
        axes.grid(visible=True, color="#e3e7ec", linewidth=0.7)
        axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.xaxis.label.set_size(9)
    axes.yaxis.label.set_size(9)
