import numpy as np
import pytest

from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.predictors import Card, load, read_manifest, save
from archcast.predictors.families.stack import Stack, StackConfig, _weights

SPACE = SPACES["nasbench201"]


def labels_of(n, metric="accuracy", targets=1):
    codes = SPACE.sample(n, seed=0)
    base = 60 + 5.0 * (codes == 3).sum(axis=1)
    noise = np.random.default_rng(0).normal(size=(n, targets))
    names = tuple(Target(f"t{i}", "cifar10") for i in range(targets))
    return Labels("nasbench201", metric, "cifar10", names, codes, base[:, None] + noise)


@pytest.mark.parametrize("metric", ["accuracy", "latency"])
def test_a_saved_stack_answers_the_same(tmp_path, metric):
    made = Stack(StackConfig(members=("linear", "lookup"), folds=2)).fit(labels_of(80, metric, targets=2))
    save(made, tmp_path / "stack", card=Card("stack"))
    again = load(read_manifest(tmp_path / "stack"))
    given = SPACE.sample(100, seed=1)
    np.testing.assert_array_equal(again.predict(given), made.predict(given))
    np.testing.assert_array_equal(again.weights_, made.weights_)


def test_what_it_had_not_seen_is_less_sure_than_the_fit():
    labels = labels_of(150, targets=2)
    made = Stack(StackConfig(members=("linear", "lookup"), folds=3)).fit(labels)
    unseen, fitted = made.held_out_, made.predict(labels.codes)
    assert unseen.shape == (150, 2)
    assert (((unseen - labels.values) ** 2).mean(axis=0) > ((fitted - labels.values) ** 2).mean(axis=0)).all()
    assert np.abs(unseen - labels.values).mean() < 2.0
    assert Stack().fit(labels_of(20)).held_out_ is None


def test_missing_values_of_one_target_are_left_out():
    labels = labels_of(140, targets=2)
    labels.values[:60, 1] = np.nan
    made = Stack(StackConfig(members=("linear", "lookup"), folds=2)).fit(labels)
    assert made.weights_.shape == (2, 2)
    assert np.isfinite(made.predict(labels.codes)).all()


def test_weights_are_shares_near_the_least_squares():
    rng = np.random.default_rng(0)
    p = rng.normal(size=(3, 300, 1))
    wanted = 0.3 * p[0] + 0.7 * p[2]
    found = _weights(p, wanted, np.isfinite(wanted))
    np.testing.assert_allclose(found[:, 0], [0.3, 0.0, 0.7], atol=1e-9)


def test_no_other_shares_have_a_smaller_error():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(80, 1))
    p = truth + rng.normal(size=(3, 80, 1)) * np.array([0.5, 0.7, 2.0])[:, None, None]
    found = _weights(p, truth, np.isfinite(truth))[:, 0]
    assert found.sum() == pytest.approx(1.0)
    least = np.linalg.norm(truth[:, 0] - found @ p[:, :, 0])
    for shares in rng.dirichlet(np.ones(3), size=2000):
        assert np.linalg.norm(truth[:, 0] - shares @ p[:, :, 0]) > least - 1e-9


def test_without_held_out_answers_the_first_keeps_all():
    out = np.full((2, 5, 1), np.nan)
    np.testing.assert_array_equal(_weights(out, np.zeros((5, 1)), np.ones((5, 1), dtype=bool)), [[1], [0]])
