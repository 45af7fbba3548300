"""Files as tables: which kind a file is, its content says.

| kind | how it is told | rows |
|---|---|---|
| Parquet | its first bytes | its rows |
| JSON | a list or an object, from beginning to end | records, columns, or a list of architectures |
| JSON Lines | an object or a list a line | records, or architectures |
| CSV | a header with the column `arch`, separated by `,` `;` or a tab | its records |
| lines | anything else | an architecture a line |
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from archcast.core.errors import InputError, shorten
from archcast.core.optional import require
from archcast.core.reading.separated import read_separated
from archcast.core.reading.table import ARCH, Table
from archcast.core.reading.text import LARGEST, decoded, unpacked

_PARQUET = b"PAR1"
_FIRST_LINE = 10_000


def read_file(path: Path, what: str = "file", *, header: bool = False) -> Table:
    """The table of a file.

    Args:
        what: what the file is to the caller, for errors.
        header: whether text must be CSV with a header, also where it has no column `arch`.

    Raises:
        InputError: it cannot be read, or holds no rows that can be told; names line, column and remedy.
    """
    name = f"{what} {str(path)!r}"
    return read_bytes(_content(path, name), name, header=header)


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(len(_PARQUET)) == _PARQUET
    except OSError as error:
        raise InputError(f"file {str(path)!r} cannot be read: {error}") from error


def read_whole(path: Path, what: str = "file") -> Table:
    """A file that writes one architecture in many lines, as a table of one row.

    Raises:
        InputError: it cannot be read, or is no text.
    """
    name = f"{what} {str(path)!r}"
    text, encoding = decoded(unpacked(_content(path, name), name), name)
    return Table(name, (ARCH,), [(text,)], [1], encoding=encoding)


def _content(path: Path, name: str) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{name} must be at most {LARGEST} bytes, and is larger")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error}") from error


def read_bytes(data: bytes, name: str, *, header: bool = False) -> Table:
    """The table of a file's content.

    Args:
        name: the file, as errors name it.
        header: as in `read_file`.

    Raises:
        InputError: as `read_file`.
    """
    data = unpacked(data, name)
    if data.startswith(_PARQUET):
        return _parquet(data, name)
    text, encoding = decoded(data, name)
    if "op_latency" in (first := text[:_FIRST_LINE].partition("\n")[0]) and "op_name" in first:
        raise InputError(
            f"{name} is a look-up table of operators, and a device is learned from whole networks: sum the "
            "table over some networks, and write them as rows of arch,value"
        )
    start = text.lstrip()[:1]
    if start in ("[", "{"):
        return _json(text, name)
    separated = read_separated(text, name, encoding, always=header)
    return _lines(text, name) if separated is None else separated


def _lines(text: str, name: str) -> Table:
    filled = [(i, line.strip()) for i, line in enumerate(text.splitlines(), 1) if line.strip()]
    return Table(name, (ARCH,), [(line,) for _, line in filled], [i for i, _ in filled])


def _parquet(data: bytes, name: str) -> Table:
    pa = require("pyarrow", extra="measure", purpose="reading Parquet")
    parquet = require("pyarrow.parquet", extra="measure", purpose="reading Parquet")
    try:
        table = parquet.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{name} is no whole Parquet file: {' '.join(str(error).split())}") from error
    columns = [[_empty(cell) for cell in column.to_pylist()] for column in table.columns]
    rows = list(zip(*columns, strict=True))
    return Table(name, tuple(table.column_names), rows, range(len(rows)), unit="row")


def _json(text: str, name: str) -> Table:
    try:
        value = _decoded(text)
    except (ValueError, RecursionError) as error:
        lines = [(i, line.strip()) for i, line in enumerate(text.splitlines(), 1) if line.strip()]
        if all(line[-1] in "]}" for _, line in lines) and (len(lines) > 1 or lines[0][1][0] == "["):
            return _json_lines(lines, name)
        raise InputError(f"{name} is not JSON: {_why(error)}") from error
    value = _framed(value, name)
    if isinstance(value, dict):
        columns = _unindexed(value, name)
        if any(_is_arch(key) and isinstance(cells, list) for key, cells in columns.items()):
            return _columns(columns, name)
        value = _keyed(value)
    elif not value or isinstance(value[0], int | float | None):
        value = [value] if value else []
    return _items(value, name, list(range(len(value))), "item")


def _framed(value: Any, name: str) -> Any:
    """Records of a frame that pandas wrote with the orientation `split` or `table`; others as they are."""
    rows = value.get("data") if isinstance(value, dict) else None
    if not isinstance(rows, list) or not value.keys() <= {"columns", "index", "data", "schema"}:
        return value
    names = value.get("columns")
    if names is None:
        return rows
    if not isinstance(names, list) or not all(isinstance(r, list) and len(r) == len(names) for r in rows):
        raise InputError(f"{name} must have one entry a column in every row of its data")
    return {str(column): [row[i] for row in rows] for i, column in enumerate(names)}


def _unindexed(value: dict[str, Any], name: str) -> dict[str, Any]:
    """Columns written as objects, from a row's name to its cell, as lists."""
    archs = next((cells for key, cells in value.items() if _is_arch(key)), None)
    if not isinstance(archs, dict):
        return value
    out = {}
    for key, cells in value.items():
        if isinstance(cells, dict) and cells.keys() != archs.keys():
            raise InputError(f"{name} must have columns of the same rows, and those of {key!r} are others")
        out[key] = [cells[row] for row in archs] if isinstance(cells, dict) else cells
    return out


def _keyed(value: dict[str, Any]) -> list[Any]:
    """Records by the names of their rows, or by their architectures; else one architecture."""
    if not value or not all(isinstance(entry, dict) for entry in value.values()):
        return [value]
    if all(map(_is_record, value.values())):
        return list(value.values())
    if any(key[:1].isalpha() for key in value):
        return [value]
    return [{ARCH: key, **entry} for key, entry in value.items()]


def _is_arch(key: str) -> bool:
    return key.strip().casefold() == ARCH


def _json_lines(lines: list[tuple[int, str]], name: str) -> Table:
    """A line an architecture, or a record; text that is no JSON stays for the space to refuse."""
    items: list[Any] = []
    for line, text in lines:
        try:
            values = _decoded(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{name} line {line} is not JSON: {_why(error)}") from error
        items.append(values)
    return _items(items, name, [line for line, _ in lines], "line")


def _items(items: list[Any], name: str, places: list[int], unit: str) -> Table:
    """Records where the first has the key `arch`, else architectures."""
    if not items or not _is_record(items[0]):
        return Table(name, (ARCH,), [(_empty(item),) for item in items], places, unit=unit)
    columns: dict[str, None] = {}
    records = []
    for item, place in zip(items, places, strict=True):
        if not isinstance(item, dict):
            raise InputError(f"{name} {unit} {place} must be a record as those before, got {shorten(item)}")
        records.append({key.strip(): _empty(cell) for key, cell in item.items()})
        if len(records[-1]) != len(item):
            raise InputError(f"{name} {unit} {place} must have each key once, got {shorten(list(item))}")
        columns |= dict.fromkeys(records[-1])
    rows = [tuple(record.get(column) for column in columns) for record in records]
    return Table(name, tuple(columns), rows, places, unit=unit)


def _is_record(item: Any) -> bool:
    return isinstance(item, dict) and any(map(_is_arch, item))


def _columns(value: dict[str, Any], name: str) -> Table:
    """Lists by column, of one length; other entries go for every row."""
    lengths = {key: len(cells) for key, cells in value.items() if isinstance(cells, list)}
    n = lengths[next(filter(_is_arch, lengths))]
    for key, length in lengths.items():
        if length != n:
            raise InputError(
                f"{name} must have columns of one length, got {length} of {key!r} and {n} of arch"
            )
    whole = [cells if isinstance(cells, list) else [cells] * n for cells in value.values()]
    rows = [tuple(_empty(cell) for cell in row) for row in zip(*whole, strict=True)]
    return Table(name, tuple(key.strip() for key in value), rows, range(n), unit="item")


def _decoded(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's keys, each once."""
    once = dict(pairs)
    if len(once) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {shorten(twice)} stands twice in one object")
    return once


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[:1].lower()}{error.msg[1:]} at line {error.lineno} column {error.colno}"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return "a number in it is too long" if "digits" in str(error) else str(error)


def _empty(cell: Any) -> Any:
    """Text without the spaces round it; None for nothing."""
    if isinstance(cell, str):
        return cell.strip() or None
    return cell
