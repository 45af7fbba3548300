"""What commands are given: architectures and samples, as arguments, files of any kind, or standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcast.core.errors import InputError

if TYPE_CHECKING:
    from archcast.core.reading import Samples, Table

STANDARD_INPUT = "-"
Notation = Annotated[
    str | None,
    typer.Option(help="Notation of others that architectures are in: naslib, nni, index, hat_yaml and more."),
]
FORMATS = "one a line, CSV, JSON, JSON Lines or Parquet; - for standard input"

Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse measurements that are likely wrong, instead of saying so.")
]


@dataclass(frozen=True, slots=True)
class Given:
    """Architectures, and the file that they are from, None for arguments."""

    archs: list[Any]
    table: Table | None = None

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Tell errors of items by their place in the file."""
        if self.table is None:
            yield
            return
        with self.table.naming():
            yield


def read_table(file: str, what: str = "file", *, header: bool = False) -> Table:
    """A file, or standard input, as a table.

    Args:
        header: whether text must be CSV with a header.

    Raises:
        InputError: see `archcast.core.reading.read_file`.
    """
    from archcast.core.reading import read_bytes, read_file
    from archcast.core.reading.text import LARGEST

    if file != STANDARD_INPUT:
        return read_file(Path(file), what, header=header)
    return read_bytes(sys.stdin.buffer.read(LARGEST + 1), "standard input", header=header)


def given_architectures(
    archs: list[str] | None,
    file: str | None,
    what: str = "file",
    *,
    space: str | None = None,
    notation: str | None = None,
) -> Given:
    """Architectures of the command line or of a file.

    Args:
        space, notation: what they are written in; they are given in the space's own notation.

    Raises:
        InputError: both or neither are given, or the file cannot be read.
        ParseError: an architecture is not in the notation.
    """
    read = _as_given(archs, file, what, whole=notation is not None and is_whole(notation))
    if notation is None:
        return read
    from archcast.featurize.spaces.catalog import given, notation_named

    items = read.archs
    if len(items) == 1 and isinstance(
        items[0], list
    ):  # [12804, 77] in a file are two indices, and no network
        inner = notation_named(notation)[1].inside(items[0])
        read = read if inner is None else Given(inner)
    with read.naming():
        return Given(list(given(read.archs, space, notation)[1]), read.table)


def is_whole(notation: str) -> bool:
    """Whether files of a notation hold one architecture each; raise UnknownNameError where there is none."""
    from archcast.featurize.spaces.catalog import notation_named

    return notation_named(notation)[1].whole


def _as_given(archs: list[str] | None, file: str | None, what: str, *, whole: bool) -> Given:
    """Architectures as they are written."""
    if bool(archs) == bool(file):
        raise InputError("architectures must be given either as arguments or with --file")
    if file is None:
        return Given(list(archs or ()))
    if whole and file != STANDARD_INPUT:
        from archcast.core.reading import read_whole

        table = read_whole(Path(file), what)
    else:
        table = read_table(file, what)
    return Given(table.architectures(), table)


def read_samples(
    file: str,
    metric: str,
    *,
    device: str | None = None,
    dataset: str | None = None,
    space: str | None = None,
) -> Samples:
    """Measured architectures of a file; what was left out or converted is told on standard error.

    Raises:
        InputError: see `archcast.core.reading.samples_of`.
    """
    from archcast.core.reading import samples_of

    table = read_table(file, "samples", header=True)
    samples = samples_of(table, metric=metric, asked={"device": device, "dataset": dataset, "space": space})
    for note in samples.notes:
        typer.echo(f"archcast: {note}", err=True)
    return samples
