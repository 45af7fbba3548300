"""The user's own measurements: one SQLite file that many processes write to and read from at once.

| table | a row is |
|---|---|
| `measurements` | a measurement: the columns of `archcast.core.measurements`, and their checksum |
| `readings` | a reading of a network that is not measured yet (`archcast.collect.measure.readings`) |
| `taken_over` | a file of the store's former form whose rows are here (`archcast.collect.former_store`) |

Writers append to the file's write-ahead log, so that readers never wait; SQLite lets one write at a time.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from archcast.collect.former_store import former_files, read_former, set_aside
from archcast.collect.rows import checked_rows
from archcast.core import settings
from archcast.core.errors import DataError, InputError, shorten
from archcast.core.files import lock
from archcast.core.measurements import COLUMNS, measurement_table, schema
from archcast.core.optional import require

if TYPE_CHECKING:
    import pyarrow as pa

FILE = "measurements.sqlite"
TIMED = ("latency", "throughput")
"""Metrics whose measurement is made of readings."""
WAIT_S = 60.0
"""Longest wait for another process that writes."""
_TABLES = (
    "CREATE TABLE IF NOT EXISTS measurements (id INTEGER PRIMARY KEY, space TEXT, arch TEXT, device TEXT, "
    "metric TEXT, dataset TEXT, value REAL, spread REAL, repeats INTEGER, status TEXT, source TEXT, "
    "environment TEXT, time TEXT, note TEXT, checksum INTEGER)",
    "CREATE INDEX IF NOT EXISTS column_of ON measurements (device, metric, space, dataset)",
    "CREATE TABLE IF NOT EXISTS readings (id INTEGER PRIMARY KEY, session TEXT, space TEXT, device TEXT, "
    "dataset TEXT, board TEXT, arch TEXT, sentinel INTEGER, round INTEGER, wall_ms REAL, processor_ms REAL)",
    "CREATE INDEX IF NOT EXISTS session_of ON readings (session, sentinel)",
    "CREATE TABLE IF NOT EXISTS taken_over (name TEXT PRIMARY KEY)",
)
_INSERT = (
    f"INSERT INTO measurements ({', '.join(COLUMNS)}, checksum) VALUES ({', '.join('?' * len(COLUMNS))}, ?)"
)
_WHY = {
    sqlite3.SQLITE_BUSY: f": another process has held it for {WAIT_S:g} s",
    sqlite3.SQLITE_CORRUPT: ": the file is damaged, move it elsewhere",
    sqlite3.SQLITE_NOTADB: ": the file is damaged or foreign, move it elsewhere",
}


class MeasurementStore:
    """Measurements of this user, appended crash-safe.

    Any number of processes and threads may append and read at once.

    Args:
        folder: None takes `store` in archcast's home. It is made at the first append.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = settings.store_dir() if folder is None else Path(folder)
        self.path = self.folder / FILE
        self._db: sqlite3.Connection | None = None
        self._threads = threading.RLock()

    def __enter__(self) -> MeasurementStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a later append opens it anew."""
        with self._threads, self._named("close"):
            if self._db is not None:
                self._db.close()
                self._db = None

    def append(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add measurements; they are on disk when this returns, and when it raises none of them is.

        What was kept of readings of these networks goes: their measurement is complete.

        Args:
            rows: mappings with the columns of `archcast.core.measurements`; `spread`, `repeats`, `time` and
                `note` may be left out. `environment` is the text of a JSON object (`environment_json`).

        Raises:
            InputError: a row is not a measurement; names the row.
            DataError: the file cannot be written to; names it.
        """
        if checked := checked_rows(rows):
            with self.writing() as db:
                _insert(db, checked)
                _forget_readings(db, [row for row in checked if row["metric"] in TIMED])

    def to_table(
        self,
        *,
        space: str | None = None,
        device: str | None = None,
        metric: str | None = None,
        dataset: str | None = None,
    ) -> pa.Table:
        """All rows, or those with the given columns, in the schema of `archcast.core.measurements`.

        Raises:
            DataError: the file is foreign or damaged, or cannot be read; names it.
        """
        pa = require("pyarrow", extra="collect", purpose="reading the measurement store")
        given = {"space": space, "device": device, "metric": metric, "dataset": dataset}
        wanted = {name: value for name, value in given.items() if value is not None}
        where = " AND ".join(f"{name} = ?" for name in wanted) or "TRUE"
        query = f"SELECT {', '.join(COLUMNS)}, checksum FROM measurements WHERE {where} ORDER BY id"
        with self.reading() as db:
            rows = db.execute(query, tuple(wanted.values())).fetchall()
        if not rows:
            return schema().empty_table()
        for *row, checksum in rows:
            if _checksum(row) != checksum:
                raise DataError(
                    f"the measurement of {row[1]} on {row[2]} in {self.path} is damaged: "
                    "it does not have its checksum"
                )
        columns: dict[str, Any] = dict(zip(COLUMNS, zip(*rows, strict=True), strict=False))
        columns["time"] = [None if t is None else datetime.fromisoformat(t) for t in columns["time"]]
        try:
            return measurement_table(columns)
        except (pa.ArrowException, DataError) as error:
            raise DataError(f"{self.path} does not hold measurements: {error}") from error

    def measured(
        self, space: str, device: str, metric: str, dataset: str, *, statuses: Collection[str] = ("ok",)
    ) -> set[str]:
        """Texts of the architectures that have a row with one of `statuses`."""
        query = (
            "SELECT DISTINCT arch, status FROM measurements "
            "WHERE space = ? AND device = ? AND metric = ? AND dataset = ?"
        )
        with self.reading() as db:
            rows = db.execute(query, (space, device, metric, dataset)).fetchall()
        return {arch for arch, status in rows if status in statuses}

    def count(self) -> int:
        """How many measurements are stored."""
        with self.reading() as db:
            return int(db.execute("SELECT COUNT(*) FROM measurements").fetchone()[0])

    def query(self, sql: str) -> pa.Table:
        """Result of a DuckDB query (one select) over the table `measurements`.

        Raises:
            InputError: it is no select, or DuckDB does not accept it.
        """
        duckdb = require("duckdb", extra="collect", purpose="querying the measurement store")
        table = self.to_table()
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

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """A transaction, kept as a whole when the block ends, or not at all when it raises.

        Args:
            durable: whether it is on disk then. One that is not survives the end of the process just as
                well, but not a power cut, and costs microseconds.

        Raises:
            DataError: the file cannot be written to; names it.
        """
        with self._threads, self._named("write measurements to"):
            if self._db is None:
                self._db = self._open()
            self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            with self._db as db:
                yield db

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The tables, for queries; a store that nobody has written to has empty ones.

        Raises:
            DataError: the file is foreign or damaged, or cannot be read; names it.
        """
        with self._threads, self._named("read measurements in"):
            if self._db is not None:
                yield self._db
            else:
                with closing(self._open_to_read()) as db:
                    yield db

    def _open_to_read(self) -> sqlite3.Connection:
        if not self.path.exists() and not former_files(self.folder):
            db = sqlite3.connect(":memory:")
            _set_up(db)
            return db
        try:
            return self._open()
        except (sqlite3.OperationalError, OSError):
            if not self.path.exists():
                raise
        # The folder cannot be written to, so that no log can be made beside the file, and nobody changes it.
        log = self.path.with_name(f"{FILE}-wal")
        how = "mode=ro" if log.exists() and log.stat().st_size else "immutable=1"
        return sqlite3.connect(f"{self.path.absolute().as_uri()}?{how}", uri=True)

    def _open(self) -> sqlite3.Connection:
        """The file with its tables, and in them what the folder has of the former form."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a") as file:
            lock(file.fileno())
            db = sqlite3.connect(
                self.path, timeout=WAIT_S, isolation_level="IMMEDIATE", check_same_thread=False
            )
            try:
                db.execute("PRAGMA journal_mode = WAL")
                _set_up(db)
                self._take_over(db)
            except BaseException:
                db.close()
                raise
        return db

    def _take_over(self, db: sqlite3.Connection) -> None:
        """Move the rows of the former form into the tables, each once, whoever is killed in between."""
        if not (files := former_files(self.folder)):
            return
        with db:
            had = {name for (name,) in db.execute("SELECT name FROM taken_over")}
            for name, rows in read_former(files):
                if name not in had:
                    _insert(db, rows)
                    db.execute("INSERT INTO taken_over VALUES (?)", (name,))
        set_aside(files)

    @contextmanager
    def _named(self, doing: str) -> Iterator[None]:
        """Turn what SQLite and the system raise into an error that names the file."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            why = _WHY.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "")
            raise DataError(f"cannot {doing} {self.path}: {error}{why}") from error


def _set_up(db: sqlite3.Connection) -> None:
    for statement in _TABLES:
        db.execute(statement)


def _insert(db: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    for row in rows:
        values = [row[name] for name in COLUMNS]
        values = [v + 0.0 if isinstance(v, float) else v for v in values]  # SQLite has no negative zero
        db.execute(_INSERT, (*values, _checksum(values)))


def _checksum(values: Sequence[Any]) -> int:
    return zlib.crc32(json.dumps(values, ensure_ascii=False).encode())


def _forget_readings(db: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    key = ("space", "device", "dataset", "arch")
    where = " AND ".join(f"{name} = ?" for name in key)
    db.executemany(f"DELETE FROM readings WHERE {where}", [[row[name] for name in key] for row in rows])
    db.execute(
        "DELETE FROM readings WHERE sentinel AND session NOT IN "
        "(SELECT session FROM readings WHERE NOT sentinel)"
    )
