"""Spaces that a user defined, as files: their decisions, and where the function is that builds a member.

`ARCHCAST_HOME/spaces/NAME/space.json` holds the decisions, the form of the example and the function's module,
name and file with its SHA-256. The function itself is not kept; it is imported when a network is first asked
for.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import sys
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any

from archcast.core import settings
from archcast.core.errors import ArchcastError, InputError, shorten
from archcast.core.files import atomic_write
from archcast.core.optional import require
from archcast.featurize.spaces.defined import Build, DefinedSpace
from archcast.featurize.spaces.script import definitions_of

RECORD = "space.json"
FORMAT = 1
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
"""Names that a user may give."""


class SavedSpace(DefinedSpace):
    """A defined space as it was saved; what builds its members is imported when the first one is asked for.

    Attributes:
        record: what was saved.
    """

    def __init__(self, record: Mapping[str, Any]) -> None:
        super().__init__(record["name"], record["decisions"], self._imported, None)
        self.datasets = (str(record["dataset"]),)
        self.record = record
        self._function: Build | None = None

    def example(self) -> Any:
        return _example_from(self.record["example"])

    def _imported(self, choice: dict[str, Any]) -> Any:
        if self._function is None:
            self._function = _function_of(self.name, self.record["build"])
        return self._function(choice)


def save_space(space: DefinedSpace, build: Build) -> Path:
    """Keep a space under `ARCHCAST_HOME`, by whose name other processes find it; gives its file.

    Raises:
        OSError: the folder cannot be written to.
    """
    record = {
        "format": FORMAT,
        "name": space.name,
        "decisions": {name: list(values) for name, values in space.choices.items()},
        "dataset": space.datasets[0],
        "example": _example_json(space.example()),
        "build": _place_of(build),
    }
    path = settings.spaces_dir() / space.name / RECORD
    content = json.dumps(record, indent=1) + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as partial:
            partial.write_text(content, encoding="utf-8")
    return path


def saved_names() -> tuple[str, ...]:
    """Names of the spaces that were saved."""
    folder = settings.spaces_dir()
    if not folder.is_dir():
        return ()
    return tuple(sorted(path.parent.name for path in folder.glob(f"*/{RECORD}")))


def saved_space(name: str) -> SavedSpace | None:
    """The space that was saved under a name; None where there is none.

    Raises:
        InputError: its file cannot be used; says why.
    """
    if not NAME.fullmatch(name):
        return None
    path = settings.spaces_dir() / name / RECORD
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != FORMAT or record["name"] != name:
            raise InputError(f"{path} must be of format {FORMAT} and of the space {name}")
        return SavedSpace(record)
    except ArchcastError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} must be the record of a space: {error!r}") from error


def is_same_file(record: Mapping[str, Any]) -> bool:
    """Whether the file of the function that builds members is there as it was when the space was saved."""
    place = record["build"]
    path = Path(place["file"]) if place is not None and place["file"] else None
    return path is not None and path.is_file() and _sha256(path) == place["sha256"]


def _place_of(build: Any) -> dict[str, str] | None:
    """Where a function can be imported from; None of one that cannot."""
    module, name = getattr(build, "__module__", None), getattr(build, "__qualname__", "<unnamed>")
    if module is None or "<" in name:
        return None
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None and module == "__main__":
        return None
    path = None if file is None else Path(file).resolve()
    known = path is not None and path.is_file()
    return {
        "module": "" if module == "__main__" else module,
        "name": name,
        "file": str(path) if known else "",
        "sha256": _sha256(path) if known and path is not None else "",
    }


def _function_of(space: str, place: Mapping[str, str] | None) -> Build:
    if place is None:
        raise InputError(
            f"networks of {space} cannot be built here, as its function was defined inside another or typed "
            f"in: define the space again, with a function of a module"
        )
    try:
        module = _module_of(place)
        found: Build = reduce(getattr, place["name"].split("."), module)
    except Exception as error:  # whatever a user's module raises
        where = place["module"] or place["file"]
        raise InputError(
            f"networks of {space} cannot be built here, as {where}:{place['name']} cannot be imported "
            f"({type(error).__name__}: {error}); only tables that were made of it before can be used"
        ) from error
    return found


def _module_of(place: Mapping[str, str]) -> Any:
    """The module by its name; of a script, or where its name is not known, what its file defines."""
    if place["module"]:
        try:
            return importlib.import_module(place["module"])
        except ModuleNotFoundError:
            if not place["file"]:
                raise
    return definitions_of(Path(place["file"]))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _example_json(example: Any) -> Any:
    """An example as JSON: of a tensor its shape and type alone."""
    if example is None or isinstance(example, bool | int | float | str):
        return {"value": example}
    if isinstance(example, Mapping):
        return {"named": {str(name): _example_json(value) for name, value in example.items()}}
    if hasattr(example, "shape") and hasattr(example, "dtype"):
        return {"shape": list(example.shape), "dtype": str(example.dtype).removeprefix("torch.")}
    if isinstance(example, list | tuple):
        if example and all(isinstance(d, int) and not isinstance(d, bool) for d in example):
            return {"shape": list(example)}
        return {"several": [_example_json(one) for one in example]}
    raise InputError(f"example must be a shape, a tensor or a sequence of these, got {shorten(example)}")


def _example_from(found: Mapping[str, Any]) -> Any:
    if "dtype" in found:
        torch = require("torch", extra="train", purpose="building a network of it")
        return torch.empty(found["shape"], dtype=getattr(torch, found["dtype"]), device="meta")
    if "shape" in found:
        return tuple(found["shape"])
    if "several" in found:
        return tuple(_example_from(one) for one in found["several"])
    if "named" in found:
        return {name: _example_from(one) for name, one in found["named"].items()}
    return found["value"]
