"""The kinds of energy sensors by name, those of installed packages among them.

An entry is a function that takes a root such as `/sys` and gives each sensor it finds as name, what it senses
and how it is opened (`archcast.collect.measure.sensors.SensorSource`, or a plain tuple). Its module is copied
to boards with the runner, so it must stand alone: Python 3.8, the standard library, and of archcast at most
what it imports inside functions from `sensors` beside it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from archcast.collect.measure import sensors
from archcast.core.errors import InputError
from archcast.core.registry import Registry

Find = Callable[[Path], Iterable[Any]]


def _check(name: str, find: object) -> None:
    if not name.isidentifier() or not inspect.isfunction(find):
        raise InputError(f"sensor {name!r} must be a function, named by letters, digits and underscores")


SENSORS: Registry[Find] = Registry("sensor", group="archcast.sensors", check=_check)
for _kind, _find in sensors.FINDERS.items():
    SENSORS.register(_kind, _find)


def outside() -> dict[str, Find]:
    """Kinds that packages and programs added."""
    return {kind: SENSORS[kind] for kind in SENSORS if SENSORS[kind].__module__ != sensors.__name__}


def readable() -> list[dict[str, Any]]:
    """Every sensor of this host, those of added kinds among them, see `sensors.readable`."""
    sensors.FINDERS.update(outside())
    return sensors.readable()
