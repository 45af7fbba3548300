"""What is served answers as the predictor itself does: every shipped predictor, and every family."""

import pickle
from functools import cache
from typing import ClassVar

import numpy as np
import pytest
from made_up import additive_labels
from zoo_recipe import read_recipe

import archcast
from archcast.core.errors import ArchcastWarning, InputError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.predictors import (
    GP,
    MLP,
    Additive,
    AdditiveConfig,
    BayesianLinear,
    Boosting,
    BoostingConfig,
    FlopsBaseline,
    GPConfig,
    LinearConfig,
    LookupTable,
    MLPConfig,
    NNDegree,
    Stack,
    StackConfig,
    Tabulated,
    load,
    read_manifest,
)
from archcast.predictors.adapt.posterior import adapt_to
from archcast.predictors.adapt.sources import prior_of
from archcast.predictors.artifact.shipped import zoo_folder
from archcast.predictors.lowered import (
    PlainForm,
    SumForm,
    exact_form,
    served_form,
)
from archcast.serving.store import store

ZOO = [entry.name for entry in read_recipe().entries]
SMALL = MLPConfig(epochs=2, hidden=8, members=2)


class SaysNothing(FlopsBaseline):
    """A family that does not tell which of its arrays belong to which target."""

    by_target: ClassVar = {}


@cache
def shipped(name):
    return load(read_manifest(zoo_folder() / name))


@cache
def labels(space, metric="latency"):
    chosen = SPACES[space]
    codes = chosen.sample(200, seed=1)
    cost = 3.0 + chosen.terms(codes)[1] @ np.random.default_rng(0).uniform(
        0.1, 1, len(chosen.terms(codes)[0])
    )
    values = np.stack([cost, 100.0 / cost + 0.3 * codes[:, 0]], axis=1)
    dataset = chosen.datasets[0]
    return Labels(space, metric, dataset, (Target("a", dataset), Target("b", dataset)), codes, values)


@pytest.mark.parametrize("name", ZOO)
def test_every_shipped_predictor_is_served_as_it_answers(name):
    model = shipped(name)
    codes = model.space_.sample(1500, seed=7)
    expected = model.predict_checked(codes)
    last = len(model.targets_) - 1
    for columns in {(0,), (last,), tuple(range(last + 1)), (last, 0)}:
        form = exact_form(model, columns) or served_form(model, columns)
        found = form.values(codes)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected[:, columns], rtol=5e-6)
        np.testing.assert_allclose(form.values(codes[:1]), found[:1], rtol=5e-6)


@pytest.mark.parametrize("name", ZOO)
def test_the_form_in_a_manifest_is_what_its_predictor_lowers_to(name):
    model, kept = shipped(name), read_manifest(zoo_folder() / name).form
    assert kept == served_form(model, tuple(range(len(model.targets_)))).kind
    codes = model.space_.sample(200, seed=3)
    for column in {0, len(model.targets_) - 1}:
        found = served_form(model, (column,), kind=kept)
        assert found.kind == kept
        np.testing.assert_array_equal(found.values(codes), served_form(model, (column,)).values(codes))


@pytest.mark.parametrize(
    ("space", "metric"),
    [
        *(("hat", metric) for metric in ("latency", "throughput", "accuracy")),
        *(("fbnet", "latency"), ("mnasnet", "throughput"), ("ofa_mbv3", "accuracy")),
    ],
)
@pytest.mark.parametrize(
    "make",
    [
        lambda: Additive(),
        lambda: Additive(AdditiveConfig(pieces=("decisions",))),
        lambda: LookupTable(),
        lambda: BayesianLinear(LinearConfig(pieces=("terms",))),
        lambda: MLP(SMALL),
        lambda: MLP(MLPConfig(epochs=2, hidden=8, members=1, corrects=False)),
    ],
    ids=["additive", "decisions", "lookup", "linear", "mlp", "mlp alone"],
)
def test_families_that_are_sums_are_served_as_tables(space, metric, make):
    model = make().fit(labels(space, metric))
    codes = SPACES[space].sample(1000, seed=2)
    form = exact_form(model, (0, 1))
    assert form.kind == model.header()["served"] == "sums"
    np.testing.assert_allclose(form.values(codes), model.predict_checked(codes), rtol=2e-5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Boosting(BoostingConfig(rounds=3)),
        lambda: FlopsBaseline(),
        lambda: BayesianLinear(),
    ],
    ids=["lightgbm", "flops", "linear on features"],
)
def test_other_families_are_served_themselves(make):
    model = make().fit(labels("fbnet"))
    assert exact_form(model, (1,)) is None
    form = served_form(model, (1,))
    assert isinstance(form, PlainForm)
    assert form.kind == model.header()["served"] == "direct"
    assert len(form.model.targets_) == 1, "targets that nobody asked for are left out"
    codes = SPACES["fbnet"].sample(100, seed=0)
    np.testing.assert_allclose(form.values(codes)[:, 0], model.predict(codes)[:, 1], rtol=1e-6)


@pytest.mark.parametrize("space", ["fbnet", "ofa_mbv3", "mnasnet", "hat"])
@pytest.mark.parametrize("metric", ["latency", "throughput"])
def test_adapted_predictors_are_served_as_tables(space, metric):
    values = labels(space, metric)
    devices = store().first(space, "latency")[0].device
    model = adapt_to(
        prior_of(space, (devices,)), values.codes[:12], values.values[:12, 0], device="mine", metric=metric
    )
    codes = SPACES[space].sample(1000, seed=2)
    form = served_form(model, (0,))
    assert isinstance(form, SumForm)
    assert form.kind == model.header()["served"]
    np.testing.assert_allclose(form.values(codes), model.predict_checked(codes), rtol=2e-5)


def test_sums_that_are_none_are_not_served(monkeypatch):
    model = Additive().fit(labels("mnasnet"))
    monkeypatch.setattr(type(model.space_), "term_groups", tuple((i,) for i in range(28)))
    with pytest.warns(ArchcastWarning, match="additive of mnasnet differ from its predictions"):
        assert exact_form(model, (0,)) is None
    with pytest.warns(ArchcastWarning):
        assert isinstance(served_form(model, (0,)), PlainForm)


def test_a_small_spaces_table_is_made_once_it_pays():
    model = BayesianLinear().fit(additive_labels())
    form = served_form(model, (1,))
    assert isinstance(form, PlainForm)
    codes = model.space_.sample(4000, seed=0)
    before = form.values(codes[:10])
    assert form.by_number is None
    after = form.values(codes)
    assert isinstance(form.by_number, SumForm)
    np.testing.assert_allclose(form.values(codes[:10]), before, rtol=1e-6)
    np.testing.assert_allclose(after[:, 0], model.predict(codes)[:, 1], rtol=1e-6)


def test_asking_one_by_one_makes_the_table_too():
    form = served_form(LookupTable().fit(additive_labels()), (0,))
    codes = SPACES["nasbench201"].sample(1, seed=0)
    for _ in range(200):
        form.values(codes)
    assert form.by_number is not None


def test_a_correction_that_corrects_nothing_is_left_out():
    model = shipped("fbnet-latency-estimated")
    closed = int(np.flatnonzero(model.sum_.exact_)[0])
    assert model.select((closed,)).lower().hidden is not None
    form = served_form(model, (closed,))
    assert form.hidden is None
    codes = SPACES["fbnet"].sample(500, seed=3)
    np.testing.assert_array_equal(form.values(codes)[:, 0], model.predict_checked(codes)[:, closed])


def test_forms_can_be_sent_to_another_process():
    for name in ("fbnet-latency", "macro-accuracy"):
        form = served_form(shipped(name), (0,))
        codes = shipped(name).space_.sample(20, seed=0)
        again = pickle.loads(pickle.dumps(form))
        np.testing.assert_array_equal(again.values(codes), form.values(codes))


def test_selecting_targets_leaves_the_predictor_as_it_was():
    model = MLP(SMALL).fit(labels("fbnet"))
    codes = SPACES["fbnet"].sample(50, seed=0)
    before = model.predict(codes)
    selected = model.select((1,))
    np.testing.assert_array_equal(model.predict(codes), before)
    np.testing.assert_allclose(selected.predict(codes)[:, 0], before[:, 1], rtol=1e-6)
    assert [t.device for t in selected.targets_] == ["b"]
    assert model.select((0, 1)) is model


@pytest.mark.parametrize(
    "make",
    [
        Additive,
        LookupTable,
        BayesianLinear,
        FlopsBaseline,
        NNDegree,
        lambda: Boosting(BoostingConfig(rounds=3)),
        lambda: GP(GPConfig(rows=40, steps=3)),
        lambda: Stack(StackConfig(members=("linear", "flops"), folds=2)),
        SaysNothing,
    ],
)
def test_selected_families_answer_alike(make):
    model = make().fit(additive_labels(n=80))
    codes = model.space_.sample(30, seed=0)
    found = model.select((1,)).predict(codes)
    np.testing.assert_allclose(found, model.predict(codes)[:, 1:], rtol=1e-6)
    table = Tabulated.of(model)
    np.testing.assert_allclose(table.select((1,)).predict(codes), found, rtol=1e-5)


def test_a_selection_that_holds_every_target_is_not_saved():
    model = SaysNothing().fit(additive_labels(n=80))
    assert model.header()["targets"] == [["board_a", "cifar10"], ["board_b", "cifar10"]]
    with pytest.raises(InputError, match="flops must be saved with all its targets"):
        model.select((1,)).header()


def test_exact_targets_round_equal_sums_alike():
    """Sums by construction come in equal pairs; their answers must be equal whatever adds them."""
    loaded = archcast.load("eyeriss", space="fbnet")
    exact = shipped("fbnet-latency").exact_
    assert exact[loaded.entry.column]
    codes = SPACES["fbnet"].sample(3000, seed=0)
    expected = loaded.model.predict_checked(codes)[:, loaded.entry.column]
    np.testing.assert_array_equal(loaded.predict(codes), expected)


@pytest.mark.parametrize("name", ZOO)
def test_rows_of_tables_lie_together(name):
    """Gathering rows of a table that lies column by column would copy all of it at each call."""
    model = shipped(name)
    form = exact_form(model, tuple(range(len(model.targets_))))
    forms = [part for part, _ in form.parts] if hasattr(form, "parts") else [form]
    assert all(f.cost.table.flags.c_contiguous for f in forms)
    assert all(f.hidden is None or f.hidden.table.flags.c_contiguous for f in forms)
