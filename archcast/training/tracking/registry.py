"""Which run is served: versions in MLflow's model registry, with the aliases champion and challenger.

A registered model is one quantity on the same devices (`run_record.model_name`). `champion` is the version
in use; `challenger` is the one it replaced, so that going back is one step. A champion is copied among the
user's own predictors, where `archcast.predict` finds it without MLflow.
"""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

from archcast.core.errors import DataError, InputError, UnknownNameError
from archcast.core.settings import home, predictors_dir
from archcast.predictors import load, read_manifest, save
from archcast.training.tracking.store import (
    MEAN,
    TrackedRun,
    is_server,
    mlflow_module,
    open_client,
    quiet,
    registry_uri,
)

CHAMPION, CHALLENGER = "champion", "challenger"
_SAME = ("archcast.split", "archcast.labels")


def register_and_promote(run: TrackedRun | str, *, force: bool = False) -> TrackedRun:
    """Make a run the champion of its registered model, and serve it; the former becomes the challenger.

    Args:
        run: from `track`, or a run's identifier.
        force: promote also a run that is worse than the champion or was measured on other rows.

    Returns:
        The run with its version.

    Raises:
        InputError: the run is worse in mean Spearman correlation than the champion, or the two were
            not measured on the same split of the same labels. Nothing is registered then.
        UnknownNameError: there is no such run, or archcast did not record it.
        DataError, ArtifactError: the run's saved predictor cannot be read; the champion stays.
    """
    client = open_client()
    with quiet():
        tracked, record = _find(client, run)
        name = record.data.tags["archcast.model"]
        champion = _by_alias(client, name, CHAMPION)
        again = champion is not None and champion.run_id == tracked.run_id
        if champion is not None and not again and not force:
            _refuse_worse(name, record, client.get_run(champion.run_id), version=champion.version)
        version = champion.version if again else _version(client, name, tracked, record)
        manifest = read_manifest(_folder(client, name, version))
        predictor = load(manifest)
        if champion is not None and not again:
            client.set_registered_model_alias(name, CHALLENGER, champion.version)
        if not again:
            client.set_registered_model_alias(name, CHAMPION, version)
    card = replace(manifest.card, registered=f"{name} v{version}")
    save(predictor, predictors_dir() / name, card=card, intervals=manifest.intervals)
    return replace(tracked, version=int(version))


def champion_folder(name: str) -> Path:
    """Folder of the champion's saved predictor, for `archcast.predictors.read_manifest`.

    Raises:
        UnknownNameError: no registered model of that name has a champion; the message lists those.
        DataError: the champion's files cannot be reached.
    """
    client = open_client()
    with quiet():
        champion = _by_alias(client, name, CHAMPION)
        if champion is None:
            known = [m.name for m in client.search_registered_models() if CHAMPION in m.aliases]
            raise UnknownNameError("registered model", name, known)
        return _folder(client, name, str(champion.version))


def _folder(client: Any, name: str, version: str) -> Path:
    """Folder of a version's saved predictor, fetched where the store is a server."""
    artifacts = mlflow_module("mlflow.artifacts")
    location = client.get_model_version_download_uri(name, version)
    if location.startswith("file:"):
        return _local(location, f"{name} v{version}")
    cache = home() / "registry" / name / version
    cache.mkdir(parents=True, exist_ok=True)
    try:
        found = artifacts.download_artifacts(
            artifact_uri=f"{location}/artifacts/predictor",
            dst_path=str(cache),
            tracking_uri=client.tracking_uri,
        )
    except Exception as error:  # each kind of artifact store has errors of its own
        reason = str(error).partition("\n")[0]
        raise DataError(f"{name} v{version} cannot be read at {location}: {reason}") from error
    return Path(found)


def _local(location: str, name: str) -> Path:
    folder = Path(urllib.request.url2pathname(urllib.parse.urlparse(location).path), "artifacts", "predictor")
    if not folder.is_dir():
        raise DataError(f"{name} is not at {folder}: the folder was moved or deleted")
    return folder


def _find(client: Any, run: TrackedRun | str) -> tuple[TrackedRun, Any]:
    """A run with MLflow's record of it."""
    run_id = run if isinstance(run, str) else run.run_id
    exceptions = mlflow_module("mlflow.exceptions")
    try:
        record = client.get_run(run_id)
    except exceptions.MlflowException:
        raise UnknownNameError("run", run_id, _recorded(client)) from None
    outputs = record.outputs.model_outputs if record.outputs else []
    if "archcast.model" not in record.data.tags or not outputs or MEAN not in record.data.metrics:
        raise UnknownNameError("run", run_id, _recorded(client))
    experiment = f"{record.data.tags['archcast.space']}/{record.data.tags['archcast.metric']}"
    return TrackedRun(run_id, experiment, f"models:/{outputs[0].model_id}"), record


def _recorded(client: Any) -> list[str]:
    """Identifiers of the latest runs that archcast recorded."""
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    wanted = "tags.`archcast.model` LIKE '%' AND attributes.status = 'FINISHED'"
    return [run.info.run_id for run in client.search_runs(experiments, wanted, max_results=10)]


def _by_alias(client: Any, name: str, alias: str) -> Any:
    """The version that an alias stands for, or None."""
    found = client.search_registered_models(f"name = '{name}'") if "'" not in name else []
    return client.get_model_version_by_alias(name, alias) if found and alias in found[0].aliases else None


def _refuse_worse(name: str, run: Any, champion: Any, *, version: str) -> None:
    ours, theirs = run.data.metrics[MEAN], champion.data.metrics[MEAN]
    same = all(run.data.tags[tag] == champion.data.tags[tag] for tag in _SAME)
    if same and ours >= theirs:
        return
    figures = f"has a mean Spearman correlation of {ours:.4f}, and the champion, v{version}, of {theirs:.4f}"
    if same:
        raise InputError(f"{name} must not get worse: this run {figures} on the same held-out rows")
    raise InputError(
        f"{name} must be compared on the same split of the same labels, and these differ: "
        f"this run {figures}; promote with force if that is meant"
    )


def _version(client: Any, name: str, run: TrackedRun, record: Any) -> str:
    """The run's version under that name, registered when it has none."""
    if not client.search_registered_models(f"name = '{name}'"):
        space, metric, device = (record.data.tags[f"archcast.{n}"] for n in ("space", "metric", "device"))
        client.create_registered_model(name, description=f"{metric} of {space} on {device}")
    for version in client.search_model_versions(f"name = '{name}'"):
        if version.run_id == run.run_id:
            return str(version.version)
    model_id = run.model_uri.removeprefix("models:/")
    # A server resolves the model's address itself; MLflow's own store would ask the global address for it.
    source = run.model_uri
    if not is_server(registry_uri()):
        source = client.get_logged_model(model_id).artifact_location
    said = f"{record.info.run_name}: mean Spearman {record.data.metrics[MEAN]:.4f} on held-out rows"
    made = client.create_model_version(
        name, source=source, run_id=run.run_id, model_id=model_id, description=said
    )
    link = json.dumps([{"name": name, "version": int(made.version)}])
    client.set_logged_model_tags(model_id, {"mlflow.modelVersions": link})
    return str(made.version)
