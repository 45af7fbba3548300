"""The accelerators that may be chosen: every combination of a few values of their parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from archcast.collect.estimate import Accelerator, Target
from archcast.core.arrays import Ints
from archcast.core.errors import InputError, UnknownNameError, shorten
from archcast.core.numbers import read_number

PARAMETERS = ("array", "buffer_kib", "clock_mhz")
CLOCK_FACTORS = (0.5, 1.0, 1.5, 2.0)
"""Clocks of a grid over the target's own, where its file lists none."""


@dataclass(frozen=True, slots=True)
class HardwareGrid:
    """Values of the accelerator's parameters; every combination is a point.

    Attributes:
        array: sizes as text, `14x12`.
        buffer_kib: sizes of the buffer in KiB.
        clock_mhz: clocks in MHz.
    """

    array: tuple[str, ...]
    buffer_kib: tuple[float, ...]
    clock_mhz: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in PARAMETERS:
            values = getattr(self, name)
            if not values or len(set(values)) != len(values):
                raise InputError(f"{name} of a hardware grid must be different values, got {shorten(values)}")
        for text in self.array:
            multipliers(text)
        for value in (*self.buffer_kib, *self.clock_mhz):
            if not 0 < value < math.inf:
                raise InputError(f"values of a hardware grid must be above 0, got {value}")

    @classmethod
    def of(cls, target: Target) -> HardwareGrid:
        """The grid of a target's file; where it lists no clocks, `CLOCK_FACTORS` times its own.

        Raises:
            InputError: the file's grid has no array sizes or no buffer sizes.
        """
        for name in PARAMETERS[:2]:
            if name not in target.grid:
                raise InputError(f"grid of {target.name} must list {name} for co-optimisation")
        own = float(target.hardware["clock_mhz"])
        clocks = target.grid.get("clock_mhz", tuple(str(own * factor) for factor in CLOCK_FACTORS))
        buffers = tuple(sorted(map(float, target.grid["buffer_kib"])))
        arrays = tuple(sorted(target.grid["array"], key=multipliers))
        return cls(arrays, buffers, tuple(sorted(map(float, clocks))))

    def with_values(self, pairs: list[str]) -> HardwareGrid:
        """Other values, given as `array=7x6,14x12` or `clock_mhz=100,200`.

        Raises:
            InputError: no such form, a value that is no number above 0, or a parameter given twice.
            UnknownNameError: no such parameter.
        """
        target, seen = self, set[str]()
        for pair in pairs:
            name, equals, listed = pair.partition("=")
            name, texts = name.strip(), [text.strip() for text in listed.split(",")]
            if not equals:
                raise InputError(f"hardware must be name=value,value, got {shorten(pair)}")
            if name not in PARAMETERS:
                raise UnknownNameError("hardware parameter", name, PARAMETERS)
            if name in seen:
                raise InputError(f"hardware {name} must be given once, with its values between commas")
            seen.add(name)
            if name == "array":
                target = replace(target, array=tuple(sorted(texts, key=multipliers)))
                continue
            numbers = tuple(sorted(read_number(text, name) for text in texts))
            if name == "buffer_kib":
                target = replace(target, buffer_kib=numbers)
            else:
                target = replace(target, clock_mhz=numbers)
        return target

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of values of each parameter."""
        return len(self.array), len(self.buffer_kib), len(self.clock_mhz)

    @property
    def size(self) -> int:
        """Number of accelerators."""
        return math.prod(self.shape)

    def accelerators(self) -> list[Accelerator]:
        """All points, in the order of `np.ndindex(shape)`."""
        sizes = [multipliers(text) for text in self.array]
        return [
            Accelerator(sizes[a], self.buffer_kib[b], self.clock_mhz[c])
            for a, b, c in np.ndindex(*self.shape)
        ]

    def describe(self, position: Ints) -> dict[str, str | float]:
        """The parameters at three positions, by name."""
        return {
            name: getattr(self, name)[int(p)] for name, p in zip(PARAMETERS, position.tolist(), strict=True)
        }


def multipliers(text: str) -> int:
    """`14x12` as 168; raise InputError for another form."""
    sides = text.lower().split("x")
    if not all(side.isascii() and side.isdigit() and int(side) > 0 for side in sides):
        raise InputError(f"array must be sides above 0 with x between, such as 14x12, got {shorten(text)}")
    return math.prod(map(int, sides))
