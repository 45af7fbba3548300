"""Where values come from: a served predictor, an adapted one, or the user's own function.

| symbol | meaning |
|---|---|
| n, k | architectures, decisions |
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from archcast.collect.measured import Column
from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import ArchcastWarning, InputError, UnknownNameError, shorten
from archcast.featurize.spaces import Space
from archcast.search.loop.goals import Quantity
from archcast.serving import LoadedPredictor
from archcast.serving.engine import load
from archcast.serving.measured import measured_column

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
class MeasuredFirst:
    """What was measured, and for all else a predictor's answers."""

    column: Column
    other: Predicted

    @property
    def name(self) -> str:
        """Where measurements are from, and the predictor."""
        return f"measurements, else {self.other.name}"

    def mean(self, codes: Codes) -> Doubles:
        """(n,) measurements and predictions."""
        return self._first(codes, self.other.mean(codes))

    def end(self, codes: Codes, share: float, *, upper: bool) -> Doubles:
        """(n,) measurements, and ends of the other architectures' intervals."""
        return self._first(codes, self.other.end(codes, share, upper=upper))

    def _first(self, codes: Codes, predicted: Doubles) -> Doubles:
        values = self.column.values(codes)
        return np.where(np.isfinite(values), values, predicted)


@dataclass(frozen=True, slots=True)
class MeasuredAlone:
    """What was measured of a device that nothing predicts; what was not measured keeps no limit."""

    column: Column

    @property
    def name(self) -> str:
        """Where values are from."""
        return "measurements alone"

    def mean(self, codes: Codes) -> Doubles:
        """(n,) measurements, NaN where there are none."""
        return self.column.values(codes)

    def end(self, codes: Codes, share: float, *, upper: bool) -> Doubles:
        """(n,) the measurements themselves."""
        del share, upper
        return self.mean(codes)


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


def measured_of(source: Source) -> Column | None:
    """What was measured of a predictor's quantity; None of sizes, functions, and where nothing is known."""
    if isinstance(source, MeasuredFirst | MeasuredAlone):
        return source.column
    if not isinstance(source, Predicted):
        return None
    entry = source.handle.entry
    return _column(entry.space, entry.device, entry.metric, entry.dataset)


def held_by_measurements(source: Source, what: str) -> Source:
    """The source of a limit's quantity that takes measurements first, with a warning where there are none."""
    if not isinstance(source, Predicted):
        return source
    column = measured_of(source)
    if column is None or not column.by_arch:
        absent = (
            f" on this machine ({', '.join(column.absent)} may have some)" if column and column.absent else ""
        )
        warnings.warn(
            f"nothing was measured of {what}{absent}: its limit is held by predictions alone",
            ArchcastWarning,
            stacklevel=2,
        )
        return source
    return MeasuredFirst(column, source)


def _column(space: Space | str, device: str | None, metric: str, dataset: str | None = None) -> Column | None:
    try:
        return measured_column(space, device, metric, dataset)
    except UnknownNameError:  # a device that has no row, such as an adapted one
        return None


def coverage_of(share: float) -> float:
    """Coverage of the central interval of which either end has `share` of measurements on its inner side."""
    return round(2 * share - 1, 9)


def source_of(
    quantity: Quantity, space: Space, given: object, *, takes: str, measured: bool = False
) -> Source:
    """What gives the quantity: the predictor or function that was given for it, else the served one.

    Args:
        measured: whether measurements will do where nothing is served.

    Raises:
        UnknownNameError: nothing is served for it. InputError: what was given is of something else.
    """
    if takes not in SCORE_TAKES:
        raise InputError(f"score_takes must be one of {', '.join(SCORE_TAKES)}, got {shorten(takes)}")
    if given is None:
        try:
            return Predicted(load(quantity.device, quantity.metric, space.name))
        except UnknownNameError:
            column = _column(space, quantity.device, quantity.metric) if measured else None
            if column is None or not column.by_arch:
                raise
            return MeasuredAlone(column)
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
