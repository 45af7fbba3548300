"""The store of runs, in use."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def home(store: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The store is in use, and the working folder is an empty one."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ARCHCAST_HOME", str(store))
    monkeypatch.chdir(tmp_path)
    return store
