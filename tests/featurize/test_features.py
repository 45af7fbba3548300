import hashlib

import numpy as np
import pytest

import archcast
from archcast.core.errors import InputError, UnknownNameError
from archcast.featurize.cost import COST_CLASSES, network_cost
from archcast.featurize.features import Features, feature_names, feature_values, features
from archcast.featurize.spaces import SPACES

NAMES = {
    "nasbench201": (72, "4fa5127e58a9f389"),
    "fbnet": (40, "c70f59c7d74e2e7c"),
    "ofa_mbv3": (36, "d616b0bd14078df7"),
    "mnasnet": (36, "d616b0bd14078df7"),
    "macro": (34, "b5012b6f25c2436b"),
    "hat": (14, "8c995eb291972328"),
    "skipnet": (26, "6d10b46f63b36cef"),
}
"""Space -> how many features there are and the hash of their names."""
GRAPHS = [(s.name, d) for s in SPACES.values() if s.counts_nodes for d in s.datasets]


def by_name(space, codes, dataset=None):
    return dict(zip(feature_names(space), feature_values(space, codes, dataset).T, strict=True))


def digest(names):
    return len(names), hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


def test_names_are_as_they_were():
    """More may be added; one whose meaning changes has a new version in `FEATURE_VERSIONS`."""
    assert {space.name: digest(feature_names(space)) for space in SPACES.values()} == NAMES


def test_some_by_name_are_columns_of_all_in_the_order_asked_for():
    space = SPACES["skipnet"]
    codes = space.sample(20, seed=0)
    named = by_name(space, codes)
    found = feature_values(space, codes, names=("nn_mass", "params"))
    np.testing.assert_array_equal(found, np.stack([named["nn_mass"], named["params"]], axis=1))


@pytest.mark.parametrize("space", SPACES.values(), ids=lambda s: s.name)
def test_names_are_distinct_and_the_usual_ones_first(space):
    names = feature_names(space)
    assert len(set(names)) == len(names)
    assert names[:4] == ("params", "macs", "bytes", "layers")
    assert {"depth", "width", "skip_channels", "nn_degree", "nn_mass"} < set(names)


def test_known_networks_in_single_units():
    space = SPACES["nasbench201"]
    first = by_name(space, space.from_index(0))
    assert (first["params"], first["macs"]) == (129_306, 15_647_360)  # published with the bias: 15.64737 M
    zeros = space.parse(["|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"])
    empty = by_name(space, zeros)
    assert (empty["count_zero"], empty["live_count_zero"], empty["edges_none"]) == (6 * 15, 15, 6)
    assert (empty["params"], empty["depth"], empty["skip_channels"]) == (73_306, 0, 0)


@pytest.mark.parametrize(("name", "dataset"), GRAPHS)
def test_equal_to_sums_over_the_network(name, dataset):
    space = SPACES[name]
    codes = space.sample(4, seed=5)
    found = by_name(space, codes, dataset)
    assert len(codes) == 4
    for prefix in ("", "live_") if space.has_dead_layers else ("",):
        for row, code in enumerate(codes):
            network = space.network(code, dataset, live=bool(prefix))
            cost = network_cost(network)
            moved = 4 * cost[:, [1, 3, 4]].sum(axis=1)
            expected = {"params": cost[:, 1].sum(), "macs": cost[:, 2].sum()}
            expected |= {
                "layers": sum(node.op not in ("Flatten", "Reshape") for node in network.nodes),
                "bytes": moved.sum(),
            }
            for i, kind in enumerate(COST_CLASSES):
                expected |= {f"count_{kind}": cost[i, 0], f"params_{kind}": cost[i, 1]}
                expected |= {f"macs_{kind}": cost[i, 2], f"bytes_{kind}": moved[i]}
            for feature, value in expected.items():
                column = found.get(prefix + feature)
                assert (value == 0) if column is None else (column[row] == value), prefix + feature


def test_live_is_never_more_than_all():
    space = SPACES["nasbench201"]
    codes = space.sample(3000, seed=0)
    found = by_name(space, codes)
    live = [name for name in found if name.startswith("live_")]
    assert len(live) == 33
    for name in live:
        assert np.all(found[name] <= found[name.removeprefix("live_")]), name
    dead = (space.live(codes) != codes).any(axis=1)
    assert 0 < dead.sum() < len(codes)
    np.testing.assert_array_equal(found["live_bytes"] < found["bytes"], (space.live(codes) == 0).any(axis=1))


def test_edges_are_counted():
    space = SPACES["nasbench201"]
    codes = space.sample(500, seed=1)
    found = by_name(space, codes)
    every = [values for name, values in found.items() if name.startswith("edges_")]
    np.testing.assert_array_equal(sum(every), np.full(500, 6))
    np.testing.assert_array_equal(found["edges_nor_conv_3x3"], (codes == 3).sum(axis=1))
    np.testing.assert_array_equal(found["live_edges_avg_pool_3x3"], (space.live(codes) == 4).sum(axis=1))


@pytest.mark.parametrize("space", SPACES.values(), ids=lambda s: s.name)
def test_batch_equals_one_by_one(space):
    codes = space.sample(40, seed=2)
    before = codes.copy()
    whole = feature_values(space, codes)
    singly = np.concatenate([feature_values(space, codes[i : i + 1]) for i in range(len(codes))])
    np.testing.assert_array_equal(whole, singly)
    np.testing.assert_array_equal(codes, before)
    assert whole.dtype == np.float64
    assert np.isfinite(whole).all()
    assert (whole >= 0).all()


@pytest.mark.parametrize("space", SPACES.values(), ids=lambda s: s.name)
def test_the_public_function_reads_notation_and_codes(space):
    codes = space.sample(5, seed=3)
    expected = feature_values(space, codes).astype(np.float32)
    for batch, name in ((space.format(codes), None), (codes, space.name), (space.to_text(codes), space.name)):
        found = archcast.features(batch, name)
        assert isinstance(found, Features)
        assert found.names == list(feature_names(space))
        assert found.values.dtype == np.float32
        np.testing.assert_array_equal(found.values, expected)


def test_the_data_set_fixes_sides_and_classes():
    space = SPACES["nasbench201"]
    codes = space.sample(5, seed=3)
    small, large = (by_name(space, codes, dataset) for dataset in ("cifar10", "cifar100"))
    np.testing.assert_array_equal(large["params"] - small["params"], np.full(5, 90 * 65))
    np.testing.assert_array_equal(by_name(space, codes, "cifar10")["macs"], by_name(space, codes)["macs"])
    few = by_name(space, codes, "imagenet16-120")
    np.testing.assert_array_equal(4 * (few["macs"] - 64 * 120), small["macs"] - 64 * 10)


def test_wrong_input_is_refused():
    space = SPACES["nasbench201"]
    with pytest.raises(UnknownNameError, match="dataset of nasbench201 must be one of cifar10"):
        features(space.sample(1, seed=0), dataset="imagenet")
    with pytest.raises(UnknownNameError, match="did you mean 'macro'"):
        features(["00000000"], "macros")
    with pytest.raises(InputError, match="at least one architecture"):
        features(np.zeros((0, 6), dtype=np.int8))
