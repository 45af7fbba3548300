"""Which run is served: versions in MLflow's model registry, with the aliases champion and challenger.

A registered model is one quantity on the same devices (`record.model_name`). `champion` is the version in
use; `challenger` is the one it replaced, so that going back is one step. A champion is copied among the
user's own predictors, where `archcast.predict` finds it without MLflow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from archcast.core.errors import DataError, InputError, UnknownNameError
from archcast.core.settings import home, predictors_dir
from archcast.predictors import load, read_manifest, save
from archcast.training.tracking.record import MERITS
from archcast.training.tracking.store import PREDICTOR_FOLDER, TrackedRun, tracking

CHAMPION, CHALLENGER = "champion", "challenger"
_ADDRESS = re.compile(r"models:/([^/@']+)(?:@([^/@]+)|/(\d+))")
_SAME = ("archcast.split", "archcast.labels")


def register_and_promote(run: TrackedRun | str, *, force: bool = False) -> TrackedRun:
    """Make a run the champion of its registered model, and serve it; the former becomes the challenger.

    The predictor is saved where it is served from before any alias moves: when that fails, the former
    champion stays champion and goes on being served.

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
        OSError: it cannot be saved; the champion stays.
    """
    with tracking() as mlflow:
        client = mlflow.MlflowClient()
        tracked, record = _find(mlflow, run)
        name = record.data.tags["archcast.model"]
        champion = _by_alias(client, name, CHAMPION)
        again = champion is not None and champion.run_id == tracked.run_id
        if champion is not None and not again and not force:
            _refuse_worse(name, record, client.get_run(champion.run_id), version=champion.version)
        version = champion.version if again else _version(client, name, tracked, record)
        manifest = read_manifest(_folder(mlflow, name, version))
        card = replace(manifest.card, registered=f"{name} v{version}")
        save(load(manifest), predictors_dir() / name, card=card, intervals=manifest.intervals)
        if champion is not None and not again:
            client.set_registered_model_alias(name, CHALLENGER, champion.version)
        if not again:
            client.set_registered_model_alias(name, CHAMPION, version)
    return replace(tracked, version=int(version))


def registered(address: str) -> tuple[Path, Mapping[str, str]]:
    """A registered model: folder of its saved predictor, and tags of its run.

    Args:
        address: `models:/NAME@ALIAS` or `models:/NAME/VERSION`.

    Raises:
        InputError: the address is of another form.
        UnknownNameError: no registered model has that name and alias or version; lists those that do.
        DataError: its files cannot be reached.
    """
    matched = _ADDRESS.fullmatch(address)
    if matched is None:
        raise InputError(f"address must be models:/NAME@ALIAS or models:/NAME/VERSION, got {address!r}")
    name, alias, number = matched.groups()
    with tracking() as mlflow:
        client = mlflow.MlflowClient()
        if alias:
            version = _by_alias(client, name, alias)
        else:
            versions = client.search_model_versions(f"name = '{name}'")
            version = next((v for v in versions if str(v.version) == number), None)
        if version is None:
            known = [m.name for m in client.search_registered_models() if number or alias in m.aliases]
            raise UnknownNameError(f"registered model with {alias or f'version {number}'}", name, known)
        tags = client.get_run(version.run_id).data.tags
        return _folder(mlflow, name, str(version.version)), tags


def _folder(mlflow: Any, name: str, version: str) -> Path:
    """Folder of a version's saved predictor: where it lies, or a copy where the store is a server."""
    location = mlflow.MlflowClient().get_model_version_download_uri(name, version)
    copy = None if location.startswith("file:") else home() / "registry" / name / version
    if copy is not None:
        copy.mkdir(parents=True, exist_ok=True)
    try:
        downloaded = mlflow.artifacts.download_artifacts(
            artifact_uri=f"{location}/artifacts/{PREDICTOR_FOLDER}", dst_path=copy and str(copy)
        )
    except Exception as error:  # each kind of artifact store has errors of its own
        reason = "the folder was moved or deleted" if copy is None else str(error).partition("\n")[0]
        raise DataError(f"{name} v{version} cannot be read at {location}: {reason}") from error
    return Path(downloaded)


def _find(mlflow: Any, run: TrackedRun | str) -> tuple[TrackedRun, Any]:
    """A run with MLflow's record of it."""
    run_id = run if isinstance(run, str) else run.run_id
    try:
        record = mlflow.get_run(run_id)
    except mlflow.MlflowException:
        raise UnknownNameError("run", run_id, _recorded(mlflow)) from None
    outputs = record.outputs.model_outputs if record.outputs else []
    if "archcast.model" not in record.data.tags or not outputs or _merit(record) is None:
        raise UnknownNameError("run", run_id, _recorded(mlflow))
    experiment = f"{record.data.tags['archcast.space']}/{record.data.tags['archcast.metric']}"
    return TrackedRun(run_id, experiment, f"models:/{outputs[0].model_id}"), record


def _recorded(mlflow: Any) -> list[str]:
    """Identifiers of the latest runs that archcast recorded."""
    wanted = "tags.`archcast.model` LIKE '%' AND attributes.status = 'FINISHED'"
    runs = mlflow.search_runs(
        search_all_experiments=True, filter_string=wanted, max_results=10, output_format="list"
    )
    return [run.info.run_id for run in runs]


def _by_alias(client: Any, name: str, alias: str) -> Any:
    """The version that an alias stands for, or None."""
    models = client.search_registered_models(f"name = '{name}'") if "'" not in name else []
    return client.get_model_version_by_alias(name, alias) if models and alias in models[0].aliases else None


def _merit(run: Any) -> float | None:
    """Mean Spearman correlation, on held-out rows or over folds; None of a run that has neither."""
    return next((run.data.metrics[name] for name in MERITS if name in run.data.metrics), None)


def _refuse_worse(name: str, run: Any, champion: Any, *, version: str) -> None:
    ours, theirs = _merit(run), _merit(champion)
    same = all(run.data.tags[tag] == champion.data.tags[tag] for tag in _SAME)
    if same and ours is not None and theirs is not None and ours >= theirs:
        return
    tested = "on the same held-out rows" if MERITS[0] in run.data.metrics else "over the same folds"
    figures = f"has a mean Spearman correlation of {ours:.4f}, and the champion, v{version}, of {theirs:.4f}"
    if same:
        raise InputError(f"{name} must not get worse: this run {figures} {tested}")
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
    tested = "on held-out rows" if MERITS[0] in record.data.metrics else "over folds"
    said = f"{record.info.run_name}: mean Spearman {_merit(record):.4f} {tested}"
    made = client.create_model_version(
        name, source=run.model_uri, run_id=run.run_id, model_id=model_id, description=said
    )
    return str(made.version)
