"""Numbers of options: what is a number in files is one here, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, get_args

from archcast.core.errors import InputError, shorten
from archcast.core.numbers import is_whole_text, read_number


def with_strict_numbers(command: Any) -> Any:
    """The same command, whose numbers, and those of its subcommands, are read by `read_number`."""
    for own in _commands(command):
        for param in own.params:
            kind = _number_of(param.type_descriptor.annotation)
            if kind is not None:
                param.process_value = partial(_checked, param.process_value, max(param.opts, key=len), kind)
    return command


def _commands(command: Any) -> Iterator[Any]:
    yield command
    for inner in getattr(command, "commands", {}).values():
        yield from _commands(inner)


def _number_of(annotation: Any) -> type | None:
    """int or float where an option takes it, alone, in a list or beside None."""
    if annotation in (int, float):
        return annotation if isinstance(annotation, type) else None
    return next((kind for inner in get_args(annotation) if (kind := _number_of(inner))), None)


def _checked(process: Any, name: str, kind: type, context: Any, value: Any) -> Any:
    """What `process` makes of a value whose text is a number.

    Raises:
        InputError: it is none.
    """
    for text in value if isinstance(value, list | tuple) else (value,):
        if not isinstance(text, str):
            continue
        if kind is float:
            read_number(text, name)
        elif not is_whole_text(text):
            raise InputError(f"{name} must be a whole number, got {shorten(text)}")
    return process(context, value)
