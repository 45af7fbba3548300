"""What a command has worked out and cannot put where it was told to is kept elsewhere, and that is said."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from archcast.core.errors import ArchcastError, InputError


def write_or_keep(path: Path, write: Callable[[Path], Any]) -> str:
    """Write a file; where it cannot be written, one of its name in a new folder of temporary files.

    Returns:
        What went wrong and where the file is, in one sentence; empty where all went well.
    """
    try:
        write(path)
    except (ArchcastError, OSError) as error:
        try:
            other = Path(tempfile.mkdtemp(prefix="archcast-")) / path.name
            write(other)
        except (ArchcastError, OSError):
            return str(error)
        return f"{error}; it is kept in {other}"
    return ""


def leave_run(asked: bool | None, make: Callable[[], str]) -> None:
    """Leave a run in MLflow and say so; one that nobody asked for may fail.

    Args:
        asked: whether `--track` was given.
        make: leaves the run, and gives the sentence.

    Raises:
        InputError: it was asked for, and cannot be left.
    """
    try:
        said = make()
    except Exception as error:  # whatever MLflow and its database raise, the result stands
        why = str(error).strip().partition("\n")[0] or type(error).__name__
        sentence = f"no run was left in MLflow: {why}"
        if asked:
            raise InputError(sentence) from error
        said = f"archcast: {sentence}"
    typer.echo(said, err=True)
