"""A service over a home folder with predictors of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from service_cases import Service, save_boards, serving


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    monkeypatch.delenv("ARCHCAST_TOKEN", raising=False)
    return tmp_path


@pytest.fixture
def service(home: Path) -> Iterator[Service]:
    save_boards("board_a", "board_b")
    with serving(refresh_s=60.0) as running:
        yield running
