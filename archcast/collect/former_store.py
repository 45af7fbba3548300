"""The measurement store's former form: journals and Parquet parts in the store's folder.

| file | what it is |
|---|---|
| `journal-ID.jsonl` | a header, then a line an append: CRC-32 in hexadecimal, a space, a JSON list of rows |
| `part-ID-CRC.parquet` | rows of folded files, with the file's CRC-32; its metadata names what it replaces |

A file that a part replaces counts as gone, whether or not it was removed. The last line of a journal may be
cut: it was never acknowledged. Once its rows are in the store's SQLite file, a file goes to the folder
`former`.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archcast.collect.rows import plain_rows
from archcast.core.errors import DataError
from archcast.core.files import sync
from archcast.core.measurements import COLUMNS, check, measurement_table, schema
from archcast.core.optional import require

if TYPE_CHECKING:
    import pyarrow as pa

ASIDE = "former"
_NAME = re.compile(r"journal-[0-9a-f]{32}\.jsonl|part-[0-9a-f]{32}-[0-9a-f]{8}\.parquet")
_HEADER = b"archcast journal 1\n"
_REPLACES = b"archcast.replaces"


def former_files(folder: Path) -> list[Path]:
    """Files of the former form in a folder, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(
        (path for path in folder.iterdir() if _NAME.fullmatch(path.name)),
        key=lambda path: path.name.partition("-")[2],
    )


def read_former(files: Sequence[Path]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Name and rows of each file; none of a file whose rows are in another.

    Raises:
        DataError: a file is damaged, or a journal is being written; names it.
    """
    gone = {name for path in files if path.suffix == ".parquet" for name in _read_part(path)[1]}
    for path in files:
        if path.name in gone:
            rows = []
        elif path.suffix == ".parquet":
            rows = plain_rows(_read_part(path)[0])
        else:
            rows = plain_rows(_read_journal(path))
        yield path.name, rows


def set_aside(files: Sequence[Path]) -> None:
    """Move files whose rows are safe elsewhere out of the way."""
    aside = files[0].parent / ASIDE
    aside.mkdir(exist_ok=True)
    for path in files:
        path.replace(aside / path.name)
    sync(aside)
    sync(aside.parent)


def _read_part(path: Path) -> tuple[pa.Table, list[str]]:
    """The rows, and the names of the files that the part replaces."""
    pa = require("pyarrow", extra="collect", purpose="reading a measurement store's former form")
    import pyarrow.parquet as pq

    content = path.read_bytes()
    if f"{zlib.crc32(content):08x}" != path.stem.rpartition("-")[2]:
        raise DataError(f"{path} is damaged: it does not have the checksum that its name states")
    try:
        table = pq.read_table(pa.BufferReader(content))
        names: list[str] = json.loads((table.schema.metadata or {})[_REPLACES])
        table = table.cast(schema())
        check(table)
    except (pa.ArrowException, KeyError, ValueError, DataError) as error:
        raise DataError(f"{path} is not a part of a measurement store: {error}") from error
    return table, names


def _read_journal(path: Path) -> pa.Table:
    """The rows of all whole appends, in order."""
    rows: list[dict[str, Any]] = []
    with path.open("rb") as file:
        _refuse_busy(file.fileno(), path)
        content = file.read()
    if not content.startswith(_HEADER):
        if _HEADER.startswith(content):  # its writer ended before the first line was whole
            return schema().empty_table()
        raise DataError(f"{path} is not a journal of measurements")
    *whole, cut = content[len(_HEADER) :].split(b"\n")
    for i, line in enumerate(whole):
        if line[8:9] != b" " or line[:8] != b"%08x" % zlib.crc32(line[9:]):
            if i == len(whole) - 1 and not cut:
                break
            raise DataError(f"{path} is damaged: line {i + 2} does not have its checksum")
        rows += json.loads(line[9:])
    try:
        columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in COLUMNS}
        columns["time"] = [None if t is None else datetime.fromisoformat(t) for t in columns["time"]]
        return measurement_table(columns)
    except (KeyError, TypeError, ValueError, DataError) as error:
        raise DataError(f"{path} does not hold measurements: {error}") from error


def _refuse_busy(file: int, path: Path) -> None:
    import fcntl  # there are such stores on systems that have it alone

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DataError(f"{path} is being written by an older archcast: end that process first") from error
