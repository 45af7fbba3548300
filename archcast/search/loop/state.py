"""What a search has scored, in a file, so that the same command goes on where it was stopped.

Methods are the same for the same seed. A resumed search therefore starts again from its beginning, takes
what is in the file instead of scoring it, and comes to where it was; it ends as one that was never stopped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import InputError, shorten
from archcast.core.files import atomic_write

_FORMAT = 2
"""1 had limits held by the ends of central intervals."""


@dataclass(frozen=True, slots=True)
class State:
    """What was scored, in that order.

    Shapes:
        codes: (n, k); values: (n, m + l), see `problem.Problem.values`
    """

    settings: Mapping[str, str]
    codes: Codes
    values: Doubles
    seconds: float


def write_state(path: Path, state: State) -> None:
    """Write the file whole, or leave the one that is there.

    Raises:
        InputError: it cannot be written.
    """
    header = json.dumps({"format": _FORMAT, "settings": dict(state.settings), "seconds": state.seconds})
    try:
        with atomic_write(path) as partial, partial.open("wb") as file:
            np.savez(file, header=np.array(header), codes=state.codes, values=state.values)
    except OSError as error:
        raise InputError(f"state {str(path)!r} cannot be written: {error}") from error


def read_state(path: Path, settings: Mapping[str, str], columns: int) -> State | None:
    """What the file holds; None when there is no file.

    Args:
        settings: of the search that goes on.
        columns: of codes.

    Raises:
        InputError: the file is damaged, or of a search with other settings.
    """
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            codes, values = file["codes"], file["values"]
        said, seconds, version = header["settings"], float(header["seconds"]), header["format"]
    except (OSError, ValueError, KeyError, EOFError, TypeError) as error:
        raise InputError(f"state {str(path)!r} cannot be read: {error}") from error
    if version != _FORMAT:
        raise InputError(
            f"state {str(path)!r} must be of format {_FORMAT}, got {shorten(version)}: start anew"
        )
    for name, value in settings.items():
        if said.get(name) != value:
            raise InputError(
                f"state {str(path)!r} must be of the same search, but its {name} is "
                f"{said.get(name)!r} and not {value!r}"
            )
    if codes.dtype != np.int8 or codes.ndim != 2 or codes.shape[1] != columns or len(values) != len(codes):
        raise InputError(f"state {str(path)!r} cannot be read: its arrays do not fit the space")
    return State(said, codes, values.astype(np.float64), seconds)
