"""One store of runs for all tests of tracking: making one takes seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

_VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An own `ARCHCAST_HOME` with a store of runs in it."""
    from archcast.training.tracking.store import open_client

    folder = tmp_path_factory.mktemp("archcast_home")
    with pytest.MonkeyPatch.context() as patch:
        for name in _VARIABLES:
            patch.delenv(name, raising=False)
        patch.setenv("ARCHCAST_HOME", str(folder))
        open_client()
    return folder


@pytest.fixture
def home(store: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The store is in use, and the working folder is an empty one."""
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ARCHCAST_HOME", str(store))
    monkeypatch.chdir(tmp_path)
    return store
