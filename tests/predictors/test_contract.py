import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from made_up import additive_labels

from archcast.core.errors import InputError, NotFittedError, UnknownNameError
from archcast.predictors import (
    MLP,
    PREDICTORS,
    Additive,
    AdditiveConfig,
    FlopsBaseline,
    LookupConfig,
    LookupTable,
    MLPConfig,
)
from archcast.predictors.contract import Predictor, from_header, register

LABELS = additive_labels(n=120)


@pytest.mark.parametrize("family", sorted(PREDICTORS))
@pytest.mark.parametrize("config", [{"ridge": 1.0}, "ridge", 1])
def test_a_configuration_of_another_type_is_refused(family, config):
    kind = PREDICTORS[family]
    message = f"config of {family} must be a {kind.Config.__name__}, got {type(config).__name__}"
    with pytest.raises(InputError, match=f"^{message}$"):
        kind(config)
    other = LookupConfig() if kind is not LookupTable else AdditiveConfig()
    with pytest.raises(InputError, match=f"config of {family} must be a"):
        kind(other)


def test_no_configuration_is_the_default():
    assert LookupTable().config == LookupConfig()
    assert LookupTable(LookupConfig(ridge=2.0)).config.ridge == 2.0


@pytest.mark.parametrize("n", [0, 1])
def test_one_row_teaches_nothing(n):
    with pytest.raises(InputError, match=f"lookup must have at least 2 architectures to learn from, got {n}"):
        LookupTable().fit(LABELS.rows(np.arange(n)))


def test_before_fit_nothing_can_be_had():
    with pytest.raises(NotFittedError, match="lookup must be fitted before it predicts"):
        LookupTable().predict(LABELS.codes)
    with pytest.raises(NotFittedError, match="lookup must be fitted before it is saved"):
        LookupTable().header()


def test_a_refused_fit_leaves_no_half_fitted_predictor():
    values = LABELS.values.copy()
    values[:, 1] = np.nan
    made = LookupTable()
    with pytest.raises(InputError, match="target 1 has no value"):
        made.fit(replace(LABELS, values=values))
    with pytest.raises(NotFittedError):
        made.predict(LABELS.codes)


def test_the_header_is_json_and_makes_the_predictor_again():
    config = AdditiveConfig(pieces=("decisions", "features"), penalties=(0.5,), passes=2)
    fitted = Additive(config).fit(LABELS)
    header = json.loads(json.dumps(fitted.header()))
    assert header["family"] == "additive"
    assert header["targets"] == [["board_a", "cifar10"], ["board_b", "cifar10"]]
    again = from_header(header, fitted.to_files())
    assert type(again) is Additive
    assert again.config == config, "lists of JSON must become tuples again"
    np.testing.assert_array_equal(again.predict(LABELS.codes), fitted.predict(LABELS.codes))


def test_unknown_families_list_those_there_are():
    header = FlopsBaseline().fit(LABELS).header()
    with pytest.raises(UnknownNameError) as caught:
        from_header(header | {"family": "oracle"}, {})
    assert str(caught.value) == f"predictor must be one of {', '.join(sorted(PREDICTORS))}; got 'oracle'"
    assert {"additive", "gnn", "lightgbm", "linear", "lookup", "mlp", "tabulated"} <= set(PREDICTORS)


def test_a_header_of_an_unknown_space_is_refused():
    fitted = FlopsBaseline().fit(LABELS)
    with pytest.raises(UnknownNameError, match="space must be one of"):
        from_header(fitted.header() | {"space": "darts"}, fitted.to_files())


def test_a_header_with_a_setting_out_of_range_is_refused():
    header = MLP(MLPConfig(epochs=1, hidden=2, members=1, threads=1)).fit(LABELS).header()
    header["config"]["hidden"] = 0
    with pytest.raises(InputError, match="hidden must be a whole number of at least 1"):
        from_header(header, {})


@dataclass(frozen=True)
class NoSettings:
    pass


def test_a_familys_name_is_taken_once():
    class Second(FlopsBaseline):
        pass

    with pytest.raises(ValueError, match="predictor 'flops' is registered already"):
        register(Second)
    assert PREDICTORS["flops"] is FlopsBaseline


def test_a_family_is_four_methods():
    class Half(Predictor):
        family = "half"
        Config = NoSettings

    with pytest.raises(TypeError, match="abstract"):
        Half()
