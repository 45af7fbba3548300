"""Tables of the pages, from what the benchmarks wrote: `make tables` writes them, the site reads them anew.

A comment before a table says where it comes from. It is SQL over the files of `benchmarks/results` and the
manifests of the zoo (`read_json('*/manifest.json', ...)`), a file of `queries` that holds such SQL, or a
program of `benchmarks` that prints a table of them:

    <!-- results: select predictor, printf('%.3f', mean) as Spearman from 'help-fbnet.csv' where seeds = 5 -->
    <!-- results: how_right.sql -->
    <!-- results: python benchmarks/few_measurements.py -->

The table below it stands in the page too, for those who read the page and not the site; a test holds both to
be the same.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
QUERIES = Path(__file__).with_name("queries")
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
PROGRAM = "python "
MARKED = re.compile(r"(<!-- results:\s(?P<source>[\s\S]*?)-->\n)(?P<table>(?:\|.*\n)*)")


def rendered(page: str) -> str:
    """A page's text with each marked table as the results have it now.

    Raises:
        duckdb.Error: a file, a column or the SQL is wrong.
        ValueError: nothing was found to show.
    """
    return MARKED.sub(lambda found: found[1] + table_of(found["source"].strip()), page)


def table_of(source: str) -> str:
    """The Markdown table that SQL, a file of it or a program stands for."""
    if source.startswith(PROGRAM):
        return printed(source)
    return queried((QUERIES / source).read_text() if source.endswith(".sql") else source)


def queried(sql: str) -> str:
    """Rows of a query as a table, its columns' names as heads; what is missing is left empty."""
    with duckdb.connect() as database:
        database.execute(f"set file_search_path = '{RESULTS},{ROOT / 'archcast' / 'zoo'}'")
        found = database.execute(sql)
        heads, rows = [column[0] for column in found.description], found.fetchall()
    if not rows:
        raise ValueError(f"no row is found by: {sql}")
    shown = [["" if cell is None else str(cell) for cell in row] for row in rows]
    return "\n".join(map(_line, [heads, ["---"] * len(heads), *shown])) + "\n"


def printed(command: str) -> str:
    """What a program of the benchmarks prints: a table."""
    words = shlex.split(command.removeprefix(PROGRAM))
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout.startswith("|"):
        raise ValueError(f"{command} prints no table: {done.stderr or done.stdout}")
    return done.stdout


def setup(app: Sphinx) -> dict[str, bool]:
    """Read the tables anew whenever a page is built."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True}


def _read(_: Sphinx, __: str, source: list[str]) -> None:
    source[0] = rendered(source[0])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.strip() for cell in cells) + " |"


def main() -> None:
    """Write all tables of the pages, and name the pages that were changed."""
    for page in PAGES:
        before = page.read_text()
        after = rendered(before)
        if after != before:
            page.write_text(after)
            print(page.relative_to(ROOT))


if __name__ == "__main__":
    main()
