"""What figures of a fitted predictor share: heading and logarithmic axes."""

from __future__ import annotations

from typing import Any

from archcast.core.arrays import Doubles
from archcast.core.optional import require
from archcast.training.fit import Fitted


def heading(fitted: Fitted, what: str) -> str:
    """What the figure shows, and of which predictor."""
    predictor, rows = fitted.predictor, fitted.card.rows
    about = f"{predictor.metric_} of {predictor.space_.name}, {predictor.family}, fitted to {rows} rows"
    return f"{what}\n{about}"


def log_axis(axes: Any, which: str, values: Doubles) -> None:
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
