"""Proofs on whole tables say that they did not run, or end the run, where the tables are not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
PROOF = "collect/test_table_whole.py::test_pi5_figures"


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", PROOF, *words]
    environment = os.environ | {"ARCHCAST_DATA": str(folder)}
    return subprocess.run(command, cwd=TESTS, env=environment, capture_output=True, text=True, check=False)


def test_what_was_left_out_is_counted(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == pytest.ExitCode.OK
    assert "proofs on whole tables that did not run: 1; ARCHCAST_DATA must name the folder" in done.stdout


def test_required_tables_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "help").mkdir()
    done = run(tmp_path, "--tables=required")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"{tmp_path} lacks accel_nasbench, hat, hw_nas_bench_360" in done.stderr
    assert "help" not in done.stderr.partition("lacks")[2]
