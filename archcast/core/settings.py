"""Where archcast reads and writes; taken from the environment at each call, never at import."""

from __future__ import annotations

import os
from pathlib import Path

from archcast.core.errors import DataError, InputError


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


def store_dir() -> Path:
    """Folder of the user's own measurements (`archcast.collect.store`)."""
    return home() / "store"


def networks_dir() -> Path:
    """Folder of the structures of networks in the store (`archcast.collect.networks`)."""
    return home() / "networks"


def predictors_dir() -> Path:
    """Folder of the user's own predictors (trained or adapted); searched before the zoo."""
    return home() / "predictors"


def spaces_dir() -> Path:
    """Folder of the spaces that the user defined, and of tables made of them."""
    return home() / "spaces"


def tracking_uri() -> str:
    """MLflow's tracking address: `MLFLOW_TRACKING_URI`, else a SQLite file under `home()`."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home() / 'mlflow.db'}"


def threads() -> int:
    """Threads that one large batch is spread over: `ARCHCAST_THREADS`, else the processors allowed to us.

    Raises:
        InputError: the variable is no whole number of at least 1.
    """
    named = os.environ.get("ARCHCAST_THREADS")
    if not named:
        allowed = getattr(os, "sched_getaffinity", None)
        return len(allowed(0)) if allowed else os.cpu_count() or 1
    if not named.isascii() or not named.isdigit() or int(named) < 1:
        raise InputError(f"ARCHCAST_THREADS must be a whole number of at least 1, got {named!r}")
    return int(named)
