import json
import logging
import os
import warnings
from dataclasses import replace

import numpy as np
import pytest
from tracked_cases import fitted_to, noisy_labels

from archcast.core.errors import InputError
from archcast.core.labels import Target
from archcast.core.version import VERSION
from archcast.predictors import BayesianLinear, LookupTable, load, read_manifest
from archcast.training.learning import CurvePoint, curve_of
from archcast.training.tracking.experiment_view import (
    COLUMNS,
    FEW_RUNS,
    KIND,
    PREDICTORS_VIEW,
    view_path,
    view_tag,
    view_tags,
)
from archcast.training.tracking.fitted import track, track_training
from archcast.training.tracking.record import labels_digest, merits, model_name
from archcast.training.tracking.store import open_client
from archcast.training.train import fit_run, make_predictor

WINDOW = 1200
"""Pixels of MLflow's table in a window of 1,520."""
LABELS = noisy_labels()
FITTED, SPLIT = fitted_to(LABELS, BayesianLinear)


@pytest.fixture(scope="module")
def tracked(store, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHCAST_HOME", str(store))
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        return track(FITTED, LABELS, SPLIT, seed=5, fit_seconds=1.5, extra_tags={"purpose": "test"})


@pytest.fixture
def record(tracked, home):
    return open_client().get_run(tracked.run_id)


def test_where_it_is_kept(tracked, record, home):
    experiment = open_client().get_experiment(record.info.experiment_id)
    assert tracked.experiment == experiment.name == "nasbench201/latency"
    assert experiment.artifact_location == (home.resolve() / "mlartifacts/nasbench201/latency").as_uri()
    assert (home / "mlflow.db").is_file()
    assert tracked.version is None


def test_name_and_status(record):
    assert record.info.run_name == f"linear 2 devices {len(SPLIT.train)}"
    assert record.info.status == "FINISHED"


def test_parameters(record):
    found = record.data.params
    assert found["predictor"] == "linear"
    assert (found["space"], found["metric"], found["dataset"]) == ("nasbench201", "latency", "cifar10")
    assert found["device"] == "2 devices"
    assert found["seed"] == "5"
    assert (found["rows"], found["held_out_rows"]) == (str(len(SPLIT.train)), str(len(SPLIT.test)))
    assert found["split"] == SPLIT.rule
    assert json.loads(found["config.pieces"]) == ["decisions", "features"]
    assert found["config.iterations"] == "100"


def test_metrics(record):
    found = record.data.metrics
    assert found == pytest.approx(merits(FITTED, SPLIT, fit_seconds=1.5))
    assert found["mean.spearman"] == pytest.approx(FITTED.mean_quality["spearman"], abs=1e-5)
    assert found["mape/board_b/cifar10"] == pytest.approx(
        FITTED.card.quality["board_b/cifar10"]["mape"], abs=1e-5
    )
    assert found["fit_seconds"] == 1.5
    assert "mean.rows" not in found
    assert found["mean.coverage_90"] == pytest.approx(0.9, abs=0.06)
    assert found["coverage_90/board_a/cifar10"] == pytest.approx(0.9, abs=0.08)


def test_coverage_that_cannot_be_told_is_left_out():
    few = replace(FITTED, truth=FITTED.truth[:10], predicted=FITTED.predicted[:10])
    assert not [name for name in merits(few, SPLIT) if "coverage" in name]
    assert set(merits(few, SPLIT)) < set(merits(FITTED, SPLIT))


def test_the_pages_show_an_experiment_as_model_training(record, home):
    experiment = open_client().get_experiment(record.info.experiment_id)
    assert experiment.tags[KIND] == "custom_model_development"
    state = json.loads(experiment.tags[view_tag(PREDICTORS_VIEW)])
    assert state["orderByKey"] in COLUMNS
    held = {*record.data.metrics, *record.data.params}
    shown = {
        column.partition("`")[2].rstrip("`") for column in COLUMNS if not column.startswith("attributes")
    }
    assert shown <= held, "the view's columns are what runs hold"
    assert set(state["columnOrder"]) == set(state["columnWidths"]) > set(state["selectedColumns"])
    assert sum(state["columnWidths"].values()) <= WINDOW
    assert state["groupBy"]["groupByKeys"] == [{"mode": "param", "groupByData": "predictor"}]
    bars = [chart["metricKey"] for chart in state["compareRunCharts"] if chart["type"] == "BAR"]
    assert len(bars) == 4
    assert set(bars) <= held, "charts are of what runs hold"
    assert view_path("7").startswith("/#/experiments/7/runs?viewStateShareKey=archcast")


def test_groups_of_many_runs_are_folded():
    for runs, unfolded in ((FEW_RUNS, True), (FEW_RUNS + 1, False)):
        state = json.loads(view_tags(runs)[view_tag(PREDICTORS_VIEW)])
        assert state["groupsExpanded"]["param.predictor.linear"] is unfolded
        assert set(state["groupsExpanded"].values()) == {unfolded}


def test_figures_are_whole_in_a_column(record):
    shown = [value for name, value in record.data.metrics.items() if name.startswith("mean.")]
    assert [value for value in shown if len(f"{value}") > len("0.12345")] == []
    assert len(shown) >= 5


def test_a_learning_curve_has_rows_as_steps(home):
    run = fit_run(make_predictor("linear", {}), LABELS, SPLIT, seed=0)
    tracked = track_training(run, curve=True, extra_tags={"purpose": "curve"})
    curve = curve_of(run)
    found = open_client().get_metric_history(tracked.run_id, "curve.kendall")
    assert [(m.step, m.value) for m in found] == [
        (p.rows, pytest.approx(p.quality["kendall"])) for p in curve
    ]
    assert curve[-1] == CurvePoint.of(run.fitted)
    assert "learning_curve.png" in {a.path for a in open_client().list_artifacts(tracked.run_id)}
    assert open_client().get_run(tracked.run_id).data.tags["purpose"] == "curve"


def test_tags(record):
    found = record.data.tags
    assert found["archcast.space"] == "nasbench201"
    assert found["archcast.predictor"] == "linear"
    assert found["archcast.device"] == "board_a,board_b"
    assert found["archcast.version"] == VERSION
    assert found["archcast.model"] == "nasbench201.latency"
    assert found["purpose"] == "test"


def test_data_sets(record):
    inputs = {
        next(t.value for t in i.tags if t.key == "mlflow.data.context"): i.dataset
        for i in record.inputs.dataset_inputs
    }
    assert set(inputs) == {"training", "held-out"}
    assert inputs["training"].digest == labels_digest(LABELS.rows(SPLIT.train))
    assert inputs["held-out"].digest == labels_digest(LABELS.rows(SPLIT.test))
    assert json.loads(inputs["held-out"].profile)["num_rows"] == len(SPLIT.test)
    columns = json.loads(inputs["training"].schema)["mlflow_colspec"]
    assert [c["name"] for c in columns] == ["arch", "board_a/cifar10", "board_b/cifar10"]
    assert "made up" in inputs["training"].source


def test_figures_and_folder(tracked, home):
    client = open_client()
    names = {a.path for a in client.list_artifacts(tracked.run_id) if not a.is_dir}
    assert names == {
        "error_by_size.png",
        "interval_coverage.png",
        "predicted_against_measured.png",
        "rank_correlation_by_device.png",
    }, "files of no folder are what MLflow shows of several runs side by side"
    root = home / "mlartifacts/nasbench201/latency" / tracked.run_id / "artifacts"
    again = load(read_manifest(root / "predictor"))
    np.testing.assert_array_equal(again.predict(LABELS.codes), FITTED.predictor.predict(LABELS.codes))


def test_the_model_carries_the_metrics(tracked, home):
    model = open_client().get_logged_model(tracked.model_uri.removeprefix("models:/"))
    assert model.status == "READY"
    assert model.source_run_id == tracked.run_id
    found = {m.key: m for m in model.metrics}
    assert found["mean.spearman"].value == pytest.approx(FITTED.mean_quality["spearman"], abs=1e-5)
    assert found["mean.spearman"].dataset_digest == labels_digest(LABELS.rows(SPLIT.test))


def test_nothing_else_changes(home, tmp_path, capfd):
    import mlflow

    environment, level = dict(os.environ), logging.getLogger("mlflow").level
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri(), list(warnings.filters)
    labels = noisy_labels(("solo",))
    fitted, split = fitted_to(labels, LookupTable)
    run = track(fitted, labels, split, seed=0)
    assert open_client().get_run(run.run_id).info.run_name.startswith("lookup solo ")
    assert (mlflow.get_tracking_uri(), mlflow.get_registry_uri(), list(warnings.filters)) == before
    assert dict(os.environ) == environment
    assert logging.getLogger("mlflow").level == level
    assert mlflow.active_run() is None
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_a_run_that_breaks_is_marked(home, monkeypatch):
    def broken(fitted, curve):
        raise RuntimeError("no picture")

    monkeypatch.setattr("archcast.training.tracking.fitted.figures", broken)
    with pytest.raises(RuntimeError, match="no picture"):
        track(FITTED, LABELS, SPLIT, seed=99)
    client = open_client()
    experiment = client.get_experiment_by_name("nasbench201/latency").experiment_id
    (run,) = client.search_runs([experiment], "params.seed = '99'")
    assert run.info.status == "FAILED"


def test_refuses_other_labels(home):
    with pytest.raises(InputError, match="labels must be those that linear was fitted to"):
        track(FITTED, LABELS.only(("board_a",)), SPLIT, seed=0)


def test_digest_follows_the_content():
    first = labels_digest(LABELS)
    assert first == labels_digest(noisy_labels())
    assert len(first) == 32
    assert first == labels_digest(replace(LABELS, codes=np.asfortranarray(LABELS.codes), sources=("other",)))
    values = LABELS.values.copy()
    values[0, 0] *= 1.000001
    others = [
        replace(LABELS, values=values),
        replace(LABELS, codes=LABELS.codes[::-1]),
        replace(LABELS, metric="energy"),
        replace(LABELS, targets=LABELS.targets[::-1]),
        LABELS.rows(np.arange(len(LABELS) - 1)),
    ]
    assert len({first, *map(labels_digest, others)}) == 6


def test_model_names():
    one = LABELS.only(("board_a",))
    assert model_name(LABELS) == "nasbench201.latency"
    assert model_name(one) == "nasbench201.latency.board_a"
    assert model_name(replace(one, dataset="cifar100")) == "nasbench201.latency.board_a.cifar100"
    accuracy = replace(one, metric="accuracy", dataset="cifar100", targets=(Target("cifar100", "cifar100"),))
    assert model_name(accuracy) == "nasbench201.accuracy.cifar100"
    assert model_name(replace(one, targets=(Target("a/b:c", "cifar10"),))) == "nasbench201.latency.a-b_c"
