"""A target: the accelerator that costs are estimated for, as its YAML file describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import product
from typing import Any

from archcast.collect.estimate.work import CHOICES, check_conventions
from archcast.core.device import DeviceName
from archcast.core.errors import InputError, UnknownNameError, shorten
from archcast.core.numbers import is_whole_text, read_number

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Target:
    """An accelerator and how networks are priced on it.

    Attributes:
        name: the target's name, which its labels carry as the device.
        version: raised by hand whenever a file's figures change.
        estimator: name in `archcast.collect.estimate.catalog.ESTIMATORS`.
        hardware: parameters of the accelerator; which ones there are, the estimator says.
        mapping: how work is laid on the array; empty where the estimator decides it itself.
        energy: `{"watts": w}` for power times latency; empty for the estimator's own energy.
        conventions: cost class -> choice, see `archcast.collect.estimate.work`.
        grid: parameter -> values of a sweep.
        settings: parameters and conventions that were set otherwise than in the file, as given.
        description, source: what it is, and where its figures are from.
    """

    name: str
    version: int
    estimator: str
    hardware: Mapping[str, Any]
    conventions: Mapping[str, str]
    mapping: Mapping[str, Any] = field(default_factory=dict)
    energy: Mapping[str, float] = field(default_factory=dict)
    grid: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settings: Settings = field(default_factory=dict)
    description: str = ""
    source: str = ""

    @property
    def label(self) -> str:
        """Name with its settings, e.g. `eyeriss-like:array=8x8,buffer_kib=54`; the labels' device."""
        return str(DeviceName.parse(self.name).with_settings(self.settings))

    @property
    def watts(self) -> float | None:
        """Power that energy is computed from, None where the estimator has its own energy."""
        return self.energy.get("watts")

    def fingerprint(self, program: str) -> str:
        """Hash of all that costs depend on, `program` included; 16 hex digits."""
        what = [self.estimator, self.version, self.hardware, self.mapping, self.energy, self.conventions]
        text = json.dumps([program, *what], sort_keys=True, default=list)
        return sha256(text.encode()).hexdigest()[:16]

    def with_settings(self, settings: Settings, settable: Mapping[str, type]) -> Target:
        """The target with parameters or conventions set otherwise.

        Args:
            settings: names of `settable` or of conventions, values as text.
            settable: parameters of the estimator's hardware -> `float`, `int` or `str`.

        Raises:
            UnknownNameError: a name or a convention's choice is unknown.
            InputError: a value is no number where one is needed, or no word of a device's name.
        """
        hardware, conventions = dict(self.hardware), dict(self.conventions)
        for name, text in settings.items():
            if name in settable:
                hardware[name] = convert(text, settable[name], f"{self.name} {name}")
            elif name in CHOICES:
                conventions |= check_conventions({name: text}, self.name)
            else:
                raise UnknownNameError(f"parameter of {self.name}", name, [*settable, *CHOICES])
        chosen = {**self.settings, **settings}
        DeviceName.parse(self.name).with_settings(chosen)
        return replace(self, hardware=hardware, conventions=conventions, settings=chosen)

    def points(self) -> list[dict[str, str]]:
        """Settings of every point of the grid; raise InputError where the file has no grid."""
        if not self.grid:
            raise InputError(f"{self.name} has no grid: its file must list values under grid")
        return [dict(zip(self.grid, values, strict=True)) for values in product(*self.grid.values())]


def convert(value: Any, kind: type, what: str) -> Any:
    """`value` as `kind` (float, int or str); numbers must be above 0 and finite."""
    if kind is str:
        if not isinstance(value, str) or not value:
            raise InputError(f"{what} must be text, got {shorten(value)}")
        return value
    word = "a whole number" if kind is int else "a number"
    if isinstance(value, bool):
        raise InputError(f"{what} must be {word} above 0, got {shorten(value)}")
    try:
        if isinstance(value, str) and not (is_whole_text(value) if kind is int else read_number(value)):
            raise ValueError
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{what} must be {word} above 0, got {shorten(value)}") from None
    if not 0 < number < float("inf") or (kind is int and isinstance(value, float) and number != value):
        raise InputError(f"{what} must be {word} above 0, got {shorten(value)}")
    return number
