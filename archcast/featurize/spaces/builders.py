"""Where the function is found again that builds the members of a space which was saved.

| the function is of | it is found by |
|---|---|
| a script, or a module of the user's | what its file defines; nothing else of the file is run |
| an installed package | import |
| a module whose definitions alone are not enough | import |
| another function, an object, a notebook or what was typed in | nothing: it cannot be found |

What is read in this way may ask for members of the very space, by itself or in processes that it starts; it
is then refused there, as each of them would read it again.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial, reduce
from pathlib import Path
from typing import Any

from archcast.core.errors import InputError
from archcast.featurize.spaces.defined import Build
from archcast.featurize.spaces.script import definitions_of

READING = "ARCHCAST_READING_SPACES"
"""Environment: spaces whose functions are being looked for, here or in a process that started this."""
_MAIN = ("__main__", "__mp_main__")
_INSTALLED = ("site-packages", "dist-packages")
_lock = threading.RLock()


def place_of(build: Any) -> dict[str, str] | None:
    """Where a function is found again: `module`, `name`, `package`, `file`, `sha256`; None if nowhere."""
    name, own = getattr(build, "__qualname__", "<unnamed>"), getattr(build, "__module__", None)
    module = sys.modules.get(own or "")
    try:
        if "<" in name or reduce(getattr, name.split("."), module) != build:
            return None
    except AttributeError:
        return None
    file = getattr(module, "__file__", None)
    path = None if file is None else Path(file).resolve()
    known = path is not None and path.is_file()
    if own in _MAIN and not known:
        return None
    return {
        "module": "" if own in _MAIN else str(own),
        "package": getattr(module, "__package__", None) or "",
        "name": name,
        "file": str(path) if known else "",
        "sha256": sha256_of(path) if known and path is not None else "",
    }


def is_same_file(place: Mapping[str, str] | None) -> bool:
    """Whether a function's file is there as it was when its place was noted."""
    path = Path(place["file"]) if place is not None and place["file"] else None
    return path is not None and path.is_file() and sha256_of(path) == place["sha256"]  # type: ignore[index]


def sha256_of(path: Path) -> str:
    """Hash of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def function_at(
    space: str, place: Mapping[str, str] | None, *, agrees: Callable[[Build], bool] | None
) -> Build:
    """The function that was at a place.

    Args:
        space: whose members it builds.
        agrees: whether it builds what it built when the space was defined; None where that is not known.

    Raises:
        InputError: it cannot be found, builds something else, or is being looked for already.
    """
    if place is None:
        raise InputError(
            f"networks of {space} cannot be built here, as its function was defined inside another or typed "
            f"in: define the space again, with a function of a module"
        )
    why = ""
    with _reading(space):
        for read in _ways(place, proven=agrees is not None):
            try:
                found: Build = reduce(getattr, place["name"].split("."), read())
                if agrees is None or agrees(found):
                    return found
                why = why or "it builds other networks than when the space was defined"
            except Exception as error:  # whatever a user's module raises
                why = f"{type(error).__name__}: {error}"
    raise InputError(
        f"networks of {space} cannot be built here, as {place['module'] or place['file']}:{place['name']} "
        f"cannot be imported ({why}); only tables that were made of it before can be used"
    )


def _ways(place: Mapping[str, str], *, proven: bool) -> Iterator[Callable[[], Any]]:
    """Ways to the module that holds a function, those that run least of it first.

    Args:
        proven: whether what definitions alone give can be compared with what was defined.
    """
    module, path = place["module"], Path(place["file"])
    if module in sys.modules and not getattr(sys.modules[module].__spec__, "_initializing", False):
        yield lambda: sys.modules[module]
    read = partial(definitions_of, path, place["name"].split(".")[0], package=place.get("package", ""))
    if not module:
        yield read
        return
    if place["file"] and proven and not set(_INSTALLED) & set(path.parts):
        yield read
    yield partial(_imported, module, read if place["file"] else None)


def _imported(module: str, otherwise: Callable[[], Any] | None) -> Any:
    """A module by its name; where that is not known, what its file defines."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        if otherwise is None:
            raise
        return otherwise()


@contextmanager
def _reading(space: str) -> Iterator[None]:
    """Hold a space's name in the environment, which processes that are started inherit."""
    with _lock:
        before = os.environ.get(READING, "")
        if space in before.split(","):
            raise InputError(
                f"networks of {space} cannot be built while the file of its function is read, which asks for "
                f"them itself: put what it does, beside definitions, under if __name__ == '__main__'"
            )
        os.environ[READING] = f"{before},{space}" if before else space
        try:
            yield
        finally:
            if before:
                os.environ[READING] = before
            else:
                del os.environ[READING]
