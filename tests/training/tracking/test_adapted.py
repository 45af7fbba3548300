"""Runs of adapted predictors."""

import numpy as np
import pytest
from made_up import UNIT_MS
from scipy.stats import spearmanr

import archcast
from archcast.core.errors import InputError
from archcast.training.tracking import adapted as tracking_adapted
from archcast.training.tracking.adapted import track_adapted
from archcast.training.tracking.store import open_client

SPACE = archcast.spaces("nasbench201")


def adapted(n, metric="latency"):
    codes = SPACE.sample(n, seed=4)
    values = 2.0 + UNIT_MS[codes].sum(axis=1) if metric == "latency" else 60.0 + 3 * (codes == 3).sum(axis=1)
    values = values + np.random.default_rng(0).uniform(0, 0.2, n)
    return archcast.adapt(codes, values, "board", metric, "nasbench201", seed=0)


@pytest.mark.parametrize("metric", ["latency", "accuracy"])
def test_the_run_has_figures_of_folds(store, metric):
    made = adapted(24, metric)
    run = track_adapted(made.model, made.measured, sources=made.sources, card=made.card)
    found = open_client().get_run(run.run_id)
    assert run.experiment == f"nasbench201/{metric}"
    assert found.info.run_name.startswith(made.model.family)
    assert "without its fold" in found.data.params["split"]
    assert 0.5 < found.data.metrics["mean.spearman"] <= 1
    assert found.data.tags["archcast.sources"] == ",".join(made.sources)


def test_no_measurement_is_predicted_by_a_fit_that_saw_it(store, monkeypatch):
    made = adapted(10)
    seen = []
    learn = tracking_adapted.adapt_to

    def watched(prior, codes, values, **words):
        seen.append({tuple(c) for c in codes.tolist()})
        return learn(prior, codes, values, **words)

    monkeypatch.setattr(tracking_adapted, "adapt_to", watched)
    track_adapted(made.model, made.measured, sources=made.sources, card=made.card)
    everything = {tuple(c) for c in made.measured.codes.tolist()}
    assert len(seen) == 10
    assert all(len(everything - taught) == 1 for taught in seen)


def test_three_measurements_leave_nothing_to_test(store):
    made = adapted(3)
    with pytest.raises(InputError, match="more than 3"):
        track_adapted(made.model, made.measured, sources=made.sources, card=made.card)


def test_folds_tell_about_other_architectures(store):
    made = adapted(24)
    others = SPACE.sample(500, seed=5)
    assert spearmanr(made.predict(others), UNIT_MS[others].sum(axis=1)).statistic > 0.9
