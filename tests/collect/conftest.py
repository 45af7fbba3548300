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
def tables(monkeypatch: pytest.MonkeyPatch, home: Path, small_tables: Path) -> Path:
    """Excerpts and made-up tables, with an empty `ARCHCAST_HOME`."""
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    return small_tables


@pytest.fixture
def whole_tables(monkeypatch: pytest.MonkeyPatch, home: Path, public_tables: Path) -> Path:
    """The public tables, with an empty `ARCHCAST_HOME`."""
    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))
    return public_tables
