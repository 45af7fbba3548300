"""What is asked of a network: on which devices, which metric, how much of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archcast.core.errors import InputError, shorten
from archcast.serving.entry import Entry
from archcast.serving.filters import ANY, Wanted
from archcast.serving.http import fields
from archcast.serving.http.errors import MalformedError
from archcast.serving.remote_networks import EVERY
from archcast.serving.store import Store

FIELDS = (
    *("device", "hardware", "runtime", "precision", "threads", "device_batch"),
    *("metric", "coverage", "explain"),
)
_METRIC = "latency"
_HOW = "device must be named, or what it is like (hardware, runtime, precision, threads, device_batch)"
MOST_EXPLAINED = 8
"""Devices that are explained in one answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a network.

    Attributes:
        devices: by name, in the order of the answers.
        every: all that answer the metric, too.
        wanted: those whose parts are like this, too.
        coverage: of intervals; None for none.
        explain: also tell where the cost goes.
    """

    devices: tuple[str, ...] = ()
    every: bool = False
    wanted: Wanted = ANY
    metric: str = _METRIC
    coverage: float | None = None
    explain: bool = False

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Question:
        """The question that the fields of a body ask.

        Raises:
            MalformedError: a field is not of its type.
        """
        devices = _names(found.get("device"))
        hardware, runtime, precision = (fields.text(found, name) for name in FIELDS[1:4])
        batch, threads = fields.whole(found, "device_batch"), fields.whole(found, "threads")
        wanted = Wanted(hardware, runtime, precision, batch, threads)
        return cls(
            devices=tuple(name for name in devices if name != EVERY),
            every=EVERY in devices,
            wanted=wanted,
            metric=fields.text(found, "metric") or _METRIC,
            coverage=fields.number(found, "coverage"),
            explain=fields.flag(found, "explain"),
        )

    def entries(self, here: Store) -> tuple[list[Entry], int]:
        """What answers, and how many of them were named.

        Raises:
            UnknownNameError: no such device or metric.
            InputError: no device is asked for, none fits, or too many are to be explained.
        """
        chosen, named = self.wanted.among_networks(
            here, self.metric, self.devices, every=self.every, how=f"{_HOW}, or be {EVERY}"
        )
        if self.explain and len(chosen) > MOST_EXPLAINED:
            raise InputError(f"at most {MOST_EXPLAINED} devices can be explained at once, got {len(chosen)}")
        return chosen, named


def _names(value: Any) -> Sequence[str]:
    """The names of one device, of several, or of none."""
    names = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(name, str) for name in names):
        raise MalformedError(f"device must be a name or a list of names, got {shorten(value)}")
    return names
