"""Rows that are added to a CSV file that others fill: in its encoding, with its separator and columns."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence

from archcast.core.errors import InputError
from archcast.core.reading.table import ARCH, Table
from archcast.core.reading.text import GZIP

VALUE = "value"
NEW = Table("a new file", (ARCH, VALUE), (), (), is_csv=True)
"""What a file is that holds nothing."""
_MARKED = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
"""Encoding of a file with a byte order mark -> that of what is added, which has none."""


def rows_to_add(data: bytes, table: Table, archs: Sequence[str]) -> bytes:
    """What is to be written after a file's content: rows without a value, and the header where there is none.

    Args:
        data, table: the file's content, and the same read; `NEW` where it holds nothing.

    Raises:
        InputError: the file is packed.
    """
    if data.startswith(GZIP):
        raise InputError(
            f"{table.name} is packed by gzip, and rows are added to plain files: unpack it first"
        )
    there = data.decode(table.encoding)
    end = "\r\n" if "\r\n" in there else "\n"
    text = io.StringIO()
    writer = csv.DictWriter(text, table.columns, restval="", lineterminator=end, delimiter=table.separator)
    encoding = _MARKED.get(table.encoding, table.encoding)
    if data.startswith(codecs.BOM_UTF16_BE):
        encoding = "utf-16-be"
    if not data.strip():
        writer.writeheader()
    elif not there.endswith(("\n", "\r")):
        text.write(end)
    name = table.find(ARCH) or ARCH
    writer.writerows({name: arch} for arch in archs)
    return text.getvalue().encode(encoding)
