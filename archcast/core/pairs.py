"""Settings written as `name=value`, as options of the command take them."""

from __future__ import annotations

from collections.abc import Sequence

from archcast.core.errors import InputError, shorten


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
