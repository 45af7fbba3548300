"""The user's own measurements: a folder that many processes write to and read from at once.

| file | what it is |
|---|---|
| `journal-ID.jsonl` | rows that one writer has appended (`archcast.collect.journal`) |
| `part-ID-CRC.parquet` | rows that are folded; its metadata names the files that it replaces |
| `.lock` | locked while a journal is made or files are folded |
| `.part-ID.partial` | a part being written; left only by a process that was killed |

A file that a part replaces counts as gone, whether or not it has been removed yet; so a fold that is killed
at any moment neither loses a row nor doubles one. Readers take no lock: they read again when the folder
changed while they read.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from archcast.collect.journal import Journal, is_idle, new_number, sync_folder, take_lock
from archcast.collect.parts import part_rows, read_part, replaced_by, write_part
from archcast.collect.rows import checked_rows, environment_json, read_rows
from archcast.core import settings
from archcast.core.errors import ArchcastWarning, DataError, InputError, shorten
from archcast.core.measurements import schema
from archcast.core.optional import require

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MeasurementStore", "environment_json"]

PART_ROWS = 50_000
_NAME = re.compile(r"journal-[0-9a-f]{32}\.jsonl|part-[0-9a-f]{32}-[0-9a-f]{8}\.parquet")


class MeasurementStore:
    """Measurements of this user, appended crash-safe.

    Any number of processes and threads may append and read at once. Close the store (or use it in a
    `with` block) to fold what was appended into Parquet; what is not folded is read all the same.

    Args:
        folder: None takes `store` in archcast's home. It is made at the first append.
        journal_rows: appended rows after which a journal is folded.
    """

    def __init__(self, folder: Path | None = None, *, journal_rows: int = 5_000) -> None:
        self.folder = settings.store_dir() if folder is None else Path(folder)
        self._journal_rows = journal_rows
        self._journal: Journal | None = None
        self._threads = threading.RLock()

    def __enter__(self) -> MeasurementStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add measurements; they are on disk when this returns, and when it raises none of them is.

        Args:
            rows: mappings with the columns of `archcast.core.measurements`; `spread`, `repeats`, `time` and
                `note` may be left out. `environment` is the text of a JSON object (`environment_json`).

        Raises:
            InputError: a row is not a measurement; names the row.
            DataError: the folder cannot be written to.
        """
        checked = checked_rows(rows)
        if not checked:
            return
        with self._threads:
            try:
                if self._journal is None:
                    self._journal = self._new_journal()
                self._journal.append(checked)
            except OSError as error:
                if self._journal is not None:  # its end may be half a line: nothing may come after it
                    self._journal.close()
                    self._journal = None
                raise DataError(f"cannot write measurements to {self.folder}: {error}") from error
            if self._journal.rows >= self._journal_rows:
                try:
                    self.compact()
                except DataError as error:  # the rows are safe: raising would have them appended again
                    warnings.warn(f"measurements stay in journals: {error}", ArchcastWarning, stacklevel=2)

    def compact(self) -> None:
        """Fold this store's journal, journals left behind and small parts into one part.

        Raises:
            DataError: a file in the folder is foreign or damaged, or the folder cannot be written to.
        """
        with self._threads:
            if self._journal is not None:
                self._journal.close()
                self._journal = None
            if not self.folder.is_dir():
                return
            try:
                with self._locked():
                    self._fold()
            except OSError as error:
                raise DataError(f"cannot fold the measurements in {self.folder}: {error}") from error

    def close(self) -> None:
        """Fold what this store has appended; a later append starts anew."""
        with self._threads:
            if self._journal is not None:
                self.compact()

    def table(
        self,
        *,
        space: str | None = None,
        device: str | None = None,
        metric: str | None = None,
        dataset: str | None = None,
    ) -> pa.Table:
        """All rows, or those with the given columns, in the schema of `archcast.core.measurements`.

        Raises:
            DataError: a file in the folder is foreign or damaged; names it.
        """
        pa = require("pyarrow", extra="collect", purpose="reading the measurement store")
        given = {"space": space, "device": device, "metric": metric, "dataset": dataset}
        wanted = {name: value for name, value in given.items() if value is not None}
        while True:
            before = self._names()
            try:
                gone = self._replaced(before)
                tables = [_chosen(_read(self.folder / n), wanted) for n in before if n not in gone]
            except FileNotFoundError as error:  # folded while it was about to be read
                if self._names() == before:
                    raise DataError(f"{error.filename} is a link to nothing: remove it") from error
                continue
            if self._names() == before:
                break
        return pa.concat_tables([schema().empty_table(), *tables]).unify_dictionaries()

    def have(
        self, space: str, device: str, metric: str, dataset: str, *, statuses: Collection[str] = ("ok",)
    ) -> set[str]:
        """Texts of the architectures that have a row with one of `statuses`."""
        table = self.table(space=space, device=device, metric=metric, dataset=dataset)
        pairs = zip(table["arch"].to_pylist(), table["status"].to_pylist(), strict=True)
        return {arch for arch, status in pairs if status in statuses}

    def query(self, sql: str) -> pa.Table:
        """Result of a DuckDB query (one select) over the table `measurements`.

        Raises:
            InputError: it is no select, or DuckDB does not accept it.
        """
        duckdb = require("duckdb", extra="collect", purpose="querying the measurement store")
        table = self.table()
        for i, name in enumerate(table.schema.names):  # plain text: an enumeration has no `like`
            if table.schema.types[i] == schema().field("space").type:
                table = table.set_column(i, name, table[name].cast("string"))
        with duckdb.connect() as connection:
            connection.register("measurements", table)
            try:
                kinds = [statement.type for statement in connection.extract_statements(sql)]
                if kinds != [duckdb.StatementType.SELECT]:
                    raise InputError(
                        f"the query must be one select over the table measurements, got {shorten(sql)}"
                    )
                return connection.sql(sql).to_arrow_table()
            except duckdb.Error as error:
                first = str(error).splitlines()[0]
                raise InputError(f"the query must be SQL over the table measurements: {first}") from error

    def rows(self) -> int:
        """How many measurements are stored."""
        return int(self.table().num_rows)

    def _new_journal(self) -> Journal:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():  # else a fold could take the file for one left behind before it is locked
            return Journal(self.folder / f"journal-{new_number()}.jsonl")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        file = os.open(self.folder / ".lock", os.O_CREAT | os.O_RDWR, 0o644)
        try:
            take_lock(file, wait=True)
            yield
        finally:
            os.close(file)

    def _names(self) -> list[str]:
        if not self.folder.is_dir():
            return []
        try:
            names = [p.name for p in self.folder.iterdir() if not p.name.startswith(".")]
        except OSError as error:
            raise DataError(f"cannot read the measurement store {self.folder}: {error}") from error
        for name in names:
            if not _NAME.fullmatch(name):
                raise DataError(f"{self.folder / name} is no file of a measurement store: move it elsewhere")
        return sorted(names, key=lambda name: name.partition("-")[2])  # by age

    def _replaced(self, names: Iterable[str]) -> set[str]:
        return {old for name in names if name.startswith("part-") for old in replaced_by(self.folder / name)}

    def _fold(self) -> None:
        pa = require("pyarrow", extra="collect", purpose="writing the measurement store")
        for left in self.folder.glob(".part-*.partial"):
            left.unlink()
        names = self._names()
        gone = self._replaced(names)
        self._remove(gone.intersection(names))
        names = [n for n in names if n not in gone]
        journals = [n for n in names if n.startswith("journal-") and is_idle(self.folder / n)]
        parts = [n for n in names if n.startswith("part-") and part_rows(self.folder / n) < PART_ROWS]
        if not journals and len(parts) < 2:
            return
        tables = [_read(self.folder / n) for n in (*parts, *journals)]
        table = pa.concat_tables(tables).unify_dictionaries()
        if table.num_rows:
            write_part(table, self.folder, [*parts, *journals])
        self._remove((*parts, *journals))

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            (self.folder / name).unlink()
        sync_folder(self.folder)


def _chosen(table: pa.Table, wanted: Mapping[str, str]) -> pa.Table:
    import pyarrow.compute as pc

    for name, value in wanted.items():
        table = table.filter(pc.equal(table[name].cast("string"), value))
    return table


def _read(path: Path) -> pa.Table:
    return read_part(path) if path.suffix == ".parquet" else read_rows(path)
