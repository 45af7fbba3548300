"""Where archcast reads and writes; taken from the environment at each call, never at import."""

from __future__ import annotations

import os
from pathlib import Path

from archcast.core.errors import DataError


def home() -> Path:
    """Folder of archcast's own state: `ARCHCAST_HOME`, else the platform's user data folder."""
    named = os.environ.get("ARCHCAST_HOME")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("archcast", appauthor=False))


def data_dir() -> Path | None:
    """Folder of public tables named by `ARCHCAST_DATA`, or None when it is not set.

    Raises:
        DataError: the variable names something that is not a folder.
    """
    named = os.environ.get("ARCHCAST_DATA")
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise DataError(f"ARCHCAST_DATA must name a folder, got {named!r}")
    return folder


def downloads() -> Path:
    """Folder that `archcast data fetch` fills, laid out like the folder of `ARCHCAST_DATA`."""
    return home() / "tables"


def imported() -> Path:
    """Folder of the measurement tables (Parquet) written by `archcast data import`."""
    return home() / "measurements"


def predictors_dir() -> Path:
    """Folder of the user's own predictors (trained or adapted); searched before the zoo."""
    return home() / "predictors"


def tracking_uri() -> str:
    """MLflow's tracking address: `MLFLOW_TRACKING_URI`, else a SQLite file under `home()`."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home() / 'mlflow.db'}"
