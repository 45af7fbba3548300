"""What was found out of each file, a line of JSON each, so that a run that was ended goes on."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from archcast.core.errors import InputError
from archcast.core.files import atomic_write

_NAME = "files.jsonl"


@dataclass(frozen=True, slots=True)
class FileResult:
    """A file that was read, or could not be.

    Attributes:
        file: path below the folder of files, with `/` between its parts.
        size, changed_ns: of the file when it was read.
        key: of the network; empty where there is none.
        costs: a row a device: value, ends of the interval, note; None where there is no number.
        error: why it could not be read; empty for one that was.
    """

    file: str
    size: int
    changed_ns: int
    key: str = ""
    costs: tuple[tuple[float | None, float | None, float | None, str], ...] = ()
    error: str = ""

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """What a line of the journal holds."""
        return cls(**{**record, "costs": tuple(map(tuple, record["costs"]))})


class Journal:
    """The lines of a folder, the last one of each file.

    Args:
        folder: where it lies.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME
        self.found: dict[str, FileResult] = {}

    def open(self) -> None:
        """Read what is there, and write it anew without a line that was cut off, to be gone on with.

        Raises:
            InputError: it cannot be read.
        """
        try:
            text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
            for line in text.splitlines(keepends=True):
                if line.endswith("\n"):
                    one = FileResult.from_json(json.loads(line))
                    self.found[one.file] = one
            with atomic_write(self._path) as partial:
                partial.write_text("".join(map(_line, self.found.values())), encoding="utf-8")
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(f"{self._path} cannot be read: {error}; name a new folder") from error

    def add(self, one: FileResult) -> None:
        """Write down what was found of a file."""
        self.found[one.file] = one
        with self._path.open("a", encoding="utf-8") as file:
            file.write(_line(one))
            file.flush()
            os.fsync(file.fileno())


def _line(one: FileResult) -> str:
    return json.dumps(asdict(one), allow_nan=False) + "\n"
