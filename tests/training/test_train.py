import numpy as np
import pytest

from archcast.core.errors import InputError, UnknownNameError
from archcast.predictors import (
    GNN,
    PREDICTORS,
    Additive,
    BayesianLinear,
    Boosting,
    BoostingConfig,
    LookupTable,
    MLPConfig,
)
from archcast.training.labels import load_labels
from archcast.training.splits import group_split
from archcast.training.train import learning_families, make_predictor, train


@pytest.fixture(autouse=True)
def tables(monkeypatch, tmp_path, small_tables):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))


@pytest.mark.parametrize("family", learning_families())
def test_no_settings_are_the_defaults(family):
    made = make_predictor(family, {})
    assert (type(made), made.config) == (PREDICTORS[family], PREDICTORS[family].Config())


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        ({"hidden": "64"}, "hidden", 64),
        ({"hidden": 64}, "hidden", 64),
        ({"rate": "1e-3"}, "rate", 1e-3),
        ({"rate": 1}, "rate", 1.0),
        ({"corrects": "false"}, "corrects", False),
        ({"corrects": "True"}, "corrects", True),
        ({"corrects": False}, "corrects", False),
        ({"pieces": "terms,features"}, "pieces", ("terms", "features")),
        ({"pieces": "terms"}, "pieces", ("terms",)),
        ({"pieces": ["terms", "decisions"]}, "pieces", ("terms", "decisions")),
    ],
)
def test_texts_become_the_defaults_type(settings, name, value):
    config = make_predictor("mlp", settings).config
    found = getattr(config, name)
    assert found == value
    assert type(found) is type(value)
    assert config == MLPConfig(**{name: value})


@pytest.mark.parametrize(
    ("family", "settings", "said"),
    [
        ("mlp", {"hidden": "many"}, r"mlp\.hidden must be of type int, got 'many'"),
        ("mlp", {"hidden": "1.5"}, r"mlp\.hidden must be of type int, got '1\.5'"),
        ("mlp", {"hidden": None}, r"mlp\.hidden must be of type int, got None"),
        ("mlp", {"rate": "fast"}, r"mlp\.rate must be of type float, got 'fast'"),
        ("mlp", {"corrects": "maybe"}, r"mlp\.corrects must be true or false, got 'maybe'"),
        ("mlp", {"corrects": "1"}, r"mlp\.corrects must be true or false, got '1'"),
        ("mlp", {"hidden": "0"}, "hidden must be a whole number of at least 1, got 0"),
        ("lookup", {"ridge": "-1"}, r"ridge must be above 0, got -1\.0"),
    ],
)
def test_wrong_settings_are_named(family, settings, said):
    with pytest.raises(InputError, match=f"^{said}$"):
        make_predictor(family, settings)


def test_unknown_names_list_the_choices():
    with pytest.raises(UnknownNameError, match=r"setting of lightgbm must be one of .*did you mean 'rounds'"):
        make_predictor("lightgbm", {"round": 5})
    with pytest.raises(UnknownNameError, match="predictor to train must be one of additive"):
        make_predictor("oracle", {})
    with pytest.raises(UnknownNameError, match="predictor to train must be one of") as caught:
        make_predictor("tabulated", {})
    assert "tabulated" not in caught.value.choices
    assert caught.value.choices == sorted(learning_families())
    assert {GNN.family, Additive.family} <= set(learning_families())


def test_numbers_of_a_tuple_are_read():
    assert make_predictor("additive", {"penalties": "0.1,1"}).config.penalties == (0.1, 1.0)


def test_a_fraction_is_no_whole_number():
    with pytest.raises(InputError, match="rounds"):
        make_predictor("lightgbm", {"rounds": 2.7})


def test_a_run_is_labels_split_and_fit():
    done = train("macro", "accuracy", predictor="linear", rows=200, held_out=0.1, seed=3)
    labels = load_labels("macro", "accuracy")
    split = group_split(labels, held_out=0.1, rows=200, seed=3)
    np.testing.assert_array_equal(done.labels.values, labels.values)
    np.testing.assert_array_equal(done.split.train, split.train)
    np.testing.assert_array_equal(done.split.test, split.test)
    alone = BayesianLinear().fit(labels.rows(split.train), seed=3)
    expected = alone.predict(labels.codes[split.test])
    np.testing.assert_array_equal(done.fitted.predicted, expected)
    assert done.fitted.card.rows == 200
    assert (done.seed, done.seconds > 0) == (3, True)
    assert done.fitted.mean_quality["spearman"] > 0.7


def test_devices_sources_and_settings_are_handed_on():
    settings = {"rounds": "3", "threads": 1}
    chosen = {"devices": ["raspi4"], "sources": ["help"], "rows": 50, "settings": settings}
    done = train("fbnet", **chosen)
    assert done.labels.devices == ("raspi4",)
    assert isinstance(done.fitted.predictor, Boosting)
    assert done.fitted.predictor.config == BoostingConfig(rounds=3, threads=1)
    lookup = train("fbnet", predictor="lookup", **{**chosen, "settings": None, "rows": 300})
    assert isinstance(lookup.fitted.predictor, LookupTable)
    assert lookup.fitted.mean_quality["spearman"] > 0.95


def test_names_are_checked_before_any_table_is_read(monkeypatch):
    monkeypatch.delenv("ARCHCAST_DATA")
    with pytest.raises(UnknownNameError, match="predictor to train must be one of"):
        train("fbnet", predictor="oracle")
    with pytest.raises(UnknownNameError, match="setting of linear"):
        train("fbnet", predictor="linear", settings={"trees": 3})


def test_a_side_without_rows_is_refused():
    with pytest.raises(InputError, match="held_out must be above 0 and below 1"):
        train("macro", "accuracy", predictor="linear", held_out=1.0)
