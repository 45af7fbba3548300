"""Fixtures of all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the public tables: `ARCHCAST_DATA`, or the one beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("ARCHCAST_DATA") or beside)
    if not folder.is_dir():
        pytest.fail(f"the tests read public tables: set ARCHCAST_DATA to their folder, {folder} is none")
    return folder
