"""What a search is to reach, in words: `accuracy`, `latency@raspi4`, `latency@raspi4<=11`, `params<=5e6`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from archcast.core.doubts import Doubt, tell
from archcast.core.errors import InputError, UnknownNameError, shorten
from archcast.core.metric import METRICS
from archcast.core.numbers import is_number, read_number
from archcast.featurize.spaces import Space
from archcast.search.loop.sizes import MEMORY, size_names, size_unit

_QUANTITY = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:@\s*([^\s@<>]+(?: +[^\s@<>]+)*))?\s*")
_LIMIT = re.compile(r"(.*?)(<=|>=)\s*(\S+)\s*")
_CALLED = {"<=": "at most", ">=": "at least"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A metric of a device, or a size of the network; for accuracy the data set takes the device's place.

    Attributes:
        device: None where it was not named, and of a size.
        is_size: whether it is counted of the network itself, see `archcast.search.loop.sizes`.
    """

    metric: str
    device: str | None = None
    is_size: bool = False

    @property
    def text(self) -> str:
        """As it is written: `latency@raspi4`."""
        return self.metric if self.device is None else f"{self.metric}@{self.device}"

    @property
    def unit(self) -> str:
        """The metric's unit, or the size's; empty where it has none."""
        return size_unit(self.metric) if self.is_size else METRICS[self.metric].unit

    @property
    def label(self) -> str:
        """With its unit: `latency@raspi4 (ms)`."""
        return f"{self.text} ({self.unit})" if self.unit else self.text


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
        if not is_number(self.value):
            raise InputError(f"value of a limit must be a finite number, got {shorten(self.value)}")
        if self.quantity.metric == "accuracy" and not 0 <= self.value <= 100:
            raise InputError(f"a limit of accuracy must be 0 to 100 %, got {self.value:g}")

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
        return f"{_CALLED[self.sign]} {self.value:g} {self.quantity.unit}".rstrip()


def parse_quantity(text: str, space: Space | None = None) -> Quantity:
    """`latency@raspi4`, `accuracy`, or with a space the size of its networks: `params`.

    Raises:
        InputError: not of that form, or a size on a device. UnknownNameError: no such metric or size.
    """
    matched = _QUANTITY.fullmatch(text) if isinstance(text, str) else None
    if matched is None:
        raise InputError(f"a metric must be written like latency@raspi4 or accuracy, got {shorten(text)}")
    name, device = matched.groups()
    if name in METRICS or space is None:
        return Quantity(METRICS[name].name, device)
    sizes = size_names(space)
    if name not in sizes:
        raise UnknownNameError(f"metric or size of {space.name}", name, {*METRICS, *sizes})
    if device is not None:
        raise InputError(f"{name} is of the network, and must be written without @{device}")
    return Quantity(name, is_size=True)


def parse_limit(
    text: str | Limit,
    *,
    read: Callable[[str], Quantity] = parse_quantity,
    example: str = "latency@raspi4<=11",
) -> Limit:
    """`latency@raspi4<=11`, `throughput@a100>=2000`, or with a `read` of a space `params<=5e6`.

    Args:
        read: gives the quantity of its name.
        example: for the message on another form.

    Raises:
        InputError: not of that form, or of accuracy and outside 0 to 100; one that is likely a fraction is
            warned of. UnknownNameError: no such metric.
    """
    if isinstance(text, Limit):
        return text
    matched = _LIMIT.fullmatch(text) if isinstance(text, str) else None
    if matched is None:
        raise InputError(f"a limit must be written like {example}, got {shorten(text)}")
    name, sign, number = matched.groups()
    limit = Limit(read(name), sign, read_number(number, "value of a limit"))
    if limit.quantity.metric == "accuracy" and 0 < limit.value <= 1:
        text = f"a limit of accuracy is {limit.value:g} %: is it in per cent, or a fraction?"
        tell([Doubt("fraction", (), text)], strict=False)
    return limit


def with_device(
    quantity: Quantity, devices: Sequence[str], dataset: str, *, has_memory: Collection[str] = ()
) -> Quantity:
    """The quantity with its device: its own, the only one that there is, or for accuracy the data set.

    Args:
        has_memory: devices that memory can be told of; on others `memory` is the size of the network.

    Raises:
        InputError: no device was named, or several were.
    """
    if quantity.device is not None or quantity.is_size:
        return quantity
    if not METRICS[quantity.metric].of_device:
        return replace(quantity, device=dataset)
    if quantity.metric == MEMORY and not any(device in has_memory for device in devices):
        return replace(quantity, is_size=True)
    if len(devices) != 1:
        listed = f"one of {', '.join(devices)}" if devices else "a device"
        raise InputError(f"{quantity.metric} must name {listed}, as in {quantity.metric}@{_example(devices)}")
    return replace(quantity, device=devices[0])


def _example(devices: Sequence[str]) -> str:
    return devices[0] if devices else "raspi4"
