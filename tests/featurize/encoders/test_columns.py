"""What a predictor reads is recorded by name and version, and compared by name and version."""

import pytest

from archcast.core.errors import UnknownNameError
from archcast.featurize.encoders.columns import PARTS, columns_of, columns_read, refusal
from archcast.featurize.features import FEATURE_VERSIONS, feature_names
from archcast.featurize.spaces import SPACES

FBNET = SPACES["fbnet"]
DATASET = FBNET.check_dataset(None)


@pytest.mark.parametrize("space", SPACES.values(), ids=lambda s: s.name)
def test_what_is_read_now_can_be_read_now(space):
    dataset = space.check_dataset(None)
    parts = [part for part in PARTS if part != "graph" or space.counts_nodes]
    read = columns_read(space, parts, dataset)
    assert set(read) == {*parts, *(("operators",) if space.counts_nodes else ())}
    assert all(read.values())
    assert refusal(space, read, dataset) == ""


def test_operators_are_those_of_the_networks_where_costs_are_read():
    assert set(columns_read(FBNET, ("features",), DATASET)["operators"]) == {
        *("Conv", "Gemm", "BatchNormalization", "Relu", "GlobalAveragePool", "Add", "Transpose"),
    }
    for costless in (("decisions",), ("terms",), ("blocks",), ("features/nn_degree",)):
        assert "operators" not in columns_read(FBNET, costless, DATASET)


def test_one_feature_is_read_alone_and_some_in_their_order():
    assert columns_read(FBNET, ("features/macs",), DATASET)["features"] == {"macs": 1}
    some = columns_read(FBNET, ("features",), DATASET, features=("nn_mass", "params"))["features"]
    assert list(some) == ["nn_mass", "params"]


def test_features_beside_those_that_are_read_change_nothing():
    read = columns_read(FBNET, ("decisions", "features"), DATASET)
    fewer = {name: version for name, version in read["features"].items() if name != "nn_mass"}
    turned = dict(reversed(fewer.items()))
    assert refusal(FBNET, read | {"features": turned}, DATASET) == ""


@pytest.mark.parametrize("part", ["decisions", "terms", "structure", "blocks", "graph"])
def test_what_is_read_whole_must_be_the_same_in_the_same_order(part):
    now = columns_of(FBNET, part, DATASET)
    first = next(iter(now))
    fewer = {name: version for name, version in now.items() if name != first}
    for other in (fewer, dict(reversed(now.items()))):
        assert "has others or another order" in refusal(FBNET, {part: other}, DATASET)
    assert "lacks" in refusal(FBNET, {part: now | {"more": 1}}, DATASET)
    assert f"this version has {now[first]}" in refusal(FBNET, {part: now | {first: now[first] + 1}}, DATASET)


def test_a_changed_meaning_concerns_what_has_it(monkeypatch):
    columns_of.cache_clear()
    read = columns_read(FBNET, ("features", "terms"), DATASET)
    macs = columns_read(FBNET, ("features/macs",), DATASET)
    monkeypatch.setitem(FEATURE_VERSIONS, "nn_mass", 2)
    monkeypatch.setattr(type(FBNET), "versions", {"levels": 2})
    columns_of.cache_clear()
    try:
        assert "feature nn_mass of fbnet in version 1; this version has 2" in refusal(FBNET, read, DATASET)
        assert refusal(FBNET, macs, DATASET) == ""
        assert columns_of(FBNET, "blocks", DATASET)["levels (22)"] == 2
    finally:
        columns_of.cache_clear()
    assert "nn_mass" in feature_names(FBNET)


def test_unknown_parts_are_told():
    with pytest.raises(UnknownNameError, match="part that is read must be one of blocks, decisions"):
        columns_read(FBNET, ("moods",), DATASET)
