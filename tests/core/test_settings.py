import os
from pathlib import Path

import platformdirs
import pytest

from archcast.core import settings
from archcast.core.errors import DataError, InputError

BELOW = {
    settings.downloads: "tables",
    settings.imported: "measurements",
    settings.predictors_dir: "predictors",
    settings.store_dir: "store",
}


def test_home_is_what_the_environment_names(monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "one"))
    assert settings.home() == tmp_path / "one"
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "two"))
    assert settings.home() == tmp_path / "two"
    assert {call(): name for call, name in BELOW.items()} == {
        tmp_path / "two" / name: name for name in BELOW.values()
    }
    assert list(tmp_path.iterdir()) == []


def test_tilde_is_the_users_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ARCHCAST_HOME", "~/state")
    assert settings.home() == tmp_path / "state"
    monkeypatch.setenv("ARCHCAST_DATA", "~")
    assert settings.data_dir() == tmp_path


@pytest.mark.parametrize("value", [None, ""])
def test_what_is_not_set_has_a_default(monkeypatch, value):
    for name in ("ARCHCAST_HOME", "ARCHCAST_DATA", "MLFLOW_TRACKING_URI"):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    own = Path(platformdirs.user_data_dir("archcast", appauthor=False))
    assert settings.home() == own
    assert settings.data_dir() is None
    assert settings.tracking_uri() == f"sqlite:///{own / 'mlflow.db'}"


def test_tracking_address_is_mlflows_own(monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert settings.tracking_uri() == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://runs.example:5000")
    assert settings.tracking_uri() == "http://runs.example:5000"


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_data_must_be_a_folder(monkeypatch, tmp_path, name):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ARCHCAST_DATA", str(tmp_path / name))
    with pytest.raises(DataError, match=f"ARCHCAST_DATA must name a folder, got .*{name}"):
        settings.data_dir()


def test_threads_are_what_the_environment_names(monkeypatch):
    monkeypatch.setenv("ARCHCAST_THREADS", "3")
    assert settings.threads() == 3
    monkeypatch.setenv("ARCHCAST_THREADS", "")
    assert 1 <= settings.threads() <= (os.cpu_count() or 1)
    monkeypatch.setenv("ARCHCAST_THREADS", "many")
    with pytest.raises(InputError, match="ARCHCAST_THREADS must be a whole number of at least 1, got 'many'"):
        settings.threads()
