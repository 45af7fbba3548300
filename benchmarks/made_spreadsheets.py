"""Spreadsheets as people export them, and what the reader makes of them.

Sheets are made in eight locales, with decimal commas, signs between thousands, blank rows, units in headers
and what else is met; pandas writes them, and LibreOffice's CSV filter where `soffice` is found. A file is
`read` where every number is the one that a person reads, `refused` where the sentence names file, line and
column, and `wrong` in any other case. No file without a sign between thousands and without three decimals may
be refused, and every file with a fault must be.

    python benchmarks/made_spreadsheets.py --out benchmarks/results/made_spreadsheets.csv
"""

from __future__ import annotations

import argparse
import csv
import io
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd

from archcast.core.errors import InputError
from archcast.core.reading import read_bytes, samples_of


@dataclass(frozen=True, slots=True)
class Locale:
    """How numbers are shown, and what separates the cells of files."""

    name: str
    decimal: str
    thousands: str
    separator: str
    lakhs: bool = False

    def shown(self, number: Decimal, *, grouped: bool) -> str:
        """A number as a cell shows it."""
        whole, _, part = format(number, "f").partition(".")
        if grouped and len(whole) > 3:
            size = 2 if self.lakhs else 3
            head, groups = whole[:-3], [whole[-3:]]
            while head:
                head, groups = head[:-size], [head[-size:], *groups]
            whole = self.thousands.join(groups)
        return f"{whole}{self.decimal}{part}" if part else whole


LOCALES = (
    Locale("en-US", ".", ",", ","),
    Locale("en-IN", ".", ",", ",", lakhs=True),
    Locale("de-DE", ",", ".", ";"),
    Locale("de-CH", ".", "\u2019", ";"),
    Locale("fr-FR", ",", "\u202f", ";"),
    Locale("sv-SE", ",", "\u00a0", ";"),
    Locale("pt-BR", ",", ".", ";"),
    Locale("pl-PL", ",", "\u00a0", ";"),
)
HEADERS = (
    ("arch", "value", 1.0),
    ("Arch", "Latency (ms)", 1.0),
    (" ARCH ", "latency_us", 1e-3),
    ("arch", "VALUE [s]", 1e3),
)
FAULTS = (
    "n/a",
    "12..5",
    "1O.5",
    "12.5 ms",
    "#DIV/0!",
    "TRUE",
    "9_731",
    "12.05.2026",
    "12/05/2026",
    "\u0663\u0664",
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16")
_CODES = {"utf-8": "76", "utf-16": "65535"}
"""Encodings as LibreOffice numbers them."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a person has before them.

    Attributes:
        numbers: as shown, None where a cell is blank.
        factor: from the header's unit to ms.
        fault: row and text of a cell that is no number.
    """

    name: str
    locale: Locale
    header: tuple[str, str]
    archs: Sequence[str]
    numbers: Sequence[Decimal | None]
    grouped: bool
    digits: int
    factor: float
    fault: tuple[int, str] | None = None

    @property
    def texts(self) -> list[str]:
        """The cells beside the architectures."""
        shown = ["" if n is None else self.locale.shown(n, grouped=self.grouped) for n in self.numbers]
        if self.fault is not None:
            shown[self.fault[0]] = self.fault[1]
        return shown

    @property
    def plain(self) -> bool:
        """Whether a person has nothing to think about."""
        parted = self.grouped and any(n is not None and n >= 1000 for n in self.numbers)
        return self.fault is None and not parted and self.digits != 3


@dataclass(frozen=True, slots=True)
class File:
    """A sheet as it was written; `line` is that of the fault."""

    sheet: Sheet
    data: bytes
    writer: str
    line: int | None = None

    @property
    def name(self) -> str:
        return f"samples '{self.sheet.name}.csv'"

    def outcome(self) -> str:
        """`read`, `refused` or `wrong`, see the module."""
        wanted = [float(n) * self.sheet.factor for n in self.sheet.numbers if n is not None]
        try:
            found = samples_of(read_bytes(self.data, self.name, header=True), metric="latency")
        except InputError as error:
            said = str(error)
            line = f"line {self.line}" if self.line is not None else "line "
            named = self.name in said and line in said and self.sheet.header[1].strip() in said
            return "refused" if named and not self.sheet.plain else f"wrong: {said}"
        same = len(found.values) == len(wanted) and np.allclose(found.values, wanted, rtol=1e-12, atol=0)
        if self.sheet.fault is not None or not same:
            return f"wrong: {found.values} for {self.sheet.texts}"
        return "read"


def sheets(locale: Locale, rng: np.random.Generator, n: int) -> Iterator[Sheet]:
    """Sheets of a locale: right ones, ones that must be thought about, and every fifth with a fault."""
    for i in range(n):
        rows, digits, faulty = int(rng.integers(1, 9)), int(rng.integers(0, 5)), i % 5 == 4
        arch, value, factor = HEADERS[i % len(HEADERS)]
        made = Sheet(
            f"{locale.name}-{i}",
            locale,
            (arch, value),
            _archs(rows, rng),
            _numbers(rows, 2 if faulty else digits, rng, blank=i % 3 == 0),
            grouped=i % 4 == 1 and not faulty,
            digits=2 if faulty else digits,
            factor=factor,
        )
        fault = (int(rng.integers(rows)), FAULTS[i // 5 % len(FAULTS)])
        yield replace(made, fault=fault) if faulty else made


def _numbers(n: int, digits: int, rng: np.random.Generator, *, blank: bool) -> list[Decimal | None]:
    """Costs with so many decimals, one of them not measured where `blank`."""
    place = Decimal(1).scaleb(-digits)
    drawn = np.exp(rng.uniform(np.log(0.05), np.log(200_000), n)).tolist()
    numbers: list[Decimal | None] = [max(Decimal(x).quantize(place, ROUND_HALF_EVEN), place) for x in drawn]
    if blank and n > 2:
        numbers[int(rng.integers(1, n))] = None
    return numbers


def _archs(n: int, rng: np.random.Generator) -> list[str]:
    """Architectures of three notations: digits, lists with commas, and cells."""
    kind = rng.integers(3)
    if kind == 0:
        return ["".join(map(str, rng.integers(0, 3, 8))) for _ in range(n)]
    if kind == 1:
        return [str(rng.integers(0, 9, 22).tolist()) for _ in range(n)]
    names = np.array(["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"])
    form = "|{}~0|+|{}~0|{}~1|+|{}~0|{}~1|{}~2|"
    return [form.format(*names[rng.integers(0, 5, 6)]) for _ in range(n)]


def by_pandas(sheet: Sheet, rng: np.random.Generator) -> File:
    """A sheet written by pandas: numbers as numbers where nothing parts them, else as text."""
    frame: dict[str, Sequence[object]] = {sheet.header[0]: sheet.archs}
    as_text = sheet.grouped or sheet.fault is not None
    numbers = [None if n is None else float(n) for n in sheet.numbers]
    frame[sheet.header[1]] = sheet.texts if as_text else numbers
    if rng.integers(2):
        frame["note"] = ["", *["a; b, c"] * (len(numbers) - 1)]
    separator = ["\t", sheet.locale.separator, sheet.locale.separator][int(rng.integers(3))]
    encoding, end = ENCODINGS[int(rng.integers(3))], ["\n", "\r\n"][int(rng.integers(2))]
    index, told, empty = (bool(rng.integers(3) == 0) for _ in range(3))
    text = pd.DataFrame(frame).to_csv(
        sep=separator,
        decimal=sheet.locale.decimal,
        float_format=f"%.{sheet.digits}f",
        index=index,
        quoting=csv.QUOTE_ALL if rng.integers(3) == 0 else csv.QUOTE_MINIMAL,
        lineterminator=end,
    )
    above = 0
    if told and separator != "\t":
        text, above = f"sep={separator}{end}{text}", 1
    if empty:  # rows below, as spreadsheets leave them
        text += 2 * (separator * (len(frame) + index - 1) + end)
    line = None if sheet.fault is None else above + 2 + sheet.fault[0]
    return File(sheet, text.encode(encoding), "pandas", line)


def by_libreoffice(made: Sequence[Sheet], folder: Path) -> Iterator[File]:
    """Sheets written by LibreOffice as they are shown, with separators of their locales and tabs."""
    profile = (folder / "profile").as_uri()
    for separator, encoding in ((",", "utf-8"), (";", "utf-8"), ("\t", "utf-16")):
        own = [s for i, s in enumerate(made) if separator == ("\t" if i % 5 == 3 else s.locale.separator)]
        paths = []
        for sheet in own:
            paths.append(folder / f"{sheet.name}.fods")
            paths[-1].write_text(_document(sheet), encoding="utf-8")
        tokens = f"{ord(separator)},34,{_CODES[encoding]},1,,0,false,false,true"
        command = ["soffice", f"-env:UserInstallation={profile}", "--headless", "--convert-to"]
        command += [f"csv:Text - txt - csv (StarCalc):{tokens}", "--outdir", str(folder), *map(str, paths)]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        for sheet, path in zip(own, paths, strict=True):
            line = None if sheet.fault is None else 2 + sheet.fault[0]
            yield File(sheet, path.with_suffix(".csv").read_bytes(), "LibreOffice", line)


_NAMESPACES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in {
        "office": "office",
        "style": "style",
        "text": "text",
        "table": "table",
        "number": "datastyle",
    }.items()
)


def _document(sheet: Sheet) -> str:
    """The sheet in OpenDocument's flat XML, its numbers formatted in the locale."""
    language, country = sheet.locale.name.split("-")
    style = (
        f'<number:number-style style:name="N" number:language="{language}" number:country="{country}">'
        f'<number:number number:decimal-places="{sheet.digits}" number:min-decimal-places="{sheet.digits}" '
        f'number:min-integer-digits="1" number:grouping="{str(sheet.grouped).lower()}"/>'
        "</number:number-style>"
        '<style:style style:name="C" style:family="table-cell" style:data-style-name="N"/>'
    )
    rows = [_row(_text(sheet.header[0]), _text(sheet.header[1]))]
    for i, (arch, number) in enumerate(zip(sheet.archs, sheet.numbers, strict=True)):
        if sheet.fault is not None and sheet.fault[0] == i:
            cell = _text(sheet.fault[1])
        elif number is None:
            cell = "<table:table-cell/>"
        else:
            cell = (
                f'<table:table-cell table:style-name="C" office:value-type="float" office:value="{number}"/>'
            )
        rows.append(_row(_text(arch), cell))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document {_NAMESPACES} office:version="1.3" '
        'office:mimetype="application/vnd.oasis.opendocument.spreadsheet">'
        f"<office:automatic-styles>{style}</office:automatic-styles><office:body><office:spreadsheet>"
        f'<table:table table:name="Sheet1">{"".join(rows)}</table:table>'
        "</office:spreadsheet></office:body></office:document>"
    )


def _row(*cells: str) -> str:
    return f"<table:table-row>{''.join(cells)}</table:table-row>"


def _text(text: str) -> str:
    return f'<table:table-cell office:value-type="string"><text:p>{escape(text)}</text:p></table:table-cell>'


def pandas_files(n: int, *, seed: int = 0) -> Iterator[File]:
    """n files of every locale."""
    rng = np.random.default_rng(seed)
    for locale in LOCALES:
        for sheet in sheets(locale, rng, n):
            yield by_pandas(sheet, rng)


def libreoffice_files(n: int, *, seed: int = 1) -> Iterator[File]:
    """n files of every locale."""
    rng = np.random.default_rng(seed)
    made = [sheet for locale in LOCALES for sheet in sheets(locale, rng, n)]
    with tempfile.TemporaryDirectory() as folder:
        yield from by_libreoffice(made, Path(folder))


def has_libreoffice() -> bool:
    """Whether `soffice` is found."""
    return shutil.which("soffice") is not None


def table(files: Sequence[File]) -> str:
    """CSV of how many files of each writer and locale were read and refused."""
    counts = Counter((f.writer, f.sheet.locale.name, f.outcome().partition(":")[0]) for f in files)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["writer", "locale", "read", "refused", "wrong"])
    for who, where in dict.fromkeys((f.writer, f.sheet.locale.name) for f in files):
        writer.writerow([who, where, *(counts[who, where, what] for what in ("read", "refused", "wrong"))])
    return out.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=40, help="Files of each writer and locale.")
    parser.add_argument("--out", type=Path, help="CSV file to write.")
    asked = parser.parse_args()
    files = [*pandas_files(asked.n), *(libreoffice_files(asked.n) if has_libreoffice() else ())]
    print(*(f"{f.name}: {said}" for f in files if (said := f.outcome()).startswith("wrong")), sep="\n")
    text = table(files)
    print(text)
    if asked.out is not None:
        asked.out.write_text(text)


if __name__ == "__main__":
    main()
