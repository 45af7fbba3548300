import io
import pickle
import zipfile

import numpy as np
import pytest

from archcast.core.errors import InputError, ParseError
from archcast.featurize.cost import network_cost, quantity
from archcast.featurize.spaces.catalog import spaces
from archcast.featurize.topology import nn_degree, nn_mass

SPACE = spaces("nasbench201")
ALL = SPACE.members(np.arange(15_625))
CLOSED_FORMS = {
    # data set -> params of the frame, FLOPs of the frame, of a 1x1 edge, of a 3x3 edge
    "cifar10": (73_306, 7_783_050, 3_932_160, 35_389_440),
    "cifar100": (79_156, 7_788_900, 3_932_160, 35_389_440),
    "imagenet16-120": (80_456, 1_953_400, 983_040, 8_847_360),
}


class NoGlobals(pickle.Unpickler):
    def find_class(self, module, name):
        raise AssertionError(f"the table needs no {module}.{name}")


@pytest.fixture(scope="module")
def index_of(public_tables):
    with zipfile.ZipFile(public_tables / "help" / "nasbench201" / "str_arch2idx.pt") as archive:
        return NoGlobals(io.BytesIO(archive.read("archive/data.pkl"))).load()


# -- notation and index ---------------------------------------------------------------------------------


def test_index_of_all_cells(index_of):
    texts = list(index_of)
    assert len(texts) == 15_625
    np.testing.assert_array_equal(SPACE.to_index(texts), list(index_of.values()))
    by_index = sorted(texts, key=index_of.__getitem__)
    assert SPACE.format(SPACE.from_index(np.arange(15_625))) == by_index
    np.testing.assert_array_equal(SPACE.from_index(7), SPACE.parse([by_index[7]]))


@pytest.mark.parametrize("index", [-1, 15_625, 1.5, "3", None, [0, 20_000], [[1]]])
def test_wrong_index_is_refused(index):
    with pytest.raises(InputError, match="NAS-Bench-201 index must be"):
        SPACE.from_index(index)


def test_members_round_trip():
    np.testing.assert_array_equal(SPACE.numbers(ALL), np.arange(15_625))
    np.testing.assert_array_equal(SPACE.parse(SPACE.format(ALL)), ALL)
    assert len(np.unique(ALL, axis=0)) == 15_625


GOOD = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"


@pytest.mark.parametrize(
    ("old", "new", "position", "message"),
    [
        ("|nor_conv_3x3~0|+|n", "|nor_conv_5x5~0|+|n", 1, "edge 0-1 must be one of none, skip_connect"),
        ("avg_pool_3x3~1", "avg_pool_3x3~2", 45, "must go on with"),
        ("|skip_connect~2|", "|skip_connect~2", 94, "must go on with"),
        ("|skip_connect~2|", "|skip_connect~2||", 95, "must end after its sixth edge"),
        ("|skip_connect~2|", "", 78, "must go on with"),
        ("+|skip", "|skip", 48, "must go on with"),
    ],
)
def test_mistakes_are_located(old, new, position, message):
    text = GOOD.replace(old, new)
    assert text != GOOD
    with pytest.raises(ParseError, match=message) as caught:
        SPACE.parse([GOOD, text])
    assert caught.value.item == 1
    assert abs(caught.value.position - position) <= 4
    assert text[: caught.value.position] == GOOD[: caught.value.position]


# -- the networks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "params", "flops"),
    [
        (0, 129_306, 15_647_370),
        (1, 802_426, 113_951_370),
        (2, 559_386, 78_561_930),
        (1462, 1_531_546, 220_119_690),
        (1651, 73_306, 7_783_050),
    ],
)
def test_published_counts(index, params, flops):
    assert [int(v[0]) for v in SPACE.published_counts(SPACE.from_index(index))] == [params, flops]


def test_published_flops_of_index_0_on_every_dataset():
    flops = [SPACE.published_counts(SPACE.from_index(0), d)[1][0] for d in CLOSED_FORMS]
    assert flops == [15_647_370, 15_653_220, 3_919_480]


@pytest.mark.parametrize("dataset", list(CLOSED_FORMS))
def test_closed_form_as_built(dataset):
    params, flops = SPACE.published_counts(ALL, dataset)
    n1, n3 = (ALL == 2).sum(axis=1), (ALL == 3).sum(axis=1)
    p0, f0, f1, f3 = CLOSED_FORMS[dataset]
    np.testing.assert_array_equal(params, p0 + 28_000 * n1 + 243_040 * n3)
    np.testing.assert_array_equal(flops, f0 + f1 * n1 + f3 * n3)


@pytest.mark.parametrize("dataset", list(CLOSED_FORMS))
def test_closed_form_live(dataset):
    live = np.array([reachable_edges(code) for code in ALL.tolist()])
    n1, n3 = ((ALL == 2) & live).sum(axis=1), ((ALL == 3) & live).sum(axis=1)
    costs = SPACE.costs(ALL, dataset, live=True)
    p0, f0, f1, f3 = CLOSED_FORMS[dataset]
    np.testing.assert_array_equal(quantity(costs, "params"), p0 + 28_000 * n1 + 243_040 * n3)
    biases = quantity(costs, "outputs", "linear")
    np.testing.assert_array_equal(quantity(costs, "macs") + biases, f0 + f1 * n1 + f3 * n3)


def reachable_edges(code):
    """Which edges lie on a path from node 0 to node 3, by listing the paths."""
    on = [False] * 6
    for path in ([3], [0, 4], [1, 5], [0, 2, 5]):
        if all(code[e] for e in path):
            for e in path:
                on[e] = True
    return on


@pytest.mark.parametrize("live", [False, True])
def test_costs_of_telling_cells_equal_their_graphs(live):
    telling = [[0] * 6, [1] * 6, [4, 0, 0, 0, 0, 3], [3, 0, 1, 0, 0, 2], [0, 0, 3, 4, 1, 2]]
    for cell in telling:
        code = np.array(cell, dtype=np.int8)
        cost = SPACE.costs(code[None], live=live)[0]
        np.testing.assert_array_equal(network_cost(SPACE.network(code, live=live)), cost)


# -- equal cells ----------------------------------------------------------------------------------------


def test_classes():
    groups = SPACE.function_groups(ALL)
    assert len(np.unique(SPACE.canonical(ALL), axis=0)) == 8_765
    assert len(np.unique(groups)) == 4_930
    canonical = SPACE.numbers(SPACE.canonical(ALL))
    assert len(set(zip(canonical.tolist(), groups.tolist(), strict=True))) == 8_765


def test_representatives_are_the_first_of_the_published_classes():
    first = SPACE.measured_as(ALL)
    assert len(np.unique(first, axis=0)) == 6_466
    assert (SPACE.to_index(first) <= SPACE.to_index(ALL)).all()
    np.testing.assert_array_equal(SPACE.measured_as(first), first)
    np.testing.assert_array_equal(SPACE.function_groups(first), SPACE.function_groups(ALL))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (GOOD, GOOD, True),
        (
            "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|",
            "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|skip_connect~2|",
            False,  # a sum of two nothings is not the one nothing of an edge that is none
        ),
        (
            "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|none~2|",
            "|nor_conv_1x1~0|+|avg_pool_3x3~0|none~1|+|skip_connect~0|none~1|none~2|",
            True,  # what is dead does not show
        ),
        (
            "|skip_connect~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|avg_pool_3x3~2|",
            "|avg_pool_3x3~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|avg_pool_3x3~2|",
            True,  # skip_connect merges the nodes it joins
        ),
    ],
)
def test_published_classes_by_hand(one, other, same):
    first = SPACE.measured_as(SPACE.parse([one, other]))
    assert (first[0] == first[1]).all() == same


def test_groups_by_hand():
    same = ["|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"]
    same.append("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|")
    same.append("|skip_connect~0|+|none~0|avg_pool_3x3~1|+|none~0|nor_conv_3x3~1|none~2|")
    groups = SPACE.function_groups(SPACE.parse([*same, GOOD]))
    assert len(set(groups[:3].tolist())) == 1
    assert groups[3] != groups[0]


def test_renaming_inner_nodes_changes_no_class():
    swapped = ALL[ALL[:, 2] == 0]
    renamed = swapped[:, [1, 0, 2, 3, 5, 4]]
    np.testing.assert_array_equal(SPACE.canonical(swapped), SPACE.canonical(renamed))


def test_neighbours_are_those_at_distance_one():
    code = SPACE.parse([GOOD])
    near, _ = SPACE.neighbours(code)
    expected = ALL[(code != ALL).sum(axis=1) == 1]
    assert len(near) == 24
    np.testing.assert_array_equal(np.unique(near, axis=0), np.unique(expected, axis=0))


def test_sampling_is_uniform():
    codes = SPACE.sample(30_000, seed=0)
    share = np.stack([(codes == op).mean(axis=0) for op in range(5)])
    assert np.abs(share - 1 / 5).max() < 5 * np.sqrt(0.16 / 30_000)


# -- topology -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "depth", "jumps"),
    [
        ([3, 3, 3, 3, 3, 3], 3, 3),  # 0-2 over one layer, 0-3 over two, 1-3 over one
        ([3, 0, 3, 1, 0, 3], 3, 1),  # a chain of three and one skip around it
        ([1, 0, 1, 0, 0, 1], 0, 0),  # identity
        ([3, 3, 0, 0, 3, 3], 2, 0),  # two branches side by side
        ([3, 0, 0, 1, 1, 0], 1, 1),  # a skip around one layer
        ([3, 3, 3, 3, 0, 0], 1, 0),  # the rest is dead
        ([0, 0, 0, 0, 0, 0], 0, 0),
    ],
)
def test_cells_by_hand(code, depth, jumps):
    cells = SPACE.cells(np.array([code], dtype=np.int8))
    widths = np.repeat([16.0, 32.0, 64.0], 5)
    np.testing.assert_array_equal(cells.width, [widths])
    np.testing.assert_array_equal(cells.depth, [[depth] * 15])
    np.testing.assert_array_equal(cells.skip, [jumps * widths])
    degree = 5 * (16 + 32 + 64) + (15 * jumps / depth if depth else 0)
    np.testing.assert_allclose(nn_degree(cells), [degree])
    mass = 5 * (16 + 32 + 64) * jumps * 2 / (depth + 1) if depth else 0
    np.testing.assert_allclose(nn_mass(cells), [mass])
