"""Spaces that a user defined, as files: their decisions, and where the function is that builds a member.

`ARCHCAST_HOME/spaces/NAME/space.json` holds the decisions, the form of the example, the function's module,
name and file with its SHA-256, and of the first member that was built the key of its network. The function
itself is not kept; it is looked for when a network is first asked for (`archcast.featurize.spaces.builders`),
and must then build that member as it was.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from archcast.core import settings
from archcast.core.arrays import Codes
from archcast.core.errors import ArchcastError, InputError, shorten
from archcast.core.files import atomic_write
from archcast.core.network import Network
from archcast.core.optional import require
from archcast.core.version import VERSION
from archcast.featurize.spaces.builders import function_at, is_same_file, place_of
from archcast.featurize.spaces.defined import Build, DefinedSpace

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
            proof, place = self.record.get("proof"), self.record["build"]
            comparable = (
                proof is not None
                and is_same_file(place)
                and proof["by"] == VERSION
                and proof["torch"] in ("", _torch())
            )
            agrees = self._agrees if comparable else None
            self._function = function_at(self.name, place, agrees=agrees)
        return self._function(choice)

    def _agrees(self, build: Build) -> bool:
        """Whether a function builds the member that was kept as it was."""
        proof = self.record["proof"]
        own = self.network_by(build, np.array(proof["code"], dtype=np.int8))
        return bool(own.key == proof["network"])


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
        "build": place_of(build),
    }
    path = settings.spaces_dir() / space.name / RECORD
    if _without_proof(path) != record:
        _write(path, record)
    space.when_built = lambda code, network: _keep_proof(path, record, code, network)
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


def _keep_proof(path: Path, record: Mapping[str, Any], code: Codes, network: Network) -> None:
    """Keep a member with its network's key beside the space that it is of, where that is the one saved."""
    if record["build"] is not None and _without_proof(path) == record:
        proof = {"code": code.tolist(), "network": network.key, "by": VERSION}
        proof["torch"] = _torch() if "torch" in sys.modules else ""
        with suppress(OSError):  # one that is not kept is not compared
            _write(path, {**record, "proof": proof})


def _without_proof(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found.pop("proof", None)
    except (OSError, ValueError, AttributeError):
        return None
    return found


def _write(path: Path, record: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _torch() -> str:
    """Version of torch, which may read modules otherwise when it changes; empty where it was not in use."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("torch")
    except PackageNotFoundError:
        return ""


def _example_json(example: Any) -> Any:
    """An example as JSON: of a tensor its shape and type alone."""
    if example is None or isinstance(example, bool | int | float | str):
        return {"value": example}
    if isinstance(example, Mapping):
        return {"named": {str(name): _example_json(value) for name, value in example.items()}}
    if hasattr(example, "shape") and hasattr(example, "dtype"):
        return {"shape": list(example.shape), "dtype": str(example.dtype).removeprefix("torch.")}
    if isinstance(example, list | tuple):
        if example and all(isinstance(d, Integral) and not isinstance(d, bool) for d in example):
            return {"shape": list(map(int, example))}
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
