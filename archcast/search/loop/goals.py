"""What a search is to reach, in words: `accuracy`, `latency@raspi4`, `latency@raspi4<=11`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from archcast.core.errors import InputError, shorten
from archcast.core.metric import METRICS
from archcast.core.numbers import read_number

_QUANTITY = re.compile(r"\s*([A-Za-z_]+)\s*(?:@\s*([^\s@<>]+))?\s*")
_LIMIT = re.compile(r"(.*?)(<=|>=)\s*(\S+)\s*")
_CALLED = {"<=": "at most", ">=": "at least"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A metric of a device; for accuracy the data set takes the device's place.

    Attributes:
        device: None where it was not named.
    """

    metric: str
    device: str | None = None

    @property
    def text(self) -> str:
        """As it is written: `latency@raspi4`."""
        return self.metric if self.device is None else f"{self.metric}@{self.device}"

    @property
    def unit(self) -> str:
        """The metric's unit."""
        return METRICS[self.metric].unit


@dataclass(frozen=True, slots=True)
class Goal:
    """A quantity to be made as large or as small as it gets."""

    quantity: Quantity
    maximize: bool


@dataclass(frozen=True, slots=True)
class Limit:
    """A quantity that must stay on one side of a value, in the metric's unit.

    Attributes:
        sign: `<=` or `>=`.
    """

    quantity: Quantity
    sign: str
    value: float

    def __post_init__(self) -> None:
        if self.sign not in _CALLED:
            raise InputError(f"sign of a limit must be <= or >=, got {shorten(self.sign)}")
        if not math.isfinite(self.value):
            raise InputError(f"value of a limit must be finite, got {self.value}")

    @property
    def upper(self) -> bool:
        """Whether the value is the most that is allowed."""
        return self.sign == "<="

    @property
    def text(self) -> str:
        """As it is written: `latency@raspi4<=11`."""
        return f"{self.quantity.text}{self.sign}{self.value:g}"

    @property
    def said(self) -> str:
        """In a sentence: `at most 11 ms`."""
        return f"{_CALLED[self.sign]} {self.value:g} {self.quantity.unit}"


def parse_quantity(text: str) -> Quantity:
    """`latency@raspi4` or `accuracy`.

    Raises:
        InputError: not of that form. UnknownNameError: no such metric.
    """
    found = _QUANTITY.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise InputError(f"a metric must be written like latency@raspi4 or accuracy, got {shorten(text)}")
    metric, device = found.groups()
    METRICS[metric]
    return Quantity(metric, device)


def parse_limit(
    text: str | Limit,
    *,
    read: Callable[[str], Quantity] = parse_quantity,
    example: str = "latency@raspi4<=11",
) -> Limit:
    """`latency@raspi4<=11` or `throughput@a100>=2000`.

    Args:
        read: gives the quantity of its name.
        example: for the message on another form.

    Raises:
        InputError: not of that form. UnknownNameError: no such metric.
    """
    if isinstance(text, Limit):
        return text
    found = _LIMIT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise InputError(f"a limit must be written like {example}, got {shorten(text)}")
    name, sign, number = found.groups()
    return Limit(read(name), sign, read_number(number, "value of a limit"))


def with_device(quantity: Quantity, devices: Sequence[str], dataset: str) -> Quantity:
    """The quantity with its device: its own, the only one that there is, or for accuracy the data set.

    Raises:
        InputError: no device was named, or several were.
    """
    if quantity.device is not None:
        return quantity
    if not METRICS[quantity.metric].of_device:
        return replace(quantity, device=dataset)
    if len(devices) != 1:
        listed = f"one of {', '.join(devices)}" if devices else "a device"
        raise InputError(f"{quantity.metric} must name {listed}, as in {quantity.metric}@{_example(devices)}")
    return replace(quantity, device=devices[0])


def _example(devices: Sequence[str]) -> str:
    return devices[0] if devices else "raspi4"
