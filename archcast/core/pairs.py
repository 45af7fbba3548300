"""Settings written as `name=value` and shapes as `1x3x224x224`, as options of the command take them."""

from __future__ import annotations

from collections.abc import Sequence

from archcast.core.errors import InputError, shorten

_DIGITS = 18


def parse_pairs(texts: Sequence[str], what: str = "a setting") -> dict[str, str]:
    """`["array=8x8", "clock_mhz=250"]` as a mapping, without the spaces round names and values.

    Raises:
        InputError: a text is not name=value, or gives a name again.
    """
    out: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name or not value:
            raise InputError(f"{what} must be name=value, got {shorten(text)}")
        if name in out:
            raise InputError(f"{what} must be given once, got {name} again in {shorten(text)}")
        out[name] = value
    return out


def whole_number(text: str, what: str) -> int:
    """The whole number of at least 0 that a text is.

    Raises:
        InputError: it is none of so few digits that it can be meant.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise InputError(f"{what} must be made of whole numbers, as 1x3x224x224, got {shorten(text)}")
    return int(text)


def shape_of(text: str) -> tuple[int, ...]:
    """A shape as `1x3x224x224`.

    Raises:
        InputError: it is written otherwise.
    """
    return tuple(whole_number(part, f"shape {shorten(text)}") for part in text.split("x"))


def shapes_of(texts: Sequence[str], what: str) -> dict[str, tuple[int, ...]]:
    """`["image=1x3x224x224"]` as shapes by name; raises as `parse_pairs` and `shape_of`."""
    return {name: shape_of(text) for name, text in parse_pairs(texts, what).items()}


def numbers_of(texts: Sequence[str], what: str) -> dict[str, int]:
    """`["tokens=384"]` as whole numbers by name; raises as `parse_pairs` and `whole_number`."""
    return {name: whole_number(text, f"{what} {name}") for name, text in parse_pairs(texts, what).items()}
