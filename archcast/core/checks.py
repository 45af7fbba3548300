"""Checks of numbers, and of those of a configuration; each says which must be what and what it got."""

from __future__ import annotations

from numbers import Integral

from archcast.core.errors import InputError, shorten
from archcast.core.numbers import is_number


def check_whole(value: object, name: str, *, least: int) -> None:
    """Raise InputError unless a value is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise InputError(f"{name} must be a whole number of at least {least}, got {shorten(value)}")


def check_at_least(config: object, **least: int) -> None:
    """Raise InputError unless each named field is a whole number of at least that."""
    for name, lowest in least.items():
        check_whole(getattr(config, name), name, least=lowest)


def check_above_zero(config: object, *names: str) -> None:
    """Raise InputError unless each named field is a finite number above 0."""
    for name in names:
        value = getattr(config, name)
        if not is_number(value) or value <= 0:
            raise InputError(f"{name} must be a number above 0, got {shorten(value)}")


def check_share(config: object, *names: str) -> None:
    """Raise InputError unless each named field is at least 0 and below 1."""
    for name in names:
        value = getattr(config, name)
        if not is_number(value) or not 0 <= value < 1:
            raise InputError(f"{name} must be at least 0 and below 1, got {shorten(value)}")
