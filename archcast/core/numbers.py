"""What a number is, in files, options, limits and Python alike."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.batches import items_of
from archcast.core.errors import InputError, shorten

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_LONGEST = 400


def is_number(value: Any) -> bool:
    """Whether a value is a finite whole or floating number; truth values and text are none."""
    try:
        return not isinstance(value, str) and math.isfinite(read_number(value))
    except InputError:
        return False


def is_whole_text(text: str) -> bool:
    """Whether text is a whole number in ASCII digits."""
    return _WHOLE.fullmatch(text.strip()) is not None


def read_number(value: Any, what: str = "value") -> float:
    """A finite number, of a number or of text: ASCII digits, one decimal point at most, an exponent.

    Raises:
        InputError: anything else, such as `true`, `9_731`, `1,5`, `nan` or digits of another alphabet.
    """
    number = math.nan
    if isinstance(value, str):
        text = value.strip()
        if len(text) <= _LONGEST and _NUMBER.fullmatch(text):
            number = float(text)
    elif isinstance(value, int | float | Decimal | np.integer | np.floating) and not isinstance(value, bool):
        try:
            number = float(value)
        except (OverflowError, ValueError):  # too large; a signalling NaN of a decimal
            number = math.inf
    if not math.isfinite(number):
        raise InputError(f"{what} must be a number, got {shorten(value)}")
    return number


def read_numbers(values: Any, what: str = "values") -> Doubles:
    """An array of numbers, of whatever a batch of them comes in; NaN and infinity stay, None becomes NaN.

    Raises:
        InputError: anything else: truth values, text, dates, complex numbers, masked entries; names the item.
    """
    values = items_of(values, what, column=None)
    if isinstance(values, list | tuple):
        for item, value in enumerate(values):
            if isinstance(value, bool | np.bool_ | str | bytes | complex):
                raise InputError(f"{what} must be numbers, got {shorten(value)}", item=item)
    try:
        array = np.asarray(values)
        if array.dtype.kind == "O":
            array = np.asarray([_plain(value, what, item) for item, value in enumerate(array)])
    except InputError:
        raise
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{what} must be numbers, got {shorten(values)}") from None
    if array.dtype.kind not in "fiu" and array.size:
        raise InputError(f"{what} must be numbers, got an array of {array.dtype}")
    return array.astype(np.float64)


def _plain(value: Any, what: str, item: int) -> float:
    """A number of an array of objects, where a frame's missing value is NaN."""
    if isinstance(value, float) or type(value).__name__ in ("NAType", "NoneType"):
        return math.nan if not isinstance(value, float) else value
    try:
        return read_number(value, what)
    except InputError as error:
        raise InputError(str(error), item=item) from None
