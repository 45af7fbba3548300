"""Where runs are kept: MLflow's store of this project, opened without touching MLflow's globals.

Everything goes through a client that holds its own addresses. Nothing sets MLflow's tracking address or
active run, so a caller's own use of MLflow in the same process is left alone.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archcast.core.errors import DataError
from archcast.core.optional import require
from archcast.core.settings import home, tracking_uri

_LOUD = ("mlflow", "alembic")
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",
}
"""Set while MLflow works for archcast, where the user has not set them otherwise."""
MEAN = "mean.spearman"
"""The metric by which runs are promoted."""


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """Where a run is found.

    Attributes:
        model_uri: MLflow's address of the logged model, for `mlflow.pyfunc.load_model`.
        version: number in the model registry, or None when it was not promoted.
    """

    run_id: str
    experiment: str
    model_uri: str
    version: int | None = None


def mlflow_module(name: str = "mlflow") -> Any:
    """A module of MLflow, imported without its warnings and with its usage reports switched off."""
    with quiet():
        return require(name, extra="train", purpose="tracking of runs")


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what MLflow and Alembic say when nothing is wrong; their errors still show."""
    loggers = [logging.getLogger(name) for name in _LOUD]
    levels = [logger.level for logger in loggers]
    before = {name: os.environ.get(name) for name in _QUIET}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        os.environ.update({name: value for name, value in _QUIET.items() if before[name] is None})
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)


def registry_uri() -> str:
    """Address of the model registry: `MLFLOW_REGISTRY_URI`, else the tracking address."""
    return os.environ.get("MLFLOW_REGISTRY_URI") or tracking_uri()


def artifact_root() -> Path:
    """Folder that holds the files of runs and models when the store is not a server."""
    return home().resolve() / "mlartifacts"


def is_server(uri: str) -> bool:
    """Whether an address is that of a running server, which keeps artifacts itself."""
    return uri.partition(":")[0] in ("http", "https", "databricks")


def open_client() -> Any:
    """A client of the project's store, which is created when it is not there.

    Raises:
        DataError: the store cannot be opened; the message holds its address.
    """
    mlflow = mlflow_module()
    uri = tracking_uri()
    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    try:
        with quiet():
            client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=registry_uri())
            client.search_experiments(max_results=1)
    except Exception as error:  # MLflow lets errors of its database and HTTP packages through
        reason = str(error).partition("\n")[0]
        raise DataError(f"the store of runs at {uri} cannot be opened: {reason}") from error
    return client


def experiment_id(client: Any, name: str, *, tags: Mapping[str, str] | None = None) -> str:
    """Identifier of the experiment of that name, which is created when it is not there.

    Args:
        tags: that it shall have, whether it is there or not.
    """
    found, wanted = client.get_experiment_by_name(name), tags or {}
    if found is None:
        exceptions = mlflow_module("mlflow.exceptions")
        folder = artifact_root().joinpath(*name.split("/"))
        location = None if is_server(tracking_uri()) else folder.as_uri()
        try:
            return str(client.create_experiment(name, artifact_location=location, tags=dict(wanted)))
        except exceptions.MlflowException:  # another process may have been first
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    for tag, value in wanted.items():
        if found.tags.get(tag) != value:
            client.set_experiment_tag(found.experiment_id, tag, value)
    return str(found.experiment_id)
