"""Parquet files of a measurement store; each names in its metadata the files that it replaces.

A part's name ends with the CRC-32 of the file, so that damage anywhere in it is seen.
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archcast.collect.journal import new_number, sync_folder
from archcast.core.errors import DataError
from archcast.core.measurements import check, schema
from archcast.core.optional import require

if TYPE_CHECKING:
    import pyarrow as pa

_REPLACES = b"archcast.replaces"


def write_part(table: pa.Table, folder: Path, replaces: Sequence[str]) -> None:
    """Write measurements to a new part, which is there as a whole or not at all and survives a power cut.

    Args:
        replaces: names of the files in `folder` that count as gone from now on.
    """
    pa = require("pyarrow", extra="collect", purpose="writing the measurement store")
    import pyarrow.parquet as pq

    check(table)
    table = table.combine_chunks().replace_schema_metadata({_REPLACES: json.dumps(list(replaces))})
    content = pa.BufferOutputStream()
    pq.write_table(table, content, compression="zstd")
    content = content.getvalue()
    number = new_number()
    partial = folder / f".part-{number}.partial"
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / f"part-{number}-{zlib.crc32(content):08x}.parquet")
    sync_folder(folder)


def read_part(path: Path) -> pa.Table:
    """The measurements of a part.

    Raises:
        DataError: the file is foreign or damaged; names it.
        FileNotFoundError: it has been folded into another in the meantime.
    """
    with _named(path) as pa:
        import pyarrow.parquet as pq

        content = path.read_bytes()
        if f"{zlib.crc32(content):08x}" != path.stem.rpartition("-")[2]:
            raise DataError("it does not have the checksum that its name states")
        table = pq.read_table(pa.BufferReader(content)).cast(schema())
        check(table)
        return table.replace_schema_metadata()


def replaced_by(path: Path) -> list[str]:
    """Names of the files that a part replaces; raises like `read_part`."""
    with _named(path):
        import pyarrow.parquet as pq

        metadata = pq.read_schema(path).metadata or {}
        names: list[str] = json.loads(metadata[_REPLACES])
        return names


def part_rows(path: Path) -> int:
    """How many measurements a part holds; raises like `read_part`."""
    with _named(path):
        import pyarrow.parquet as pq

        return int(pq.read_metadata(path).num_rows)


@contextlib.contextmanager
def _named(path: Path) -> Iterator[Any]:
    """Turn what reading a damaged Parquet file raises into an error with the file's name; gives pyarrow."""
    pa = require("pyarrow", extra="collect", purpose="reading the measurement store")
    try:
        yield pa
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, KeyError, ValueError, DataError) as error:
        raise DataError(f"{path} is not a part of a measurement store: {error}") from error
