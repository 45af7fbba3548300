"""An entry of the zoo is chosen, fitted and saved, or taken from the registry."""

from dataclasses import replace

import numpy as np
import pytest
import zoo_entry
from made_up import additive_labels
from zoo_entry import as_shipped, choose, make_entry, take_promoted
from zoo_recipe import Candidate, Entry, read_recipe

from archcast.core.errors import DataError, InputError, UnknownNameError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.predictors import Additive, BayesianLinear, FlopsBaseline, Tabulated, load, read_manifest
from archcast.training.fit import fit
from archcast.training.labels import load_labels
from archcast.training.splits import group_split
from archcast.training.tracking.fitted import track_training
from archcast.training.train import make_predictor, train

LABELS = additive_labels()
RECIPE = read_recipe()


@pytest.fixture(autouse=True)
def tables(monkeypatch, tmp_path, small_tables):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))


def quiet(text):
    del text


def recipe_of(*candidates, **keys):
    named = {"mine": tuple(Candidate(family=f, settings=s) for f, s in candidates)}
    return RECIPE.model_copy(update={"candidates": named, "baselines": ("flops",), **keys})


def entry_of(space, **keys):
    named = {"name": "mine", "metric": "latency", "tables": ("help",), "candidates": ("mine",)}
    return Entry(space=space, **(named | keys))


def test_the_better_candidate_is_chosen_on_training_rows_alone():
    said = []
    split = group_split(LABELS, seed=0)
    taught = LABELS.rows(split.train)
    pair = (("flops", {}), ("lookup", {}))
    for candidates in (pair, pair[::-1]):
        chosen = choose(recipe_of(*candidates), entry_of("nasbench201"), taught, said.append)
        assert chosen.family == "lookup"
    assert len(said) == 4
    assert said[1].startswith("mine: lookup {} has kendall 0.9")
    inner = group_split(taught, seed=1)
    tried = fit(make_predictor("lookup", {}), taught, inner, seed=0)
    assert said[1].split()[5] == f"{tried.mean_quality['kendall']:.4f}"


def test_settings_tell_candidates_apart():
    recipe = recipe_of(("lookup", {"ridge": 1e6}), ("lookup", {"ridge": 1e-3}))
    assert choose(recipe, entry_of("nasbench201"), LABELS, quiet).settings == {"ridge": 1e-3}


def large_labels(values):
    codes = SPACES["fbnet"].sample(len(values), seed=0)
    return Labels("fbnet", "latency", "cifar100", (Target("d", "cifar100"),), codes, values[:, None])


def test_small_spaces_are_written_out():
    split = group_split(LABELS, seed=0)
    made = fit(FlopsBaseline(), LABELS, split)
    written = as_shipped(RECIPE, entry_of("nasbench201"), made, LABELS, split, quiet)
    assert isinstance(written.predictor, Tabulated)
    assert (written.card.teacher, written.card.title) == ("flops", made.card.title)


def test_what_lowers_itself_ships_as_it_is():
    large = large_labels(np.arange(1.0, 41))
    split = group_split(large, seed=0)
    made = fit(Additive(), large, split)
    assert as_shipped(RECIPE, entry_of("fbnet"), made, large, split, quiet) is made


def test_a_slow_one_is_distilled_where_the_student_is_no_worse():
    codes = SPACES["fbnet"].sample(300, seed=0)
    noise = np.random.default_rng(0).uniform(0.7, 1.4, 300)
    large = large_labels((30.0 + codes @ np.linspace(0.02, 0.3, 22)) * noise)
    split = group_split(large, seed=0)
    made = fit(BayesianLinear(), large, split)
    ways = {
        "enough": {"taught": 32_000, "hidden": 32, "epochs": 8, "batch": 128},
        "hardly": {"taught": 400, "hidden": 2, "epochs": 1},
    }
    recipe = recipe_of(teaching=ways)
    student = as_shipped(recipe, entry_of("fbnet", teaching="enough"), made, large, split, quiet)
    assert (student.predictor.family, student.card.teacher) == ("distilled", "linear")
    assert student.card.agreement["held_out"] == len(split.test)
    assert student.card.agreement["worse"] < 0.02
    said = []
    untaught = entry_of("fbnet", teaching="hardly")
    assert as_shipped(recipe, untaught, made, large, split, said.append) is made
    assert "the teacher is served itself" in said[0]


MACRO = {"metric": "accuracy", "tables": ("nas_bench_macro",), "name": "macro-accuracy"}


def test_an_entry_from_table_to_folder(tmp_path):
    said = []
    recipe = recipe_of(("flops", {}), ("linear", {"iterations": 50}))
    made = make_entry(recipe, entry_of("macro", **MACRO), tmp_path, said.append)
    assert made.family == "linear"
    assert made.folder == tmp_path / "macro-accuracy"
    assert all(text.startswith("macro-accuracy: ") for text in said)
    found = read_manifest(made.folder)
    labels = load_labels("macro", "accuracy", sources=["nas_bench_macro"])
    split = group_split(labels, seed=0)
    assert (found.card.rows, found.card.held_out_rows) == (len(split.train), len(split.test))
    assert (found.header["family"], found.card.teacher) == ("tabulated", "linear")
    assert found.card == made.fitted.card
    np.testing.assert_array_equal(load(found).predict(labels.codes[split.test]), made.fitted.predicted)
    low, high = found.intervals.around(made.fitted.predicted[:, 0].astype(float), 0, 0.9)
    inside = (low <= labels.values[split.test, 0]) & (labels.values[split.test, 0] <= high)
    assert 0.89 <= inside.mean() < 0.92
    summary = made.summary()
    assert (summary["entry"], summary["targets"], summary["predictor"]) == ("macro-accuracy", 1, "linear")
    assert summary["spearman"] == pytest.approx(found.card.quality["cifar10"]["spearman"], abs=1e-4)
    assert summary["spearman flops"] < summary["spearman"]
    size = sum(path.stat().st_size for path in made.folder.iterdir())
    assert summary["kB"] == round(size / 1000) > 5


def test_what_may_not_be_redistributed_is_not_shipped(tmp_path, monkeypatch):
    closed = replace(LABELS, redistributable=False)
    monkeypatch.setattr("archcast.training.protocols.schema.load_labels", lambda *_, **__: closed)
    with pytest.raises(DataError, match="mine must not be shipped"):
        make_entry(recipe_of(("flops", {})), entry_of("nasbench201"), tmp_path, quiet)
    assert list(tmp_path.glob("*/*")) == []


def test_what_is_promoted_can_be_shipped(store, tmp_path, monkeypatch):
    """One road: fitted, tracked, made the champion, and shipped as the entry that has its labels."""
    monkeypatch.setenv("ARCHCAST_HOME", str(store))
    monkeypatch.setattr(zoo_entry, "as_shipped", lambda recipe, entry, fitted, *rest: fitted)
    other = entry_of("macro", **(MACRO | {"name": "macro-accuracy-other", "datasets": ("cifar10",)}))
    recipe = recipe_of(entries=(entry_of("fbnet"), entry_of("macro", **MACRO), other))
    run = train("macro", "accuracy", predictor="linear", rows=400, settings={"iterations": 5})
    tracked = track_training(run, promote=True)
    said = []
    address = "models:/macro.accuracy.cifar10@champion"
    made = take_promoted(recipe, address, tmp_path / "zoo", said.append)
    assert made.folder == tmp_path / "zoo" / "macro-accuracy"
    assert (made.family, made.summary()["rows"]) == ("linear", 400)
    assert said[0] == f"macro-accuracy: linear from {address}"
    shipped = load(read_manifest(made.folder))
    codes = run.labels.codes[run.split.test]
    np.testing.assert_array_equal(shipped.predict(codes), run.fitted.predicted)
    assert made.fitted.card.quality == run.fitted.card.quality
    assert made.fitted.card.ranges == run.fitted.card.ranges

    address = f"models:/macro.accuracy.cifar10/{tracked.version}"
    with pytest.raises(InputError, match="must be fitted to the labels of an entry"):
        take_promoted(recipe_of(entries=(entry_of("fbnet"),)), address, tmp_path, quiet)
    with pytest.raises(InputError, match="must hold out what macro-accuracy does: 10% of the groups"):
        take_promoted(recipe.model_copy(update={"held_out": 0.1}), address, tmp_path, quiet)
    with pytest.raises(UnknownNameError, match="registered model with champion must be one of"):
        take_promoted(recipe, "models:/nothing@champion", tmp_path, quiet)
    assert [p.name for p in (tmp_path / "zoo").iterdir()] == ["macro-accuracy"]
