"""Fixtures of the tests that read public tables."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty `ARCHCAST_HOME`, and no `ARCHCAST_DATA`."""
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("ARCHCAST_DATA", raising=False)
    return tmp_path / "home"


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch, home: Path, data_dir: Path) -> Path:
    """The public tables, with an empty `ARCHCAST_HOME`."""
    monkeypatch.setenv("ARCHCAST_DATA", str(data_dir))
    return data_dir
