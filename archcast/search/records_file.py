"""Files of what a study found: records as CSV, or everything as JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archcast.core.errors import InputError

ENDINGS = (".csv", ".json")


def check_file(path: Path | None, what: str, endings: Sequence[str] = ENDINGS) -> None:
    """Raise InputError for a file of another ending, or in a folder that is not there; None is no file."""
    if path is None:
        return
    if path.suffix not in endings:
        raise InputError(f"file of {what} must end in {' or '.join(endings)}, got {path.name!r}")
    if not path.absolute().parent.is_dir():
        raise InputError(f"folder of {str(path)!r} must exist")


def write(path: str | Path, records: Sequence[Mapping[str, Any]], whole: Any, *, what: str) -> None:
    """Write records to a `.csv`, or everything to a `.json`.

    Raises:
        InputError: another ending, or the file cannot be written.
    """
    path = Path(path)
    check_file(path, what)
    if path.suffix == ".json":
        write_json(path, whole, what)
    else:
        write_csv(path, records, what)


def write_csv(path: str | Path, records: Sequence[Mapping[str, Any]], what: str) -> None:
    """Write records, all with the keys of the first; raise InputError where the file cannot be written."""
    try:
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(records[0]))
            writer.writeheader()
            writer.writerows(records)
    except OSError as error:
        raise InputError(f"{what} cannot be written to {str(path)!r}: {error}") from error


def write_json(path: str | Path, whole: Any, what: str) -> None:
    """Write JSON types; raise InputError where the file cannot be written."""
    try:
        Path(path).write_text(json.dumps(whole, indent=1), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{what} cannot be written to {str(path)!r}: {error}") from error
