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
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No shipped predictors, which take seconds to load; the home's are all that is served."""
    monkeypatch.setattr("archcast.serving.store.zoo_folder", lambda: tmp_path / "none")


@pytest.fixture
def service(home: Path) -> Iterator[Service]:
    save_boards("board_a", "board_b")
    with serving(refresh_s=60.0) as running:
        yield running


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home that the tests of a file share; starting a service over one takes a second."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHCAST_HOME", str(folder))
        patch.delenv("ARCHCAST_TOKEN", raising=False)
        yield folder


@pytest.fixture(scope="module")
def shared(shared_home: Path) -> Iterator[Service]:
    """A service that tests ask and leave as it is."""
    save_boards("board_a", "board_b")
    with serving(refresh_s=60.0) as running:
        yield running
