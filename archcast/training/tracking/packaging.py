"""A saved predictor's folder as an MLflow model that loads wherever archcast is installed."""

from __future__ import annotations

import importlib.metadata
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archcast.core.arrays import Codes
from archcast.core.labels import target_key
from archcast.core.version import VERSION
from archcast.predictors import Predictor, load, read_manifest
from archcast.training.tracking.store import mlflow_module

MODEL = "model"


def requirements(predictor: Predictor) -> list[str]:
    """What pip has to install to load a model of that predictor, pinned to what is installed here."""
    names = dict.fromkeys(["mlflow", "pandas", *predictor.requires])
    return [f"archcast=={VERSION}", *(f"{name}=={importlib.metadata.version(name)}" for name in names)]


def save_pyfunc(client: Any, run: Any, folder: Path, *, params: Mapping[str, str], example: Codes) -> str:
    """Log `folder` as the run's model; returns its identifier.

    The code travels as a file, the predictor as its own folder: nothing is pickled, and requirements
    are given, so MLflow infers nothing and asks no network.
    """
    pyfunc, models = mlflow_module("mlflow.pyfunc"), mlflow_module("mlflow.models")
    entities = mlflow_module("mlflow.entities")
    predictor, run_id = load(read_manifest(folder)), run.info.run_id
    logged = client.create_logged_model(
        run.info.experiment_id, name=MODEL, source_run_id=run_id, params=dict(params)
    )
    with tempfile.TemporaryDirectory(prefix="archcast-") as scratch:
        local = Path(scratch, MODEL)
        pyfunc.save_model(
            path=str(local),
            python_model=str(Path(__file__).with_name("pyfunc_model.py")),
            artifacts={"predictor": str(folder)},
            mlflow_model=models.Model(
                artifact_path=logged.artifact_location,
                run_id=run_id,
                model_uuid=logged.model_id,
                model_id=logged.model_id,
            ),
            signature=_signature([target_key(target) for target in predictor.targets_]),
            input_example=_example(predictor.space_.to_text(example)),
            pip_requirements=requirements(predictor),
        )
        client.log_model_artifacts(logged.model_id, str(local))
    client.finalize_logged_model(logged.model_id, "READY")
    client.log_outputs(run_id, [entities.LoggedModelOutput(logged.model_id, step=0)])
    return str(logged.model_id)


def _signature(columns: list[str]) -> Any:
    """One text column in, one number a target out."""
    models, types = mlflow_module("mlflow.models"), mlflow_module("mlflow.types")
    return models.ModelSignature(
        inputs=types.Schema([types.ColSpec("string", "arch")]),
        outputs=types.Schema([types.ColSpec("double", column) for column in columns]),
    )


def _example(texts: list[str]) -> Any:
    return mlflow_module("pandas").DataFrame({"arch": texts})
