"""What holds for every space."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archcast.core.errors import InputError, ParseError
from archcast.featurize.spaces.base import Space
from archcast.featurize.spaces.catalog import SPACES, parse
from archcast.featurize.spaces.chain import ChainSpace
from archcast.featurize.spaces.macro import Macro

NAMES = SPACES.names()
GRAPHS = [s for s in SPACES.values() if s.counts_nodes]
CHAINS = [s for s in SPACES.values() if isinstance(s, ChainSpace)]
PAIRS = [(s.name, d) for s in GRAPHS for d in s.datasets]
FEW = settings(deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))


@pytest.fixture(params=NAMES)
def space(request) -> Space:
    return SPACES[request.param]


def rows(codes):
    return {tuple(row) for row in codes.tolist()}


# -- notation and codes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [[], (), np.zeros((0, 6), int), None, 7, {"ks": []}, b"x", "text"])
def test_what_is_no_batch_is_refused(space, batch):
    with pytest.raises(InputError):
        space.parse(batch)


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 300)
    | st.sampled_from([10**400, -(10**30)])
    | st.floats()
    | st.text(max_size=12)
    | st.text("|~+0123_convnorskip", max_size=30)
    | st.binary(max_size=4)
    | st.integers(0, 9).map(np.int64)
    | st.floats().map(np.float64)
    | st.lists(st.integers(-1, 9), min_size=1, max_size=23).map(np.array),
    lambda inner: (
        st.lists(inner, max_size=23)
        | st.tuples(inner)
        | st.dictionaries(
            st.sampled_from(
                ["ks", "e", "d", "r", "wid", "block0_e", "decoder_layer_num", "depth", "width", "skips", "x"]
            ),
            inner,
        )
    ),
    max_leaves=25,
)


def assert_refused_or_member(space, batch):
    try:
        codes = space.parse(batch)
    except InputError:
        return
    assert space.valid(codes).all()


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(junk=JUNK)
def test_junk_raises_only_input_errors(name, junk):
    space = SPACES[name]
    assert_refused_or_member(space, [junk])
    assert_refused_or_member(space, junk)
    assert_refused_or_member(space, [space.format(space.sample(1, seed=0))[0], junk])


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(seed=st.integers(0, 1000), data=st.data())
def test_members_with_a_fault_raise_only_input_errors(name, seed, data):
    space = SPACES[name]
    arch = space.format(space.sample(1, seed=seed))[0]
    junk = data.draw(JUNK)
    if isinstance(arch, str):
        at = data.draw(st.integers(0, len(arch)))
        arch = arch[:at] + data.draw(st.text(max_size=4)) + arch[at + data.draw(st.integers(0, 4)) :]
    elif isinstance(arch, list):
        arch[data.draw(st.integers(0, len(arch) - 1))] = junk
    else:
        key = data.draw(st.sampled_from(sorted(arch)))
        if isinstance(arch[key], list) and data.draw(st.booleans()):
            arch[key][data.draw(st.integers(0, len(arch[key]) - 1))] = junk
        else:
            arch[key] = junk
        if data.draw(st.integers(0, 9)) == 0:
            del arch[key]
    assert_refused_or_member(space, [arch])


def test_numbers_of_too_many_digits_are_refused(space):
    for junk in (10**5000, [10**5000] * 22, {"r": 10**5000}, "1" * 6_000, "[" + "1" * 6_000 + "]"):
        for read in (space.parse, parse):
            with pytest.raises(InputError):
                read([junk])


def test_too_deep_or_too_long_text_is_refused(space):
    for text in ("[" * 15_000, '{"e":' * 3_000, "1" * 6_000, "|" * 50_000, "[" + "0," * 30_000 + "0]"):
        with pytest.raises(ParseError):
            space.parse([text])
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ParseError):
        space.parse([deep])


# -- the set --------------------------------------------------------------------------------------------


def test_canonical_is_idempotent_and_groups_agree(space):
    codes = space.sample(400, seed=6)
    canonical = space.canonical(codes)
    assert space.valid(canonical).all()
    np.testing.assert_array_equal(space.canonical(canonical), canonical)
    np.testing.assert_array_equal(space.function_groups(codes), space.function_groups(canonical))
    assert len(rows(canonical)) >= len(np.unique(space.function_groups(codes)))
    for dataset in space.datasets:
        if not space.has_dead_layers:
            for a, b in zip(
                space.published_counts(codes, dataset),
                space.published_counts(canonical, dataset),
                strict=True,
            ):
                np.testing.assert_array_equal(a, b)


# -- the networks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", GRAPHS, ids=lambda s: s.name)
def test_every_node_leads_to_the_one_output(space):
    codes = space.sample(10, seed=12)
    assert len(codes) == 10
    for code in codes:
        network = space.network(code, live=True)
        assert len(network.inputs) == 1
        assert network.outputs == network.nodes[-1].outputs
        assert network.nodes[-1].op == "Gemm"
        read = {name for node in network.nodes for name in node.inputs}
        assert {name for node in network.nodes for name in node.outputs} - read == {*network.outputs}
        assert network.inputs[0] in read


@pytest.mark.parametrize("space", CHAINS, ids=lambda s: s.name)
def test_part_costs_sum_to_costs(space):
    codes = space.sample(50, seed=13)
    assert space.datasets
    for dataset in space.datasets:
        parts = space.part_costs(codes, dataset)
        np.testing.assert_array_equal(parts.sum(axis=1), space.costs(codes, dataset))


# -- decisions that codes cannot hold ---------------------------------------------------------------------


class Wide(Macro):
    """Two decisions, one of many values."""

    name, columns, text_notation = "wide", ("depth", "width"), False

    def __init__(self, values: int) -> None:
        self.cardinalities = (3, values)

    def matches(self, item):
        return isinstance(item, list) and len(item) == 2

    def parse_items(self, items):
        return np.array(items).astype(np.int8)

    def format(self, codes):
        return codes.tolist()


@pytest.mark.parametrize("values", [127, 128])
def test_codes_hold_as_many_values_as_fit(values):
    wide = Wide(values)
    drawn = wide.sample(4000, seed=0)
    assert (drawn.min(), drawn[:, 1].max()) == (0, values - 1)
    np.testing.assert_array_equal(wide.parse(wide.format(drawn)), drawn)
    np.testing.assert_array_equal(wide.parse(drawn.astype(np.int64)), drawn)
    near, _ = wide.neighbours(np.array([[0, values - 1]], dtype=np.int8))
    assert sorted(near[near[:, 0] == 0][:, 1].tolist()) == list(range(values - 1))
    with pytest.raises(ParseError, match=f"width must be 0 to {values - 1}, got {values}"):
        wide.parse(np.array([[0, values]]))


@pytest.mark.parametrize("values", [0, 129, 150])
def test_a_decision_that_codes_cannot_hold_is_refused(values):
    wide, told = Wide(values), f"^decision width of wide must have 1 to 128 values, got {values}$"
    for call in (
        lambda: SPACES.register("wide", wide),
        lambda: wide.sample(5, seed=0),
        lambda: wide.parse([[0, 0]]),
        lambda: wide.parse(np.array([[0, 140]])),
    ):
        with pytest.raises(InputError, match=told):
            call()
    assert "wide" not in SPACES


def test_what_is_no_space_is_not_registered():
    with pytest.raises(InputError, match=r"^space 'wide' must be an instance of Space, got <class"):
        SPACES.register("wide", Wide)
    with pytest.raises(InputError, match="space 'wide' must be registered under its own name, got 'other'"):
        SPACES.register("other", Wide(4))
