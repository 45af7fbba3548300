from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from archcast.core.errors import ArtifactError, InputError, NotFittedError
from archcast.core.labels import Labels, Target
from archcast.featurize.encoders.kernel_blocks import kernel_blocks
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.nasbench201_function import function_blocks
from archcast.predictors.artifact.arrays import pack
from archcast.predictors.families.gp import GP, GPConfig
from archcast.predictors.families.gp_evidence import (
    Pairs,
    Prior,
    _negative_evidence,
    kernel,
    noisy,
    posterior,
    search,
    split,
    variance,
)
from archcast.predictors.families.stack import Stack, StackConfig, _weights, fold_of_groups
from archcast.predictors.scores import NormalScores
from archcast.testing.predictor_checks import CHECKS
from archcast.testing.subject import Subject

SPACE = SPACES["nasbench201"]


def accuracy(codes, *, noise=0.0, seed=0):
    """Made-up accuracies with the shape of real ones: crowded at the top, 10 where nothing connects."""
    live = SPACE.live(codes)
    depth = (live == 3).sum(axis=1) + 0.5 * (live == 2).sum(axis=1) + 0.2 * (live == 1).sum(axis=1)
    rng = np.random.default_rng(seed)
    return np.where(live.any(axis=1), 95 - 30 * np.exp(-depth), 10.0) + noise * rng.normal(size=len(codes))


def labels_of(codes, values):
    return Labels(
        "nasbench201", "accuracy", "cifar10", (Target("cifar10", "cifar10"),), codes, values[:, None]
    )


@lru_cache(maxsize=1)
def fitted():
    codes = SPACE.sample(150, seed=0)
    return GP().fit(labels_of(codes, accuracy(codes, noise=0.3)))


def blocks(n, seed=0):
    return kernel_blocks(SPACE, SPACE.sample(n, seed=seed), "cifar10")


@lru_cache(maxsize=1)
def subject(family, space):
    settings = {"folds": 2} if family is Stack else {}
    return Subject(lambda: family(family.Config(**settings)), SPACES[space])


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("family", "space"), [(GP, "nasbench201"), (GP, "mnasnet"), (Stack, "nasbench201")])
def test_family_keeps_the_contract(family, space, check):
    check(subject(family, space))


def test_equal_functions_have_equal_paths_and_edges():
    codes = SPACE.members(np.arange(SPACE.size))
    made, groups = function_blocks(SPACE, codes), SPACE.function_groups(codes)
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    for name in ("paths", "edges"):
        np.testing.assert_array_equal(made[name], made[name][first][inverse])
    assert {name: block.shape[1] for name, block in made.items()} == {"paths": 40, "edges": 30, "summary": 18}


def test_renamed_inner_nodes_change_no_block():
    codes = SPACE.sample(200, seed=3)
    codes[:, 2] = 0
    renamed = codes[:, [1, 0, 2, 3, 5, 4]]
    one, other = function_blocks(SPACE, codes), function_blocks(SPACE, renamed)
    assert one.keys() == other.keys() != set()
    for name, block in one.items():
        np.testing.assert_array_equal(block, other[name])


def test_paths_are_counted_by_hand():
    text = "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|none~0|skip_connect~1|avg_pool_3x3~2|"
    made = function_blocks(SPACE, SPACE.parse([text]))
    # 3x3; pool; 3x3 then 1x1 then pool. Single operations are columns 1 to 3, strings of three from 13.
    expected = {2, 3, 13 + 9 * 1 + 3 * 0 + 2}
    assert set(np.flatnonzero(made["paths"][0])) == expected
    assert made["summary"][0, :5].tolist() == [3, 2, 1, 1, 1]


@pytest.mark.parametrize("name", ["nasbench201", "mnasnet", "macro", "fbnet", "hat", "ofa_mbv3"])
def test_mean_squared_distance_of_a_block_is_one(name):
    space = SPACES[name]
    blocks = kernel_blocks(space, space.sample(1500, seed=9), space.datasets[0])
    assert blocks
    for block in blocks.values():
        assert 2 * block.var(axis=0).sum() == pytest.approx(1.0, rel=0.2)


def test_gradient_of_the_evidence_agrees_with_differences():
    rng = np.random.default_rng(0)
    pairs, y = Pairs.of(blocks(25)), rng.normal(size=25)
    t = Prior().of(3)[0] + rng.normal(size=8) * 0.3
    gradient = _negative_evidence(pairs, t, y)[1]
    assert len(t) == 8
    for i in range(8):
        step = 1e-5 * np.eye(8)[i]
        ends = [_negative_evidence(pairs, t + sign * step, y)[0] for sign in (1, -1)]
        assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(gradient[i], rel=1e-4, abs=1e-5)


def test_kernel_agrees_with_the_formula():
    left, right = blocks(7, seed=1), blocks(9, seed=2)
    t = Prior().of(3)[0] + np.linspace(-1, 1, 8)
    s, w, v, _ = split(t)
    found = kernel(left, right, t)
    for i, j in ((0, 0), (3, 8), (6, 4)):
        pair = [(left[name][i], right[name][j]) for name in left]
        r = np.sqrt(5 * sum(x * ((a - b) ** 2).sum() for x, (a, b) in zip(w, pair, strict=True)))
        expected = s * (1 + r + r * r / 3) * np.exp(-r)
        expected += 2 * sum(x * a @ b for x, (a, b) in zip(v, pair, strict=True))
        assert found[i, j] == pytest.approx(expected)
    np.testing.assert_allclose(variance(left, t), np.diag(kernel(left, left, t)))


def test_search_ends_where_the_slope_is_flat():
    rows = blocks(60)
    y = rows["summary"][:, 0] * 3 + np.random.default_rng(0).normal(size=60) * 0.1
    pairs, (mean, deviation) = Pairs.of(rows), Prior().of(3)
    t = search(rows, y, Prior(), 200)
    slope = _negative_evidence(pairs, t, y)[1] + (t - mean) / deviation**2
    assert np.abs(slope).max() < 0.1
    np.testing.assert_allclose(noisy(rows, t) @ posterior(rows, t, y), y, atol=1e-8)


def test_scores_rise_and_come_back():
    y = np.array([10.0, 10.0, 70.0, 90.0, 91.0, 92.0])
    scores = NormalScores.fit(y)
    u = scores.forward(y)
    assert u[0] == u[1]
    assert u.sum() == pytest.approx(0.0, abs=1e-12)
    beyond = np.linspace(-3, 3, 50)
    assert (np.diff(scores.inverse(beyond)) > 0).all()
    np.testing.assert_allclose(scores.forward(scores.inverse(beyond)), beyond)
    np.testing.assert_allclose(NormalScores.fit(np.full(4, 2.0)).forward(np.full(4, 2.0)), 0.0)


def test_ranking_does_not_depend_on_the_scale_of_accuracy():
    codes = SPACE.sample(60, seed=0)
    values = accuracy(codes, noise=0.3)
    given = SPACE.sample(100, seed=5)
    plain = GP().fit(labels_of(codes, values)).predict(given)[:, 0]
    bent = GP().fit(labels_of(codes, np.exp(values / 25))).predict(given)[:, 0]
    np.testing.assert_array_equal(plain.argsort(kind="stable"), bent.argsort(kind="stable"))


def test_interval_covers_what_it_says():
    codes = SPACE.sample(1000, seed=11)
    values = accuracy(codes, noise=0.3, seed=1)
    low, high = fitted().interval(codes, 0.9)
    covered = ((low[:, 0] <= values) & (values <= high[:, 0])).mean()
    assert 0.82 < covered < 0.97
    narrow = fitted().interval(codes, 0.5)
    assert (narrow[0] >= low).all()
    assert (narrow[1] <= high).all()


def test_deviation_is_less_where_it_was_taught():
    taught, new = fitted().codes_, SPACE.sample(300, seed=12)
    deviation = fitted().predictive_deviation(new)
    assert deviation.shape == (300, 1)
    assert (deviation > 0).all()
    (_, near), (_, far) = (fitted()._latent(codes, deviations=True)[0] for codes in (taught, new))
    assert near.mean() < far.mean()


def test_deviation_survives_saving():
    again = GP(fitted().config)
    again._take_header("nasbench201", "accuracy", "cifar10", fitted().targets_)
    again.scale_ = fitted().scale_
    again._from_files(fitted().to_files())
    given = SPACE.sample(20, seed=2)
    np.testing.assert_allclose(again.predictive_deviation(given), fitted().predictive_deviation(given))


@pytest.mark.parametrize(("family", "file"), [(GP, "process.npz"), (Stack, "stack.npz")])
def test_file_without_its_arrays_is_refused(family, file):
    made = family()
    made._take_header("nasbench201", "accuracy", "cifar10", fitted().targets_)
    made.scale_ = fitted().scale_
    with pytest.raises(ArtifactError, match="must hold"):
        made._from_files({file: pack({"other": np.zeros(2)})})


def test_more_rows_than_wanted_are_thinned():
    codes = SPACE.sample(80, seed=0)
    made = GP(GPConfig(rows=30, tuned_rows=20)).fit(labels_of(codes, accuracy(codes)))
    assert made.processes_[0].used.sum() == 30
    assert made.processes_[0].weights.shape == (30,)


@pytest.mark.parametrize("name", ["rows", "tuned_rows", "steps"])
def test_settings_below_one_are_refused(name):
    with pytest.raises(InputError, match=name):
        GPConfig(**{name: 0})


def test_use_before_fit_and_wrong_coverage_are_refused():
    with pytest.raises(NotFittedError):
        GP().predictive_deviation(SPACE.sample(2, seed=0))
    with pytest.raises(InputError, match="coverage"):
        fitted().interval(SPACE.sample(2, seed=0), 1.0)


def test_stack_weighs_the_member_that_is_right():
    rng = np.random.default_rng(0)
    wanted = rng.normal(size=(200, 2))
    out = np.stack([wanted + rng.normal(size=(200, 2)), wanted + 0.05 * rng.normal(size=(200, 2))])
    out[:, :, 1] = out[::-1, :, 1]
    weights = _weights(out, wanted, np.isfinite(wanted))
    np.testing.assert_allclose(weights.sum(axis=0), 1.0)
    assert weights[1, 0] > 0.9
    assert weights[0, 1] > 0.9


def test_stack_keeps_equal_cells_in_one_fold():
    groups = SPACE.function_groups(SPACE.sample(2000, seed=0))
    fold = fold_of_groups(groups, 5, seed=0)
    assert all(len(set(fold[groups == group])) == 1 for group in np.unique(groups))
    assert set(fold) == set(range(5))


def test_stack_of_few_rows_is_its_first_member():
    codes = SPACE.sample(40, seed=0)
    labels = labels_of(codes, accuracy(codes, noise=0.3))
    made, alone = Stack().fit(labels), GP().fit(labels)
    given = SPACE.sample(200, seed=4)
    assert len(made.members_) == 1
    order = alone.predict(given)[:, 0].argsort(kind="stable")
    assert (np.diff(made.predict(given)[order, 0]) >= -1e-4).all()


def test_stack_of_itself_is_refused():
    with pytest.raises(InputError, match="members"):
        StackConfig(members=("stack",))
    with pytest.raises(InputError, match="folds"):
        StackConfig(folds=1)


def test_labels_are_not_changed():
    codes = SPACE.sample(70, seed=0)
    labels = labels_of(codes, accuracy(codes))
    copy = replace(labels, codes=codes.copy(), values=labels.values.copy())
    Stack(StackConfig(folds=2)).fit(labels)
    np.testing.assert_array_equal(labels.values, copy.values)
    np.testing.assert_array_equal(labels.codes, copy.codes)
