"""How MLflow's pages show an experiment of runs: as model training, with the columns that compare.

MLflow opens an experiment whose kind it does not know on pages for language models, and its table of runs
shows no figure until columns are picked. Both are tags of the experiment: its kind, and shared views.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from archcast.predictors import PREDICTORS

KIND = "mlflow.experimentKind"
PREDICTORS_VIEW, SWEEPS_VIEW, ADAPTED_VIEW = "archcast", "archcast-sweeps", "archcast-adapted"
FITTED = "metrics.`mean.spearman` >= -1 AND tags.`archcast.model` LIKE '%'"
"""The runs that the first view shows."""
OTHER_VIEWS = {
    SWEEPS_VIEW: ("sweeps", "metrics.`inner.kendall` >= -1"),
    ADAPTED_VIEW: ("adapted predictors", "metrics.`folds.mean.spearman` >= -1"),
}
"""View -> what it shows, and the runs that it shows."""
COLUMNS = {
    "attributes.`Created`": 120,
    "params.`device`": 140,
    "params.`rows`": 60,
    "metrics.`mean.spearman`": 155,
    "metrics.`mean.mape`": 145,
    "metrics.`mean.within_10`": 155,
    "metrics.`mean.coverage_90`": 165,
}
"""Columns of fitted predictors in their order, with widths in pixels in which names and figures fit."""
SWEEP_COLUMNS = {
    "attributes.`Created`": 120,
    "params.`device`": 140,
    "params.`trial`": 60,
    "metrics.`inner.kendall`": 140,
    "metrics.`inner.spearman`": 150,
    "metrics.`inner.mape`": 130,
    "metrics.`fit_seconds`": 120,
}
ADAPTED_COLUMNS = {
    "attributes.`Created`": 120,
    "params.`device`": 140,
    "params.`rows`": 60,
    "metrics.`folds.mean.spearman`": 180,
    "metrics.`folds.mean.mape`": 165,
    "metrics.`folds.mean.within_10`": 180,
    "metrics.`folds.mean.coverage_90`": 195,
}
GROUPED = "predictor"
"""Parameter whose value groups the runs of a view."""
FEW_RUNS = 20
"""As many runs are shown below their groups; groups of more are folded."""
_NAMED = "attributes.`Run Name`"
_NAME_WIDTH = 220
_COMPARED = "Compared"
_UNGROUPED = ""
"""MLflow's own section, of metrics without a slash."""
_BY_DEVICE = ("coverage_90", "kendall", "mape", "rows", "spearman", "within_10", "within_20", "within_5")
"""Sections of charts by device, which are there and closed."""


def view_tags(runs: int = 0) -> Mapping[str, str]:
    """Tags of an experiment that holds predictors, and so many runs: its kind, and three views.

    The first shows fitted predictors, grouped by family, the best first, with charts of their figures. The
    second shows sweeps; it is in order of time, because MLflow folds children under their parent in no other.
    The third shows adapted predictors, whose figures are of folds.
    """
    sweeps, adapted = (OTHER_VIEWS[view][1] for view in (SWEEPS_VIEW, ADAPTED_VIEW))
    views = {
        PREDICTORS_VIEW: _state(FITTED, "metrics.`mean.spearman`", COLUMNS)
        | _grouped(runs)
        | _charts("mean.", curve="curve.spearman"),
        SWEEPS_VIEW: _state(sweeps, "attributes.start_time", SWEEP_COLUMNS),
        ADAPTED_VIEW: _state(adapted, "metrics.`folds.mean.spearman`", ADAPTED_COLUMNS)
        | _grouped(runs)
        | _charts("folds.mean."),
    }
    return {KIND: "custom_model_development"} | {view_tag(v): json.dumps(s) for v, s in views.items()}


def view_tag(view: str) -> str:
    """Tag that holds a view."""
    return f"mlflow.sharedViewState.{view}"


def view_path(experiment_id: str, view: str = PREDICTORS_VIEW) -> str:
    """Address of a view, behind the server's own."""
    return f"/#/experiments/{experiment_id}/runs?viewStateShareKey={view}&workflowType=machine_learning"


def _state(wanted: str, order: str, columns: Mapping[str, int]) -> dict[str, object]:
    return {
        "searchFilter": wanted,
        "orderByKey": order,
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": list(columns),
        "columnOrder": [_NAMED, *columns],
        "columnWidths": {_NAMED: _NAME_WIDTH, **columns},
    }


def _grouped(runs: int) -> dict[str, object]:
    """Groups of a family each, the best first; folded where there are many runs."""
    unfolded = {f"param.{GROUPED}.{family}": runs <= FEW_RUNS for family in PREDICTORS}
    keys = [{"mode": "param", "groupByData": GROUPED}]
    return {
        "groupBy": {"aggregateFunction": "average", "groupByKeys": keys},
        "groupsExpanded": unfolded,
        "useGroupedValuesInCharts": True,
        "runsHiddenMode": "FIRST_20_RUNS",
    }


def _charts(prefix: str, *, curve: str | None = None) -> dict[str, object]:
    """Charts of the figures that compare, above those by device, which MLflow makes and which stay closed."""
    bars = [_chart("BAR", f"{prefix}{name}") for name in ("spearman", "mape", "within_10", "coverage_90")]
    lines = [_chart("LINE", curve, xAxisKey="step")] if curve else []
    closed = [_section(name, display=False) for name in (*_BY_DEVICE, _UNGROUPED)]
    return {
        "compareRunCharts": bars + lines,
        "compareRunSections": [_section(_COMPARED, display=True), *closed],
        "isAccordionReordered": True,
    }


def _chart(kind: str, metric: str, **settings: object) -> dict[str, object]:
    shared = {"type": kind, "uuid": f"archcast-{metric}", "metricSectionId": _section_id(_COMPARED)}
    named = {"metricKey": metric, "displayName": metric, "deleted": False, "isGenerated": False}
    return shared | named | {"runsCountToCompare": 20, "lineSmoothness": 0} | settings


def _section(name: str, *, display: bool) -> dict[str, object]:
    known = {"uuid": _section_id(name), "name": name, "display": display}
    return known | {"isReordered": True, "deleted": False, "isGenerated": False}


def _section_id(name: str) -> str:
    return f"archcast-section-{name.replace(' ', '-')}"
