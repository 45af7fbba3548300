"""The folder of a bulk scoring: `score.json` says what was asked for, so that nothing else is put into it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archcast.core.errors import InputError, shorten
from archcast.core.files import atomic_write

PLAN = "score.json"


def claim(folder: Path, mine: Mapping[str, Any]) -> None:
    """Write what is asked for into a folder that is new or empty; see that it is the same in one that is not.

    Raises:
        InputError: it holds something else, or another scoring; names what differs.
    """
    plan = folder / PLAN
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not plan.exists():
            if any(folder.iterdir()):
                raise InputError(f"folder {str(folder)!r} holds something else; name a new one")
            with atomic_write(plan) as partial:
                partial.write_text(json.dumps(mine, indent=1) + "\n", encoding="utf-8")
        record = json.loads(plan.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"folder {str(folder)!r} cannot be used: {error}") from error
    for name in sorted(set(record) | set(mine)):
        if record.get(name) != mine.get(name):
            raise InputError(
                f"folder {str(folder)!r} holds parts of another scoring: {name} must be "
                f"{shorten(record.get(name))} there, got {shorten(mine.get(name))}; name a new folder"
            )
