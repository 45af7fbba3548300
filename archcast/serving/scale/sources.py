"""Where the architectures of a bulk scoring come from: a file, draws, or a whole space.

A source gives any range of its rows again and again, in any process, so that a part can be repeated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from archcast.core.arrays import ArchBatch, Codes
from archcast.core.checks import check_whole
from archcast.core.errors import InputError, UnknownNameError, shorten
from archcast.core.optional import require
from archcast.core.reading import Table, is_parquet, read_file
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.catalog import notation_named

if TYPE_CHECKING:
    import pyarrow as pa

_FOOTER = 65_536
_READ_ROWS = 65_536


class Source(Protocol):
    """Rows of architectures; the same range always gives the same ones."""

    @property
    def rows(self) -> int:
        """How many there are."""

    def describe(self) -> dict[str, Any]:
        """What makes two sources equal, for the folder's `score.json`."""

    def read(self, start: int, stop: int) -> tuple[ArchBatch, dict[str, Any]]:
        """A range of rows for a predictor, and the Arrow columns that are kept beside the values."""


@dataclass(frozen=True)
class ParquetColumn:
    """A column of a Parquet file: text in the space's notation, dicts as structs, or lists of codes.

    Attributes:
        rows: of the file.
        notation: of others, in which the architectures are; see `archcast.parse`.
        fingerprint: of the file's size and its footer, which tells where everything lies.
    """

    path: str
    column: str
    rows: int
    fingerprint: str
    notation: str | None = None

    @classmethod
    def of(cls, path: Path, column: str, notation: str | None = None) -> ParquetColumn:
        """Look at a file without reading its rows.

        Raises:
            InputError: it is no Parquet file, has no rows, or the column's type cannot hold architectures.
            UnknownNameError: it has no such column, or there is no such notation.
        """
        if notation is not None:
            notation_named(notation)
        with _readable(path) as (pa, file):
            schema = file.schema_arrow
            column = next((n for n in schema.names if n.casefold() == column.casefold()), column)
            if column not in schema.names:
                raise UnknownNameError(f"column of {path}", column, schema.names)
            kind = schema.field(column).type
            if not (_is_text(pa, kind) or pa.types.is_struct(kind) or _is_codes(pa, kind)):
                raise InputError(
                    f"column {column!r} must hold text, structs or lists of whole numbers, got {kind}"
                )
            rows = file.metadata.num_rows
        if rows == 0:
            raise InputError(f"file {str(path)!r} must hold at least one row, got none")
        size = path.stat().st_size
        with path.open("rb") as whole:
            whole.seek(max(0, size - _FOOTER))
            fingerprint = hashlib.sha256(f"{size} ".encode() + whole.read()).hexdigest()
        return cls(str(path.resolve()), column, rows, fingerprint, notation)

    def describe(self) -> dict[str, Any]:
        """Without its place, so that a file may be moved between two runs."""
        record = {"source": "parquet", "column": self.column, "rows": self.rows, "file": self.fingerprint}
        return record if self.notation is None else record | {"notation": self.notation}

    def read(self, start: int, stop: int) -> tuple[ArchBatch, dict[str, Any]]:
        """The range as a list, or as an array of codes where the column holds lists of whole numbers."""
        with _readable(Path(self.path)) as (pa, file):
            cells = _slice(pa, file, self.column, start, stop)
        if cells.null_count:
            empty = int(np.argmax(np.asarray(cells.is_null())))
            raise InputError(f"column {self.column!r} must have no empty rows", item=empty)
        if self.notation is not None:
            return notation_named(self.notation)[1].own(cells.to_pylist()), {"arch": cells}
        if not _is_codes(pa, cells.type):
            return cells.to_pylist(), {"arch": cells}
        return _as_codes(cells), {"arch": cells}


@dataclass(frozen=True)
class ListedFile:
    """Any other file of architectures, as the commands read them: CSV, JSON, JSON Lines, plain lines.

    Attributes:
        rows: of the file.
        fingerprint: of its content.
        notation: as of `ParquetColumn`.
    """

    path: str
    column: str
    rows: int
    fingerprint: str
    notation: str | None = None

    @classmethod
    def of(cls, path: Path, column: str, notation: str | None = None) -> ListedFile:
        """Read a file.

        Raises:
            InputError: it cannot be read, has no rows, or has not that column; names file and line.
            UnknownNameError: there is no such notation.
        """
        if notation is not None:
            notation_named(notation)
        table = _table(str(path))
        table.cells(column)
        if not len(table):
            raise InputError(f"{table.name} must hold at least one row, got none")
        fingerprint = hashlib.sha256(path.read_bytes()).hexdigest()
        return cls(str(path.resolve()), column, len(table), fingerprint, notation)

    def describe(self) -> dict[str, Any]:
        """Without its place, so that a file may be moved between two runs."""
        record = {"source": "file", "column": self.column, "rows": self.rows, "file": self.fingerprint}
        return record if self.notation is None else record | {"notation": self.notation}

    def read(self, start: int, stop: int) -> tuple[ArchBatch, dict[str, Any]]:
        """The range as a list."""
        cells = _table(self.path).cells(self.column)[start:stop]
        for item, arch in enumerate(cells):
            if arch is None:
                raise InputError(f"column {self.column!r} must have no empty rows", item=item)
        texts = [arch if isinstance(arch, str) else json.dumps(arch) for arch in cells]
        own = cells if self.notation is None else notation_named(self.notation)[1].own(cells)
        return own, {"arch": texts}

    def naming(self) -> AbstractContextManager[None]:
        """Tell errors of rows by their place in the file."""
        return _table(self.path).naming()


def _table(path: str) -> Table:
    """The file's table, kept for the next part."""
    try:
        changed = Path(path).stat().st_mtime_ns
    except OSError as error:
        raise InputError(f"file {path!r} cannot be read: {error}") from error
    return _read(path, changed)


@lru_cache(maxsize=1)
def _read(path: str, changed: int) -> Table:
    del changed
    return read_file(Path(path), "file")


def file_source(path: Path, column: str, notation: str | None = None) -> ParquetColumn | ListedFile:
    """A file of architectures of any kind; raises as `ParquetColumn.of` and `ListedFile.of`."""
    if is_parquet(path):
        return ParquetColumn.of(path, column, notation)
    return ListedFile.of(path, column, notation)


@dataclass(frozen=True)
class Drawn:
    """Members of a space drawn uniformly, with replacement; each part by a seed of its own."""

    space: str
    rows: int
    seed: int = 0

    def __post_init__(self) -> None:
        check_whole(self.rows, "n", least=1)
        if self.seed < 0:
            raise InputError(f"seed must be a whole number of at least 0, got {shorten(self.seed)}")

    def describe(self) -> dict[str, Any]:
        """The seed and the number of rows."""
        return {"source": "drawn", "rows": self.rows, "seed": self.seed}

    def read(self, start: int, stop: int) -> tuple[ArchBatch, dict[str, Any]]:
        """Draws of the part that starts there; a part that starts elsewhere has others."""
        seed = int(np.random.SeedSequence([self.seed, start]).generate_state(1, np.uint64)[0])
        codes = SPACES[self.space].sample(stop - start, seed=seed)
        return codes, {"codes": _lists(codes)}


@dataclass(frozen=True)
class Every:
    """All members of a space that is a plain product of its decisions, in the order of their numbers."""

    space: str

    def __post_init__(self) -> None:
        SPACES[self.space].members(np.zeros(1, dtype=np.int64))

    @property
    def rows(self) -> int:
        """Size of the space."""
        return SPACES[self.space].size

    def describe(self) -> dict[str, Any]:
        """The number of rows."""
        return {"source": "every", "rows": self.rows}

    def read(self, start: int, stop: int) -> tuple[ArchBatch, dict[str, Any]]:
        """Members `start` to `stop - 1`."""
        codes = SPACES[self.space].members(np.arange(start, stop, dtype=np.int64))
        return codes, {"codes": _lists(codes)}


def _slice(pa: Any, file: Any, column: str, start: int, stop: int) -> pa.Array:
    """Rows of a column, reading only the row groups that hold them."""
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
    ends = np.cumsum(sizes)
    wanted = [i for i, end in enumerate(ends) if end > start and end - sizes[i] < stop]
    at, pieces = int(ends[wanted[0]] - sizes[wanted[0]]), []
    for batch in file.iter_batches(batch_size=_READ_ROWS, row_groups=wanted, columns=[column]):
        low, high = max(start - at, 0), min(stop - at, len(batch))
        if low < high:
            pieces.append(batch.column(0).slice(low, high - low))
        at += len(batch)
        if at >= stop:
            break
    combined = pa.chunked_array(pieces).combine_chunks()
    if len(combined) != stop - start:
        raise InputError(f"rows {start} to {stop - 1} must be in the file, found {len(combined)} of them")
    return combined.dictionary_decode() if pa.types.is_dictionary(combined.type) else combined


def _as_codes(column: Any) -> Codes:
    """A list column as one array; the rows must be of one length."""
    width = len(column[0])
    lengths = (
        np.diff(np.asarray(column.offsets)) if hasattr(column, "offsets") else np.full(len(column), width)
    )
    if (lengths != width).any():
        wrong = int(np.argmax(lengths != width))
        raise InputError(
            f"codes must all have the length of their part's first row, {width}, got {lengths[wrong]}",
            item=wrong,
        )
    codes: Codes = np.asarray(column.flatten()).reshape(len(column), width)
    return codes


def _lists(codes: Codes) -> Any:
    pa = require("pyarrow", extra="scale", purpose="bulk scoring")
    return pa.FixedSizeListArray.from_arrays(pa.array(codes.reshape(-1)), codes.shape[1])


def _is_text(pa: Any, kind: Any) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_codes(pa: Any, kind: Any) -> bool:
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(lists and pa.types.is_integer(kind.value_type))


@contextmanager
def _readable(path: Path) -> Iterator[tuple[Any, Any]]:
    """pyarrow and the opened file; what cannot be read becomes one sentence."""
    pa = require("pyarrow", extra="scale", purpose="bulk scoring")
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            yield pa, file
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"file {str(path)!r} cannot be read as Parquet: {error}") from error
