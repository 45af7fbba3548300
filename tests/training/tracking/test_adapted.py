"""Runs of adapted predictors."""

from pathlib import Path

import numpy as np
import pytest
from made_up import UNIT_MS
from scipy.stats import spearmanr

import archcast
from archcast.core.errors import InputError
from archcast.predictors import read_manifest
from archcast.training.tracking import adapted as tracking_adapted
from archcast.training.tracking.adapted import track_adapted
from archcast.training.tracking.record import labels_digest
from archcast.training.tracking.registry import register_and_promote
from archcast.training.tracking.store import open_client

pytestmark = pytest.mark.usefixtures("no_pictures")
SPACE = archcast.spaces("nasbench201")


def adapted(n, metric="latency"):
    codes = SPACE.sample(n, seed=4)
    values = 2.0 + UNIT_MS[codes].sum(axis=1) if metric == "latency" else 60.0 + 3 * (codes == 3).sum(axis=1)
    values = values + np.random.default_rng(0).uniform(0, 0.2, n)
    return archcast.adapt(codes, values, "board", metric, "nasbench201", seed=0)


@pytest.mark.parametrize("metric", ["latency", "accuracy"])
def test_the_run_has_figures_of_folds(home, metric):
    made = adapted(24, metric)
    run = track_adapted(made.model, made.measured, sources=made.sources, card=made.card)
    found = open_client().get_run(run.run_id)
    assert run.experiment == f"nasbench201/{metric}"
    assert found.info.run_name.startswith(made.model.family)
    assert "without its fold" in found.data.params["split"]
    assert 0.5 < found.data.metrics["folds.mean.spearman"] <= 1
    assert found.data.params["folds"] == "20"
    assert found.data.tags["archcast.sources"] == ",".join(made.sources)


def test_measurements_that_taught_never_stand_as_held_out(home):
    made = adapted(5)
    run = track_adapted(made.model, made.measured, sources=made.sources, card=made.card)
    client = open_client()
    found = client.get_run(run.run_id)
    contexts = {
        next(t.value for t in i.tags if t.key == "mlflow.data.context"): i.dataset.digest
        for i in found.inputs.dataset_inputs
    }
    assert contexts == {"folds": labels_digest(made.measured)}
    of_folds = {name for name in found.data.metrics if name.startswith("folds.")}
    assert {"folds.mean.spearman", "folds.spearman/board/cifar10"} <= of_folds
    assert set(found.data.metrics) == of_folds, "no figure has the name of one on held-out rows"
    assert "held_out_rows" not in found.data.params
    saved = client.download_artifacts(run.run_id, "predictor")
    assert read_manifest(Path(saved)).card.held_out_rows == 0


def test_an_adapted_predictor_is_promoted_by_its_folds(home):
    made, other = adapted(4), adapted(5)
    first, second = (
        track_adapted(m.model, m.measured, sources=m.sources, card=m.card) for m in (made, other)
    )
    assert register_and_promote(first).version == 1
    with pytest.raises(InputError, match="same split of the same labels"):
        register_and_promote(second)
    assert register_and_promote(second, force=True).version == 2


def test_no_measurement_is_predicted_by_a_fit_that_saw_it(home, monkeypatch):
    made = adapted(5)
    seen = []
    learn = tracking_adapted.adapt_to

    def watched(prior, codes, values, **words):
        seen.append({tuple(c) for c in codes.tolist()})
        return learn(prior, codes, values, **words)

    monkeypatch.setattr(tracking_adapted, "adapt_to", watched)
    track_adapted(made.model, made.measured, sources=made.sources, card=made.card)
    everything = {tuple(c) for c in made.measured.codes.tolist()}
    assert len(seen) == 5
    assert all(len(everything - taught) == 1 for taught in seen)


def test_three_measurements_leave_nothing_to_test(home):
    made = adapted(3)
    with pytest.raises(InputError, match="more than 3"):
        track_adapted(made.model, made.measured, sources=made.sources, card=made.card)


def test_folds_tell_about_other_architectures(home):
    made = adapted(24)
    others = SPACE.sample(500, seed=5)
    assert spearmanr(made.predict(others), UNIT_MS[others].sum(axis=1)).statistic > 0.9
