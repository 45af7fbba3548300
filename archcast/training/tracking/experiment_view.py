"""How MLflow's pages show an experiment of runs: as model training, with the columns that compare.

MLflow opens an experiment whose kind it does not know on pages for language models, and its table of runs
shows no figure until columns are picked. Both are tags of the experiment: its kind, and shared views.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

KIND = "mlflow.experimentKind"
PREDICTORS_VIEW, SWEEPS_VIEW, ADAPTED_VIEW = "archcast", "archcast-sweeps", "archcast-adapted"
OTHER_VIEWS = {
    SWEEPS_VIEW: ("sweeps", "metrics.`inner.kendall` >= -1"),
    ADAPTED_VIEW: ("adapted predictors", "metrics.`folds.mean.spearman` >= -1"),
}
"""View -> what it shows, and the runs that it shows."""
COLUMNS = (
    "attributes.`Created`",
    "params.`predictor`",
    "params.`rows`",
    "metrics.`mean.spearman`",
    "metrics.`mean.kendall`",
    "metrics.`mean.mape`",
    "metrics.`mean.within_10`",
    "metrics.`mean.coverage_90`",
    "metrics.`fit_seconds`",
)
SWEEP_COLUMNS = (
    "attributes.`Created`",
    "params.`predictor`",
    "params.`trial`",
    "metrics.`inner.kendall`",
    "metrics.`inner.spearman`",
    "metrics.`inner.mape`",
    "metrics.`fit_seconds`",
)
ADAPTED_COLUMNS = (
    "attributes.`Created`",
    "params.`predictor`",
    "tags.`archcast.device`",
    "params.`rows`",
    "params.`folds`",
    "metrics.`folds.mean.spearman`",
    "metrics.`folds.mean.kendall`",
    "metrics.`folds.mean.mape`",
    "metrics.`folds.mean.within_10`",
    "metrics.`folds.mean.coverage_90`",
)


def view_tags() -> Mapping[str, str]:
    """Tags of an experiment that holds predictors: its kind, and three views.

    The first shows fitted predictors, the best first. The second shows sweeps; it is in order of time,
    because MLflow folds children under their parent in no other. The third shows adapted predictors, whose
    figures are of folds.
    """
    fitted = "metrics.`mean.spearman` >= -1 AND tags.`archcast.model` LIKE '%'"
    sweeps, adapted = (OTHER_VIEWS[view][1] for view in (SWEEPS_VIEW, ADAPTED_VIEW))
    views = {
        PREDICTORS_VIEW: _state(fitted, "metrics.`mean.spearman`", COLUMNS),
        SWEEPS_VIEW: _state(sweeps, "attributes.start_time", SWEEP_COLUMNS),
        ADAPTED_VIEW: _state(adapted, "metrics.`folds.mean.spearman`", ADAPTED_COLUMNS),
    }
    return {KIND: "custom_model_development"} | {view_tag(v): json.dumps(s) for v, s in views.items()}


def view_tag(view: str) -> str:
    """Tag that holds a view."""
    return f"mlflow.sharedViewState.{view}"


def view_path(experiment_id: str, view: str = PREDICTORS_VIEW) -> str:
    """Address of a view, behind the server's own."""
    return f"/#/experiments/{experiment_id}/runs?viewStateShareKey={view}&workflowType=machine_learning"


def _state(wanted: str, order: str, columns: tuple[str, ...]) -> dict[str, object]:
    return {
        "searchFilter": wanted,
        "orderByKey": order,
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": list(columns),
    }
