"""Fixtures of all tests, and the proofs on whole tables.

A test that asks for `public_tables` is such a proof: it has the mark `tables`, runs where the tables
are, and is skipped elsewhere. With `--tables=required` their absence ends the run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # read once, at the import of NumPy; the workers share the cores

import made_up_tables  # noqa: E402 - imports NumPy

PUBLIC = Path(os.environ.get("ARCHCAST_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
NAMES = (
    "accel_nasbench",
    "hat",
    "help",
    "hw_nas_bench_360",
    "nas_bench_macro",
    "nasbench201_accuracy",
    "ofa_accuracy",
)
ABSENT = tuple(name for name in NAMES if not (PUBLIC / name).is_dir())
LEFT_OUT = "a proof on whole tables"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--tables",
        choices=("optional", "required"),
        default="optional",
        help="whether proofs on whole public tables may be left out where the tables are not",
    )
    parser.addoption(
        "--pages",
        choices=("quick", "full"),
        default="quick",
        help="whether long snippets of the documentation, and those that ask a service, are run too",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "tables: a proof on whole public tables, those of ARCHCAST_DATA")
    if ABSENT and config.getoption("--tables") == "required":
        raise pytest.UsageError(f"{_where()}, and --tables=required lets no proof on them be left out")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "public_tables" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.tables)
            if ABSENT:
                item.add_marker(pytest.mark.skip(reason=LEFT_OUT))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report.longrepr for report in terminalreporter.stats.get("skipped", ())]
    count = sum(isinstance(why, tuple) and LEFT_OUT in why[2] for why in skipped)
    if count:
        terminalreporter.write_line(
            f"proofs on whole tables that did not run: {count}; {_where()}", yellow=True
        )


def _where() -> str:
    return f"ARCHCAST_DATA must name the folder of the public tables, {PUBLIC} lacks {', '.join(ABSENT)}"


@pytest.fixture(scope="session", autouse=True)
def no_tables() -> Iterator[None]:
    """Tests see only the tables that they ask for, on every machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ARCHCAST_DATA", raising=False)
        yield


@pytest.fixture(scope="session")
def public_tables() -> Path:
    """Folder of the whole public tables: `ARCHCAST_DATA`, or the one beside the repository."""
    return PUBLIC


@pytest.fixture(scope="session")
def small_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder laid out like that of `ARCHCAST_DATA`: excerpts and made-up figures."""
    folder = tmp_path_factory.mktemp("tables")
    made_up_tables.lay_out(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def copied_stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every store of runs but the first is a copy of it as it was new: MLflow takes seconds to make one."""
    from archcast.training.tracking import store

    new, plain = tmp_path_factory.mktemp("store") / "new.db", store._open

    def opened(mlflow: Any, uri: str) -> None:
        path = Path(uri.removeprefix("sqlite:///"))
        first = path.is_absolute() and not path.exists()
        if first and new.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(new, path)
        plain(mlflow, uri)
        if first and not new.exists():
            shutil.copyfile(path, new)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_open", opened)
        yield


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An own `ARCHCAST_HOME` with a store of runs in it, one for all tests: making one takes seconds."""
    from archcast.training.tracking.store import open_client

    folder = tmp_path_factory.mktemp("archcast_home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
            patch.delenv(name, raising=False)
        patch.setenv("ARCHCAST_HOME", str(folder))
        open_client()
    return folder


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs without their pictures, of which each takes a fifth of a second."""
    monkeypatch.setattr("archcast.training.tracking.fitted.figures", lambda *_: {})
