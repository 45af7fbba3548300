import csv
import json
from pathlib import Path

import pytest
from tracked_cases import noisy_labels

from archcast.core.errors import InputError, UnknownNameError
from archcast.training import settings_search, sweep
from archcast.training.fit import fit
from archcast.training.splits import group_split
from archcast.training.tracking.registry import register_and_promote
from archcast.training.tracking.store import open_client

LABELS = noisy_labels(("swept",), share=0.1)
SPLIT = group_split(LABELS)
PARENT = "tags.`mlflow.parentRunId`"


@pytest.fixture(autouse=True)
def made_up(monkeypatch):
    monkeypatch.setattr(sweep, "load_split", lambda space, metric, **options: (LABELS, SPLIT))


def _runs(wanted):
    client = open_client()
    experiment = client.get_experiment_by_name("nasbench201/latency").experiment_id
    return client.search_runs([experiment], wanted, order_by=["attributes.start_time ASC"])


@pytest.fixture(scope="module")
def done(store, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHCAST_HOME", str(store))
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        patch.setattr(sweep, "load_split", lambda space, metric, **options: (LABELS, SPLIT))
        return sweep.sweep("nasbench201", predictor="lookup", trials=4, seed=3)


def test_trials_are_children_of_one_parent(done, home):
    children = _runs(f"{PARENT} = '{done.parent}'")
    assert [run.info.run_name for run in children] == [f"lookup, trial {i}" for i in range(4)]
    for run, trial in zip(children, done.search.trials, strict=True):
        assert float(run.data.params["config.ridge"]) == trial.settings["ridge"]
        assert run.data.params["predictor"] == "lookup"
        assert int(run.data.params["fitted_rows"]) == trial.rows
        assert 0.7 * len(SPLIT.train) < trial.rows < 0.9 * len(SPLIT.train)
        assert run.data.metrics["inner.kendall"] == pytest.approx(trial.score)
        assert run.data.tags["archcast.device"] == "swept"
        assert run.info.status == "FINISHED"


def test_the_parent_sums_up(done, home):
    client = open_client()
    parent = client.get_run(done.parent)
    assert parent.info.run_name == f"sweep of lookup, swept/cifar10, {len(SPLIT.train)} rows"
    assert parent.info.status == "FINISHED"
    best = done.search.best
    assert parent.data.metrics["inner.kendall"] == pytest.approx(best.score)
    assert (parent.data.metrics["trials"], parent.data.metrics["best_trial"]) == (4, best.number)
    assert float(parent.data.params["config.ridge"]) == best.settings["ridge"]
    path = client.download_artifacts(done.parent, "trials.csv", str(home))
    with Path(path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [json.loads(row["ridge"]) for row in rows] == [t.settings["ridge"] for t in done.search.trials]


def test_the_best_is_a_run_like_any_other(done, home):
    run = open_client().get_run(done.tracked.run_id)
    assert run.data.tags["archcast.sweep"] == done.parent
    assert run.info.run_name == f"lookup swept {len(SPLIT.train)} swept"
    assert float(run.data.params["config.ridge"]) == done.search.best.settings["ridge"]
    alone = fit(type(done.run.fitted.predictor)(done.run.fitted.predictor.config), LABELS, SPLIT, seed=3)
    assert run.data.metrics["mean.spearman"] == pytest.approx(alone.mean_quality["spearman"], abs=1e-5)
    assert register_and_promote(done.tracked).version == 1


def test_parent_and_trials_cannot_be_promoted(done, home):
    child = _runs(f"{PARENT} = '{done.parent}'")[0]
    for run_id in (done.parent, child.info.run_id):
        with pytest.raises(UnknownNameError, match="run must be one of"):
            register_and_promote(run_id)


def test_without_tracking_nothing_is_written(home, monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "untouched"))
    told = []
    found = sweep.sweep("nasbench201", predictor="lookup", trials=2, track=False, on_trial=told.append)
    assert (found.parent, found.tracked) == (None, None)
    assert told == list(found.search.trials)
    assert not (tmp_path / "untouched").exists()


def test_failed_trials_and_a_failed_sweep_are_marked(home, monkeypatch):
    def broken(*given, **options):
        raise InputError("no good")

    monkeypatch.setattr(settings_search, "fit", broken)
    with pytest.raises(InputError, match="every trial of linear failed"):
        sweep.sweep("nasbench201", predictor="linear", trials=2)
    (parent,) = _runs("attributes.run_name LIKE 'sweep of linear%'")
    assert parent.info.status == "FAILED"
    children = _runs(f"{PARENT} = '{parent.info.run_id}'")
    assert [run.info.status for run in children] == ["FAILED", "FAILED"]
    assert children[0].data.tags["mlflow.note.content"] == "no good"


def test_mistakes_are_named_before_anything_is_read(home, monkeypatch):
    monkeypatch.setattr(sweep, "load_split", lambda *given, **options: pytest.fail("tables were read"))
    with pytest.raises(UnknownNameError, match="predictor to search the settings of"):
        sweep.sweep("nasbench201", predictor="flops")
    with pytest.raises(UnknownNameError, match="setting of lookup"):
        sweep.sweep("nasbench201", predictor="lookup", settings={"trees": 1})
