"""Tables of the pages are what the files of benchmarks/results hold."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[1]


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("results", ROOT / "docs" / "_ext" / "results.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RESULTS = _load()
MARKED = [page for page in RESULTS.PAGES if "<!-- results:" in page.read_text()]


@pytest.mark.parametrize("page", MARKED, ids=[page.stem for page in MARKED])
def test_tables_of_a_page_are_what_the_results_hold(page: Path) -> None:
    """Otherwise `make tables` was forgotten; a file or a column that is not there raises."""
    text = page.read_text()
    assert RESULTS.rendered(text) == text
    assert len(RESULTS.MARKED.findall(text)) == text.count("<!-- results:")


def test_a_table_is_read_anew() -> None:
    told = "Before.\n\n<!-- results: select 1 as one, null as \" \", printf('%.2f', 0.125) as two -->\n"
    expected = "| one |  | two |\n| --- | --- | --- |\n| 1 |  | 0.12 |\n"
    for stale in ("", "| one |\n| --- |\n| 7 |\n"):
        assert RESULTS.rendered(f"{told}{stale}\nAfter.\n") == f"{told}{expected}\nAfter.\n"


@pytest.mark.parametrize(
    ("source", "error", "said"),
    [
        ("select * from 'nowhere.csv'", duckdb.Error, r"nowhere\.csv"),
        ("select ms from 'page_speed.csv'", duckdb.Error, '"ms" not found'),
        ("select * from 'page_speed.csv' where what = 'nothing'", ValueError, "no row is found by: select"),
        ("python benchmarks/few_measurements.py nothing", ValueError, "prints no table"),
    ],
)
def test_what_is_not_there(source: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        RESULTS.table_of(source)


def test_pages_with_figures_are_marked() -> None:
    assert {"README", "adaptation", "search_quality"} <= {page.stem for page in MARKED}
