"""Checks of a configuration's fields; each says which must be what and what it got."""

from __future__ import annotations

from numbers import Integral

from archcast.core.errors import InputError, shorten
from archcast.core.numbers import is_number


def check_at_least(config: object, **least: int) -> None:
    """Raise InputError unless each named field is a whole number of at least that."""
    for name, lowest in least.items():
        value = getattr(config, name)
        if isinstance(value, bool) or not isinstance(value, Integral) or value < lowest:
            raise InputError(f"{name} must be a whole number of at least {lowest}, got {shorten(value)}")


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
