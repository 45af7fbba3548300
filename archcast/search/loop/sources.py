"""Where values come from: a served predictor, an adapted one, or the user's own function.

| symbol | meaning |
|---|---|
| n, k | architectures, decisions |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import InputError, shorten
from archcast.featurize.spaces import Space
from archcast.search.loop.goals import Quantity
from archcast.serving import LoadedPredictor
from archcast.serving.engine import load

Score = Callable[[Any], Any]
"""Values, one an architecture, of a list of architectures in their notation (or of codes)."""
SCORE_TAKES = ("archs", "codes")


class Source(Protocol):
    """Values of one quantity.

    Attributes:
        name: what it is, for files and runs.
    """

    @property
    def name(self) -> str:
        """What it is."""

    def mean(self, codes: Codes) -> Doubles:
        """(n,) in the metric's unit."""

    def end(self, codes: Codes, share: float, *, upper: bool) -> Doubles:
        """(n,) what `share` of measurements is at most (`upper`), or at least."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """A predictor's answers."""

    handle: LoadedPredictor

    @property
    def name(self) -> str:
        """Family and contents of the predictor."""
        entry = self.handle.entry
        return f"{entry.predictor} {entry.origin} {entry.digest}".strip()

    def mean(self, codes: Codes) -> Doubles:
        """(n,) predictions."""
        return self.handle.predict_codes(codes).astype(np.float64)

    def end(self, codes: Codes, share: float, *, upper: bool) -> Doubles:
        """(n,) upper or lower end of the central interval that leaves 1 - share on each side."""
        return self.handle.interval_codes(codes, coverage_of(share))[int(upper)].astype(np.float64)


@dataclass(frozen=True, slots=True)
class Scored:
    """The user's function; its values are taken as exact.

    Attributes:
        takes: `archs` or `codes`.
        may_fail: whether NaN is a value, of what could not be measured.
    """

    function: Score
    space: Space
    takes: str
    may_fail: bool = False

    @property
    def name(self) -> str:
        """The function's name."""
        return f"function {getattr(self.function, '__name__', type(self.function).__name__)}"

    def mean(self, codes: Codes) -> Doubles:
        """(n,) values."""
        given: Any = codes.copy() if self.takes == "codes" else self.space.format(codes)
        try:
            values = np.array(self.function(given), dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(f"{self.name} must give numbers: {error}") from error
        if values.shape != (len(codes),):
            raise InputError(
                f"{self.name} must give one number an architecture, {len(codes)}, got shape {values.shape}"
            )
        wrong = ~np.isfinite(values) & ~(np.isnan(values) & self.may_fail)
        if wrong.any():
            item = int(wrong.argmax())
            arch = self.space.to_text(codes[item : item + 1])[0]
            raise InputError(f"{self.name} must give finite numbers, got {values[item]} for {arch}")
        return values

    def end(self, codes: Codes, share: float, *, upper: bool) -> Doubles:
        """(n,) the values themselves."""
        del share, upper
        return self.mean(codes)


def coverage_of(share: float) -> float:
    """Coverage of the central interval of which either end has `share` of measurements on its inner side."""
    return round(2 * share - 1, 9)


def source_of(quantity: Quantity, space: Space, given: object, *, takes: str) -> Source:
    """What gives the quantity: the predictor or function that was given for it, else the served one.

    Raises:
        UnknownNameError: nothing is served for it. InputError: what was given is of something else.
    """
    if takes not in SCORE_TAKES:
        raise InputError(f"score_takes must be one of {', '.join(SCORE_TAKES)}, got {shorten(takes)}")
    if given is None:
        return Predicted(load(quantity.device, quantity.metric, space.name))
    if isinstance(given, LoadedPredictor):
        entry = given.entry
        if (entry.space, entry.metric) != (space.name, quantity.metric):
            raise InputError(
                f"predictor of {quantity.text} must predict {quantity.metric} of {space.name}, got one of "
                f"{entry.metric} of {entry.space}"
            )
        return Predicted(given)
    if callable(given):
        return Scored(given, space, takes)
    raise InputError(
        f"predictor of {quantity.text} must be a loaded predictor or a function, got {shorten(given)}"
    )
