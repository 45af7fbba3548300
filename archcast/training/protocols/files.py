"""Protocols as files: those that archcast has, by their names, and a user's own, by their paths."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from archcast.core.errors import InputError, UnknownNameError
from archcast.core.reading.keys import read_yaml
from archcast.training.protocols.schema import AnyProtocol, first_problem

_ENDINGS = (".yaml", ".yml")


def protocol_names() -> tuple[str, ...]:
    """Names of archcast's own protocols."""
    names = (file.name for file in files("archcast.training.protocols").joinpath("named").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def load_protocol(name: str) -> Any:
    """A protocol by its name, or from a file: what ends in .yaml or .yml is a path.

    Returns:
        One of the models of `archcast.training.protocols.schema`.

    Raises:
        UnknownNameError: no such protocol; lists those there are.
        InputError: the file cannot be read, or a key of it is unknown, missing or of the wrong type.
    """
    if name.endswith(_ENDINGS):
        return _parse(_text(Path(name)), name, Path(name).stem)
    if name not in protocol_names():
        raise UnknownNameError("protocol", name, protocol_names())
    place = files("archcast.training.protocols").joinpath("named", f"{name}.yaml")
    return _parse(place.read_text("utf-8"), name, name)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"protocol {str(path)!r} cannot be read: {error}") from error


def _parse(text: str, where: str, name: str) -> Any:
    keys = read_yaml(text, f"protocol {where!r}", extra="train")
    if not isinstance(keys, dict):
        raise InputError(f"protocol {where!r} must be keys with values, got {type(keys).__name__}")
    if "name" in keys:
        raise InputError(f"protocol {where!r}: name is no key of a protocol, the file's name is")
    try:
        return TypeAdapter(AnyProtocol).validate_python(keys | {"name": name})
    except ValidationError as error:
        raise InputError(f"protocol {where!r}: {first_problem(list(error.errors()))}") from error
