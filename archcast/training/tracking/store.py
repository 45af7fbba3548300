"""Where runs are kept: MLflow's store of this project, used through MLflow's fluent interface.

That interface works on addresses that belong to the process. They are set here, in `tracking`, for as long as
something is recorded, and are given back afterwards, so that a caller's own use of MLflow goes on as before:
its addresses, its experiment and its active run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archcast.core.errors import DataError
from archcast.core.optional import require
from archcast.core.quiet import quiet
from archcast.core.settings import home, tracking_uri

PARENT = "mlflow.parentRunId"
"""Tag of a run below another: the other's identifier."""
PREDICTOR_FOLDER = "predictor"
"""Where the saved predictor lies among the artifacts of a run, and of its model."""
_LOGGERS = ("mlflow", "alembic")
_SWITCHES = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",
}
"""Set while something is recorded, where the user has not set them otherwise."""
_ADDRESSES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")


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


def registry_uri() -> str:
    """Address of the model registry: `MLFLOW_REGISTRY_URI`, else the tracking address."""
    return os.environ.get("MLFLOW_REGISTRY_URI") or tracking_uri()


def artifact_root() -> Path:
    """Folder that holds the files of runs and models when the store is not a server."""
    return home().resolve() / "mlartifacts"


def is_server(uri: str) -> bool:
    """Whether an address is that of a running server, which keeps artifacts itself."""
    return uri.partition(":")[0] in ("http", "https", "databricks")


@contextmanager
def tracking() -> Iterator[Any]:
    """The module `mlflow`, its tracking and registry addresses those of the project until the block ends.

    Raises:
        MissingPackageError: MLflow is not installed.
        DataError: the store cannot be opened; the message holds its address.
    """
    uri, registry = tracking_uri(), registry_uri()
    switches: dict[str, str | None] = {k: os.environ.get(k, v) for k, v in _SWITCHES.items()}
    # Without the environment MLflow knows only the addresses that it was given by a call.
    with quiet((), switches):
        mlflow = require(
            "mlflow", extra="train", purpose="tracking of runs"
        )  # which sets levels of its loggers
    with quiet(_LOGGERS, switches | dict.fromkeys(("MLFLOW_RUN_ID", *_ADDRESSES))):
        given = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
        differs = mlflow.get_registry_uri() != mlflow.get_tracking_uri()
        given_registry = mlflow.get_registry_uri() if differs else None
        with quiet((), dict(zip(_ADDRESSES, (uri, registry), strict=True))):
            try:
                mlflow.set_tracking_uri(uri)
                mlflow.set_registry_uri(registry)
                _open(mlflow, uri)
                yield mlflow
            finally:
                mlflow.set_tracking_uri(given)
                mlflow.set_registry_uri(given_registry)


def open_client() -> Any:
    """A client of the project's store, to look things up with; the store is created when it is not there.

    Raises:
        DataError: the store cannot be opened.
    """
    with tracking() as mlflow:
        return mlflow.MlflowClient(tracking_uri(), registry_uri())


@contextmanager
def running(
    experiment: str,
    name: str,
    tags: Mapping[str, str],
    *,
    parent: str | None = None,
    experiment_tags: Mapping[str, str] | None = None,
) -> Iterator[tuple[Any, Any]]:
    """MLflow and a new run that its fluent functions log to; failed when the block raises, else finished.

    Args:
        parent: run that it stands below.
        experiment_tags: that the experiment shall have, whether it is there already or not.

    Raises:
        DataError: the store cannot be opened.
    """
    with tracking() as mlflow:
        where = experiment_id(mlflow, experiment, tags=experiment_tags)
        given = dict(tags) | ({PARENT: parent} if parent else {})
        with mlflow.start_run(experiment_id=where, run_name=name, tags=given, nested=True) as run:
            if parent and run.data.tags.get(PARENT) != parent:  # the caller's own active run
                mlflow.set_tag(PARENT, parent)
            elif not parent and PARENT in run.data.tags:
                mlflow.delete_tag(PARENT)
            yield mlflow, run


def experiment_id(mlflow: Any, name: str, *, tags: Mapping[str, str] | None = None) -> str:
    """Identifier of the experiment of that name, which is created when it is not there.

    Args:
        tags: that it shall have, whether it is there or not.
    """
    experiment, wanted = mlflow.get_experiment_by_name(name), tags or {}
    if experiment is None:
        folder = artifact_root().joinpath(*name.split("/"))
        location = None if is_server(tracking_uri()) else folder.as_uri()
        try:
            return str(mlflow.create_experiment(name, artifact_location=location, tags=dict(wanted)))
        except mlflow.MlflowException:  # another process may have been first
            experiment = mlflow.get_experiment_by_name(name)
            if experiment is None:
                raise
    client = mlflow.MlflowClient()
    for tag, value in wanted.items():
        if experiment.tags.get(tag) != value:
            client.set_experiment_tag(experiment.experiment_id, tag, value)
    return str(experiment.experiment_id)


def _open(mlflow: Any, uri: str) -> None:
    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    try:
        mlflow.MlflowClient().search_experiments(max_results=1)
    except Exception as error:  # MLflow lets errors of its database and HTTP packages through
        reason = str(error).partition("\n")[0]
        raise DataError(f"the store of runs at {uri} cannot be opened: {reason}") from error
