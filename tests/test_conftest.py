"""Proofs on whole tables say that they did not run, or end the run, where the tables are not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
PROOF = "collect/test_table_whole.py::test_pi5_figures"


def test_what_was_left_out_is_counted(tmp_path: Path) -> None:
    (tmp_path / "help").mkdir()
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", PROOF]
    environment = os.environ | {"ARCHCAST_DATA": str(tmp_path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=TESTS, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.OK, done.stdout
    assert "proofs on whole tables that did not run: 1; ARCHCAST_DATA must name the folder" in done.stdout
    assert f"{tmp_path} lacks accel_nasbench, hat, hw_nas_bench_360" in done.stdout
    assert "help" not in done.stdout.rpartition("lacks")[2]


def test_required_tables_must_be_there(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> None:
    (conftest,) = [p for p in pytestconfig.pluginmanager.get_plugins() if hasattr(p, "ABSENT")]
    monkeypatch.setattr(pytestconfig.option, "tables", "required")
    monkeypatch.setattr(conftest, "ABSENT", ())
    conftest.pytest_configure(pytestconfig)
    monkeypatch.setattr(conftest, "ABSENT", ("hat",))
    with pytest.raises(pytest.UsageError, match="lacks hat, and --tables=required lets no proof"):
        conftest.pytest_configure(pytestconfig)
