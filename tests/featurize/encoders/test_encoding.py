import numpy as np
import pytest

from archcast.core.errors import UnknownNameError
from archcast.featurize.encoders.encoding import PIECES, encode, encoding_names
from archcast.featurize.encoders.onehot import offsets
from archcast.featurize.features import feature_names, feature_values
from archcast.featurize.spaces import SPACES

EVERY = pytest.mark.parametrize("space", SPACES.values(), ids=lambda s: s.name)


@EVERY
def test_pieces_stand_side_by_side(space):
    codes = space.sample(30, seed=0)
    alone = {piece: encode(space, codes, (piece,)) for piece in PIECES}
    for pieces in (PIECES, PIECES[::-1], ("terms", "terms")):
        both = encode(space, codes, pieces)
        np.testing.assert_array_equal(both, np.concatenate([alone[p] for p in pieces], axis=1))
        assert len(encoding_names(space, pieces)) == both.shape[1]
        assert both.dtype == np.float64


@EVERY
def test_features_are_logarithms(space):
    codes = space.sample(10, seed=1)
    found = encode(space, codes, ("features",))
    np.testing.assert_allclose(np.expm1(found), feature_values(space, codes), rtol=1e-12)
    assert encoding_names(space, ("features",)) == tuple(f"log_{name}" for name in feature_names(space))


def test_data_sets_reach_the_features_alone():
    space = SPACES["nasbench201"]
    codes = space.sample(10, seed=1)
    one, other = (encode(space, codes, PIECES, dataset) for dataset in ("cifar10", "imagenet16-120"))
    changed = (one != other).any(axis=0)
    names = np.array(encoding_names(space, PIECES))
    assert {"log_params", "log_macs"} < set(names[changed])
    assert all(name.startswith("log_") for name in names[changed])


@EVERY
def test_a_decisions_name_is_its_column(space):
    codes = space.sample(50, seed=2)
    names, values = encoding_names(space, ("decisions",)), encode(space, codes, ("decisions",))
    assert names[0] == f"{space.columns[0]}=0"
    for column, name in enumerate(space.columns):
        for value in range(space.cardinalities[column]):
            np.testing.assert_array_equal(
                values[:, names.index(f"{name}={value}")], codes[:, column] == value
            )


@EVERY
def test_terms_are_named_finite_and_distinct(space):
    codes = space.sample(200, seed=3)
    names, values = space.terms(codes)
    assert values.shape == (200, len(names))
    assert len(set(names)) == len(names)
    assert values.dtype == np.float64
    assert np.isfinite(values).all()
    assert encoding_names(space, ("terms",)) == names == space.terms(codes[:1])[0]
    singly = np.concatenate([space.terms(codes[i : i + 1])[1] for i in range(20)])
    np.testing.assert_array_equal(values[:20], singly)


def additive_cost(space, codes):
    """A cost of each decision; where a space has sizes instead of choices, what it costs per unit."""
    rng = np.random.default_rng(0)
    if space.name == "hat":
        layers = codes[:, 5] + 1.0
        return 3.0 + layers * (1.0 + 0.5 * codes[:, 4]) + codes[:, [2, 3, 6, 7, 8, 9]] @ rng.uniform(size=6)
    table = rng.uniform(size=sum(space.cardinalities))
    if space.name == "ofa_mbv3":  # a convolution's cost grows with the square of the side
        table[-space.cardinalities[-1] :] = (128 + 4 * np.arange(space.cardinalities[-1])) ** 2 / 1e4
    return table[codes.astype(np.int64) + offsets(space.cardinalities)].sum(axis=1)


@EVERY
def test_terms_can_express_an_additive_cost(space):
    codes = space.sample(600, seed=4)
    x = np.concatenate([space.terms(codes)[1], np.ones((len(codes), 1))], axis=1)
    y = additive_cost(space, codes)
    weights = np.linalg.lstsq(x[:400], y[:400], rcond=None)[0]
    assert y.std() > 0.1
    np.testing.assert_allclose(x[400:] @ weights, y[400:], rtol=1e-8)


def test_paths_of_a_cell_by_hand():
    space = SPACES["nasbench201"]
    text = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"
    names, values = space.terms(space.parse([text]))
    found = dict(zip(names, values[0], strict=True))
    expected = {"path_03": 1, "path_013": 0, "path_023": 0, "path_0123": 1, "paths": 2}
    expected |= {"longest_conv3": 1, "longest_layers": 3, "longest_work": 10.3, "second_layers": 0}
    expected |= {"path_0123_nor_conv_1x1": 1, "path_03_nor_conv_3x3": 0, "out_of_0": 2, "out_of_1": 1}
    expected |= {"into_2": 1, "into_3": 2, "sums": 1, "reaches_1": 1, "reaches_2": 1, "connected": 1}
    expected |= {"conv_out_of_0": 1, "conv_into_2": 1, "conv_into_3": 0, "skip_out_of_0": 1}
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_unknown_pieces_are_refused():
    space = SPACES["macro"]
    with pytest.raises(
        UnknownNameError, match=r"encoding piece must be one of .*; got 'term' \(did you mean"
    ):
        encode(space, space.sample(1, seed=0), ("decisions", "term"))


def test_unknown_pieces_have_no_names():
    with pytest.raises(UnknownNameError, match="encoding piece"):
        encoding_names(SPACES["macro"], ("term",))
