"""A saved predictor as an MLflow model; MLflow copies this file into the model and runs it from there.

Import it from nowhere else: it needs MLflow as soon as it is read, and it declares a model when it is.
Input: a table with the column `arch`, one architecture a row in its space's notation or the JSON of it.
Output: a table with one column a target, in the metric's unit.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from archcast.core.labels import target_key
from archcast.predictors import load, read_manifest


class ArchcastModel(PythonModel):
    """Predicts with the artifact folder that the model carries under the name `predictor`."""

    def load_context(self, context: Any) -> None:
        """Read the predictor, its files checked against their hashes."""
        self.predictor = load(read_manifest(Path(context.artifacts["predictor"])))
        self.columns = [target_key(target) for target in self.predictor.targets_]

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """Values of every target for each row's architecture."""
        del context, params
        codes = self.predictor.space_.parse(model_input["arch"].tolist())
        values = self.predictor.predict(codes).astype("float64")
        return pd.DataFrame(values, columns=self.columns, index=model_input.index)


set_model(ArchcastModel())
