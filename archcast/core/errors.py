"""The tree of errors a user can meet. Every message is one sentence that names the item at fault."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

_SHOWN = 60
_MOST_LISTED, _NEAREST = 48, 12
"""Choices that are listed whole, and those nearest that are of more."""


class ArchcastError(Exception):
    """Base of every error that archcast raises on purpose."""


class InputError(ArchcastError, ValueError):
    """A value given by the user cannot be used.

    Attributes:
        item: position in the batch of the offending item, or None when the whole input is at fault.
    """

    def __init__(self, message: str, *, item: int | None = None) -> None:
        self.item = item
        super().__init__(message if item is None else f"{message} (item {item})")


class ParseError(InputError):
    """An architecture is not in its space's notation.

    Attributes:
        position: character or element position of the first mistake, or None.
    """

    def __init__(self, message: str, *, item: int | None = None, position: int | str | None = None) -> None:
        self.position = position
        super().__init__(message, item=item)


class UnknownNameError(InputError, LookupError):
    """A name (space, device, metric, predictor, column) is not known; the message lists the choices.

    Args:
        beside: why there may be fewer choices than there should be.
    """

    def __init__(self, kind: str, name: object, choices: Iterable[str], *, beside: str = "") -> None:
        self.kind, self.name, self.beside = kind, name, beside
        self.choices = sorted(choices)
        near = nearest(name, self.choices)
        hint = f" (did you mean {near!r}?)" if near else ""
        listed = _listed(name, self.choices)
        more = f"; beside these, {beside}" if beside else ""
        super().__init__(f"{kind} must be one of {listed}; got {shorten(name)}{hint}{more}")

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), beside=self.beside), (self.kind, self.name, self.choices)


def _listed(name: object, choices: Sequence[str]) -> str:
    """Choices for a message: all of them, or of many the nearest and how many more there are."""
    if len(choices) <= _MOST_LISTED:
        return ", ".join(choices) or "none"
    near = difflib.get_close_matches(str(name), choices, n=_NEAREST, cutoff=0.0)
    return f"{', '.join(near)} and {len(choices) - len(near)} more"


class MissingPackageError(ArchcastError, ImportError):
    """An optional package is needed; the message holds the line that installs it."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        self.needed = (package, extra, purpose)
        from archcast.core.installed import install_line

        super().__init__(f"{purpose} needs the package {package}: run {install_line(extra)}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.needed


class ArtifactError(ArchcastError):
    """A saved predictor is truncated, altered, or of a format this version does not read."""


class DataError(ArchcastError):
    """A public table is missing, or is not what its recipe says it is."""


class PlaceError(ArchcastError, OSError):
    """A folder or file of archcast's own cannot be written: it is full, read-only, or no folder."""


class ArchcastWarning(UserWarning):
    """Something the user gave is usable but hardly what was meant, such as values in another unit."""


class NotFittedError(ArchcastError, AttributeError):
    """A predictor was used before `fit`."""


def nearest(name: object, choices: Iterable[str]) -> str | None:
    """The choice most like a name in its letters and digits, whatever their case; None where none is near."""
    if not isinstance(name, str):
        return None
    named = {plain_letters(choice): choice for choice in choices}
    near = difflib.get_close_matches(plain_letters(name), named, n=1)
    return named[near[0]] if near else None


def plain_letters(text: str) -> str:
    """A name without what people write differently: case, spaces, `-`, `_` and the like."""
    return "".join(filter(str.isalnum, text.casefold()))


def shorten(value: object) -> str:
    """`repr(value)` cut to fit in one sentence; never fails and never builds a huge string first."""
    if isinstance(value, str | bytes) and len(value) > _SHOWN:
        return f"{value[: _SHOWN // 2]!r}... ({len(value)} characters)"
    if isinstance(value, list | tuple | dict | set) and len(value) > _SHOWN:
        return f"a {type(value).__name__} of {len(value)} entries"
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer too long to print, a list too deep
        return f"a {type(value).__name__} too large to show"
    text = " ".join(text.split()) if "\n" in text else text
    return text if len(text) <= 2 * _SHOWN else f"{text[:_SHOWN]}..."
