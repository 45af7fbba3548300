"""Which networks of a space a command works on: some drawn at random, or those of a file."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archcast.core.errors import InputError

if TYPE_CHECKING:
    from archcast.core.arrays import Codes
    from archcast.featurize.spaces import Space


def chosen_networks(space: Space, n: int | None, archs: Path | None, *, seed: int) -> Codes:
    """Codes of `n` different networks drawn with `seed`, or of the file's networks.

    Raises:
        InputError: both or neither are given, the file cannot be read, or the space has fewer networks.
    """
    if (n is None) == (archs is None):
        raise InputError("either --n or --archs must be given, and not both")
    if archs is not None:
        return space.parse(_listed(archs))
    wanted = n or 0
    drawn = space.sample(4 * wanted + 64, seed=seed)
    _, first = np.unique(drawn, axis=0, return_index=True)
    if len(first) < wanted:
        raise InputError(f"--n must be at most {len(first)} for {space.name} by drawing, got {wanted}")
    chosen: Codes = drawn[np.sort(first)[:wanted]]
    return chosen


def _listed(path: Path) -> list[Any]:
    """Items of a JSON list, the column `arch` of a CSV file, or else the lines that are not empty."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--archs must be a readable text file: {error}") from error
    try:
        decoded = json.loads(text)
    except (ValueError, RecursionError):
        decoded = None
    if isinstance(decoded, list):
        return decoded
    if "arch" in text.partition("\n")[0].strip().split(","):
        return [row["arch"] for row in csv.DictReader(io.StringIO(text))]
    return [line for line in text.splitlines() if line.strip()]
