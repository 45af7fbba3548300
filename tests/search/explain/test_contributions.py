"""Contributions sum to the prediction, and are those of the plain definition."""

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from made_up import additive_labels

import archcast
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.places import Decision
from archcast.predictors import PREDICTORS, Card, save
from archcast.predictors.families.boosting import Boosting, BoostingConfig
from archcast.search.explain.contributions import METHODS, Explanation, explain, explain_loaded
from archcast.search.explain.figures import draw_explanation
from archcast.search.explain.shapley import exact_shares, sampled_shares

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
FBNET = [7, 8, 1, 8, 4, 8, 8, 8, 7, 4, 1, 4, 7, 3, 2, 7, 3, 2, 4, 2, 4, 5]
OFA = {"ks": [3, 5, 7, 3] * 5, "e": [3, 4, 6, 6] * 5, "d": [2, 3, 4, 2, 3], "r": 192}
ONE_OF_EACH = [
    (CELL, "raspi4", "latency", "exact"),
    (FBNET, "raspi4", "latency", "additive"),
    ("02012100", None, "accuracy", "exact"),
    (OFA, "2080ti_1", "latency", "sampling"),
]


def _sums(made: Explanation) -> bool:
    total = made.baseline + sum(c.value for c in made.contributions)
    return total == pytest.approx(made.value, rel=1e-12)


@pytest.mark.parametrize(("arch", "device", "metric", "method"), ONE_OF_EACH)
def test_contributions_sum_to_the_prediction(arch, device, metric, method) -> None:
    made = explain(arch, device, metric=metric, pairs=50)
    assert made.method == method
    assert _sums(made)
    assert made.value == archcast.load(device, metric, made.space).predict([arch])[0]


@pytest.mark.parametrize(
    ("space", "device", "metric"), [("mnasnet", None, "accuracy"), ("hat", "xeon", "latency")]
)
def test_other_spaces_by_sampling(space: str, device: str | None, metric: str) -> None:
    arch = SPACES[space].format(SPACES[space].sample(1, seed=2))[0]
    made = explain(arch, device, metric=metric, space=space, pairs=40)
    assert _sums(made)
    assert made.method == "sampling"
    assert all(c.choice for c in made.contributions)


def _shapley_by_orders(f, x: np.ndarray, members: np.ndarray) -> np.ndarray:
    """The definition: every order of every decision, every member."""
    k = len(x)
    total, orders = np.zeros(k), list(permutations(range(k)))
    for order in orders:
        mixed = members.copy()
        before = f(mixed).mean()
        for d in order:
            mixed[:, d] = x[d]
            after = f(mixed).mean()
            total[d] += after - before
            before = after
    return total / len(orders)


class _Small(type(SPACES["macro"])):
    """Four decisions, so that every order can be looked at."""

    name = "small"
    columns = tuple("abcd")
    cardinalities = (2, 3, 2, 3)


def _f(codes: np.ndarray) -> np.ndarray:
    a, b, c, d = codes.astype(np.float64).T
    return a * b + 2.0 * c * d + 0.5 * b + a * c * d**2


def test_exact_values_are_those_of_all_orders() -> None:
    space = _Small()
    members, x = space.members(np.arange(space.size)), np.array([1, 2, 1, 1], dtype=np.int8)
    decisions = [Decision(name, (i,)) for i, name in enumerate("abcd")]
    made = exact_shares(_f, space, decisions, ("",) * 4, x[None])
    np.testing.assert_allclose(made.values, _shapley_by_orders(_f, x, members), rtol=1e-12)
    assert made.values.sum() == pytest.approx(_f(x[None])[0] - _f(members).mean(), rel=1e-12)


def test_symmetric_decisions_get_equal_shares_and_idle_ones_none() -> None:
    def f(codes: np.ndarray) -> np.ndarray:
        wide = codes.astype(np.float64)
        return wide[:, 0] * wide[:, 5] + 3.0 * wide[:, 2]

    space, x = SPACES["macro"], np.array([[2, 1, 1, 0, 2, 2, 0, 1]], dtype=np.int8)
    decisions = space.decisions(x)
    made = exact_shares(f, space, decisions, ("",) * 8, x)
    assert made.values[0] == pytest.approx(made.values[5], rel=1e-12)
    assert made.values[2] == pytest.approx(3.0 * (1 - 1), abs=1e-12)
    np.testing.assert_allclose(made.values[[1, 3, 4, 6, 7]], 0.0, atol=1e-12)


def test_sampled_values_are_within_their_errors_of_the_exact_ones() -> None:
    space = SPACES["macro"]
    handle = archcast.load(None, "accuracy", "macro")
    x = space.parse(["02012100"])
    decisions = space.decisions(x)
    exact = exact_shares(handle.predict_codes, space, decisions, ("",) * 8, x)
    scaled = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        drawn = sampled_shares(handle.predict_codes, space, decisions, ("",) * 8, x, 100, seed, rng)
        scaled.append((drawn.values - exact.values) / drawn.errors)
    spread = np.sqrt(np.mean(np.square(scaled)))
    assert 0.85 < spread < 1.15, spread


def test_unused_layers_are_no_decisions() -> None:
    space = SPACES["ofa_mbv3"]
    codes = space.parse([OFA])
    names = [d.name for d in space.decisions(codes)]
    assert len(names) == sum(OFA["d"]) + 5 + 1
    assert "stage1.layer3" not in names
    assert "stage3.layer4" in names


def test_additive_terms_are_exact() -> None:
    """Against the definition, over each decision's mean; and equal to Shapley values, as sums are."""
    made = explain(FBNET, "raspi4")
    handle, space = archcast.load("raspi4", "latency", "fbnet"), SPACES["fbnet"]
    codes = space.parse([FBNET])
    for layer, found in enumerate(made.contributions):
        every = np.repeat(codes, 9, axis=0)
        every[:, layer] = np.arange(9)
        values = handle.model.predict_checked(every)[:, handle.entry.column].astype(np.float64)
        assert found.value == pytest.approx(values[FBNET[layer]] - values.mean(), abs=2e-4)
        assert found.error == 0.0
    sample = handle.predict_codes(space.sample(200_000, seed=0))
    assert made.baseline == pytest.approx(sample.mean(), rel=1e-3)


def _trained(family: str, space: str = "ofa_mbv3", **settings):
    rng = np.random.default_rng(0)
    codes = SPACES[space].sample(400, seed=0)
    values = 5.0 + codes[:, :20].sum(axis=1) * 0.3 + rng.normal(size=400) * 0.01
    labels = Labels(
        space,
        "latency",
        "imagenet",
        (Target("board", "imagenet"),),
        codes,
        values[:, None],
        ("made up",),
        ("none",),
    )
    kind = PREDICTORS[family]
    return kind(kind.Config(**settings)).fit(labels)


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))

    def keep(model, space: str):
        save(model, tmp_path / "predictors" / "made", card=Card("made up"))
        return archcast.load("board", "latency", space)

    return keep


def test_additive_terms_of_a_space_with_depths(saved) -> None:
    handle = saved(_trained("additive"), "ofa_mbv3")
    made = explain(OFA, "board", space="ofa_mbv3")
    assert made.method == "additive"
    assert _sums(made)
    sample = handle.predict_codes(SPACES["ofa_mbv3"].sample(200_000, seed=1))
    assert made.baseline == pytest.approx(sample.mean(dtype=np.float64), rel=1e-3)
    assert {c.choice for c in made.contributions} >= {"k7_e6", "not there", "192"}


def test_trees_give_their_own_contributions(saved) -> None:
    model = _trained("lightgbm", "mnasnet", rounds=30)
    handle = saved(model, "mnasnet")
    codes = SPACES["mnasnet"].sample(1, seed=9)
    made = explain_loaded(handle, codes)
    assert made.method == "trees"
    assert _sums(made)
    raw = model.boosters_[0].predict(model._encode(codes), pred_contrib=True)[0]
    expected = model.scale_.inverse(np.array([[raw[-1]]]))[0, 0]
    assert made.baseline == pytest.approx(expected, rel=1e-5)
    names = {c.decision for c in made.contributions}
    assert {"block0_e", "block6_se", "macs", "nn_mass"} <= names
    largest = max(made.contributions, key=lambda c: abs(c.value))
    assert abs(largest.value) > 0.01


def test_trees_that_split_nothing_add_nothing() -> None:
    labels = additive_labels(("board",), n=40)
    model = Boosting(BoostingConfig(rounds=1, min_data_in_leaf=100)).fit(labels)
    from archcast.search.explain.model import tree_shares

    assert not tree_shares(model, 0, labels.codes[:1]).values.any()


def test_adapted_predictors_are_explained() -> None:
    codes = SPACES["nasbench201"].sample(10, seed=0)
    values = 2.0 + codes.sum(axis=1)
    made = explain_loaded(archcast.adapt(codes, values, device="board", space="nasbench201"), codes[:1])
    assert _sums(made)


def test_methods_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="sampling for mlp of ofa_mbv3, got exact"):
        explain(OFA, "2080ti_1", method="exact")
    with pytest.raises(UnknownNameError, match=", ".join(sorted(METHODS))):
        explain(OFA, "2080ti_1", method="guess")
    with pytest.raises(InputError, match="pairs"):
        explain(OFA, "2080ti_1", pairs=1)
    with pytest.raises(InputError, match="one architecture"):
        explain_loaded(archcast.load("raspi4", "latency", "fbnet"), SPACES["fbnet"].sample(2, seed=0))


def test_files_and_picture(tmp_path: Path) -> None:
    made = explain(FBNET, "raspi4")
    made.save(tmp_path / "e.json")
    assert json.loads((tmp_path / "e.json").read_text(encoding="utf-8")) == made.to_json()
    made.save(tmp_path / "e.csv")
    lines = (tmp_path / "e.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "decision,choice,ms,error"
    assert len(lines) == 1 + 1 + 22 + 1
    with pytest.raises(InputError, match=r"\.csv or \.json"):
        made.save(tmp_path / "e.xlsx")
    bars = draw_explanation(made).axes[0].patches
    assert len(bars) == 22
    assert sum(bar.get_width() for bar in bars) == pytest.approx(made.value - made.baseline, rel=1e-9)
