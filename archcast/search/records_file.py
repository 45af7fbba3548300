"""Files of what a study found: records as CSV, or everything as JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archcast.core.errors import InputError


def check_ending(path: Path, what: str) -> None:
    """Raise InputError for a file that is neither `.csv` nor `.json`."""
    if path.suffix not in (".csv", ".json"):
        raise InputError(f"file of {what} must end in .csv or .json, got {path.name!r}")


def write(
    path: str | Path, records: Sequence[Mapping[str, Any]], whole: Mapping[str, Any], *, what: str
) -> None:
    """Write records to a `.csv`, or everything to a `.json`.

    Raises:
        InputError: another ending, or the file cannot be written.
    """
    path = Path(path)
    check_ending(path, what)
    try:
        if path.suffix == ".json":
            path.write_text(json.dumps(whole, indent=1), encoding="utf-8")
            return
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(records[0]))
            writer.writeheader()
            writer.writerows(records)
    except OSError as error:
        raise InputError(f"{what} cannot be written to {str(path)!r}: {error}") from error
