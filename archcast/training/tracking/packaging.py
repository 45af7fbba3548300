"""A saved predictor's folder as an MLflow model that loads wherever archcast is installed."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archcast.core.arrays import Codes
from archcast.core.labels import target_key
from archcast.core.version import VERSION
from archcast.predictors import Predictor

MODEL = "model"


def requirements(predictor: Predictor) -> list[str]:
    """What pip has to install to load a model of that predictor, pinned to what is installed here."""
    names = dict.fromkeys(["mlflow", "pandas", *predictor.requires])
    return [f"archcast=={VERSION}", *(f"{name}=={importlib.metadata.version(name)}" for name in names)]


def log_predictor(
    mlflow: Any, predictor: Predictor, folder: Path, *, params: Mapping[str, str], example: Codes
) -> Any:
    """Log a saved predictor's folder as the active run's model; returns MLflow's record of it.

    The code travels as a file, the predictor as its own folder: nothing is pickled, and requirements
    are given, so MLflow infers nothing and asks no network.
    """
    import pandas as pd
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    columns = [target_key(target) for target in predictor.targets_]
    return mlflow.pyfunc.log_model(
        name=MODEL,
        python_model=str(Path(__file__).with_name("pyfunc_model.py")),
        artifacts={"predictor": str(folder)},
        signature=ModelSignature(  # one text column in, one number a target out
            inputs=Schema([ColSpec("string", "arch")]),
            outputs=Schema([ColSpec("double", column) for column in columns]),
        ),
        input_example=pd.DataFrame({"arch": predictor.space_.to_text(example)}),
        pip_requirements=requirements(predictor),
        params=dict(params),
    )
