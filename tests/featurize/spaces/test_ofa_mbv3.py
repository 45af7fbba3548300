import ast
import csv

import numpy as np
import pytest

from archcast.core.errors import ParseError
from archcast.featurize.cost import network_cost, quantity
from archcast.featurize.spaces.catalog import spaces

OFA = spaces("ofa_mbv3")
EXAMPLE = {
    "ks": [5, 7, 5, 5, 3, 3, 3, 7, 5, 5, 3, 7, 7, 3, 3, 3, 5, 5, 5, 5],
    "e": [4, 3, 4, 4, 4, 6, 3, 4, 4, 3, 4, 3, 3, 6, 6, 6, 4, 3, 4, 4],
    "d": [2, 3, 2, 4, 3],
    "r": 224,
}
UNEVEN = {
    "ks": [7, 5, 5, 5, 7, 7, 5, 7, 5, 7, 3, 7, 5, 3, 7, 3, 5, 3, 5, 3],
    "e": [6, 4, 4, 6, 6, 3, 4, 3, 3, 6, 3, 3, 3, 6, 3, 4, 6, 4, 3, 6],
    "d": [2, 2, 2, 2, 3],
    "r": 204,
}


def published(folder):
    rows = []
    for path in sorted((folder / "ofa_accuracy").glob("*.csv")):
        with path.open(newline="") as file:
            rows += list(csv.DictReader(file))
    return rows


def test_counts_of_published_networks(small_tables):
    check_counts(published(small_tables), 500, 343)


def test_counts_of_all_published_networks(public_tables):
    check_counts(published(public_tables), 2_373, 2_162)


def check_counts(table, count, different):
    codes = OFA.parse([ast.literal_eval(row["Sub-network"]) for row in table])
    params, macs = OFA.published_counts(codes)
    assert len(table) == count
    assert len(np.unique(codes, axis=0)) == different
    np.testing.assert_array_equal(params, [float(row["Model Parameters"]) for row in table])
    np.testing.assert_array_equal(macs, [float(row["MACs"]) for row in table])


def test_worked_example_part_by_part():
    parts = OFA.part_costs(OFA.parse([EXAMPLE]))
    params = [int(quantity(parts[:, p], "params")[0]) for p in range(23)]
    assert params[:2] == [464, 464]
    assert params[2:10] == [4_464, 7_320, 0, 0, 12_200, 53_424, 19_072, 0]
    assert params[10:18] == [24_000, 45_520, 0, 0, 90_048, 386_120, 386_120, 386_120]
    assert params[18:] == [236_080, 283_640, 429_280, 0, 155_520 + 1_228_800 + 1_281_000]
    macs = [int(quantity(parts[:, p], "macs")[0]) for p in (0, 1, 2, 3, 6, 10, 14, 18, 22)]
    assert macs == [
        5_419_008,
        5_017_600,
        22_679_552,
        21_901_824,
        10_917_888,
        8_310_400,
        11_367_360,
        13_995_968,
        7_526_400 + 1_228_800 + 1_280_000,
    ]


def test_sides_round_up_at_uneven_resolutions():
    codes = OFA.parse([UNEVEN])
    assert [int(v[0]) for v in OFA.published_counts(codes)] == [4_457_920, 194_900_424]
    network = OFA.network(codes[0])
    assert tuple(network_cost(network).sum(axis=0)[1:3]) == (4_457_920, 194_900_424)
    strided = [n.outputs[0] for n in network.nodes if n.attributes.get("strides") == (2, 2)]
    assert [network.values[name].dims[2] for name in strided] == [102, 51, 26, 13, 7]


def test_every_resolution_and_form_costs_what_its_graph_does():
    codes = OFA.sample(25, seed=3)
    codes[:, -1] = np.arange(25)
    params, macs = OFA.published_counts(codes)
    assert params.shape == macs.shape == (25,)
    for code, p, m in zip(codes, params, macs, strict=True):
        assert tuple(network_cost(OFA.network(code)).sum(axis=0)[1:3]) == (p, m)


# -- notation -------------------------------------------------------------------------------------------


def test_unused_entries_are_ignored_and_written_as_zero():
    other = {key: list(EXAMPLE[key]) for key in ("ks", "e")} | {"d": EXAMPLE["d"], "r": 224}
    for key in ("ks", "e"):
        other[key][2:4], other[key][19] = [-7, 10**9], np.int64(0)
    codes = OFA.parse([EXAMPLE, other])
    np.testing.assert_array_equal(codes[0], codes[1])
    written = OFA.format(codes)[0]
    assert written["ks"] == [5, 7, 0, 0, 3, 3, 3, 0, 5, 5, 0, 0, 7, 3, 3, 3, 5, 5, 5, 0]
    assert written["e"] == [4, 3, 0, 0, 4, 6, 3, 0, 4, 3, 0, 0, 3, 6, 6, 6, 4, 3, 4, 0]
    assert (written["d"], written["r"]) == ([2, 3, 2, 4, 3], 224)
    noisy = codes[:1].copy()
    noisy[0, 2] = 3
    assert not OFA.valid(noisy)[0]
    np.testing.assert_array_equal(OFA.parse(noisy), codes[:1])


@pytest.mark.parametrize("r", [224, [224], (224,), np.int64(224), [np.int64(224)], np.array([224])])
@pytest.mark.parametrize("width", [{}, {"wid": None}])
def test_resolution_and_width_forms(r, width):
    np.testing.assert_array_equal(OFA.parse([EXAMPLE | width | {"r": r}]), OFA.parse([EXAMPLE]))


def test_other_widths_are_refused():
    for width in (1.2, 0, True, [None], "None"):
        with pytest.raises(ParseError, match=r"wid must be 1\.0 or None") as caught:
            OFA.parse([EXAMPLE | {"wid": width}])
        assert caught.value.position == "wid"


@pytest.mark.parametrize(
    ("key", "at", "value", "message"),
    [
        ("ks", 0, 4, r"ks\[0\] must be one of 3, 5, 7, got 4"),
        ("ks", 0, 0, r"ks\[0\] must be one of 3, 5, 7, got 0"),
        ("ks", 6, None, r"ks\[6\] must be one of"),
        ("ks", 7, 3.5, r"ks\[7\] must be an integer or None, although it is unused"),
        ("ks", 7, True, r"ks\[7\] must be an integer"),
        ("e", 18, 5, r"e\[18\] must be one of 3, 4, 6, got 5"),
        ("e", 18, 4.0, r"e\[18\] must be one of"),
        ("d", 4, 5, r"d\[4\] must be one of 2, 3, 4, got 5"),
        ("d", 4, True, r"d\[4\] must be one of"),
    ],
)
def test_mistakes_are_located(key, at, value, message):
    wrong = EXAMPLE | {key: [value if p == at else v for p, v in enumerate(EXAMPLE[key])]}
    with pytest.raises(ParseError, match=message) as caught:
        OFA.parse([EXAMPLE, wrong])
    assert (caught.value.item, caught.value.position) == (1, f"{key}[{at}]")


@pytest.mark.parametrize("r", [126, 226, 223, 0, None, True, 224.0, "224", [], [224, 224], [[224]]])
def test_resolution_is_checked(r):
    with pytest.raises(ParseError, match="ofa_mbv3 r must be") as caught:
        OFA.parse([EXAMPLE | {"r": r}])
    assert caught.value.position == "r"


def test_keys_and_lengths_are_checked():
    with pytest.raises(ParseError, match="keys ks, e, d, r, got one without 'd'"):
        OFA.parse([{key: value for key, value in EXAMPLE.items() if key != "d"}])
    with pytest.raises(ParseError, match="unknown key 'w'"):
        OFA.parse([EXAMPLE | {"w": 1}])
    with pytest.raises(ParseError, match="ofa_mbv3 ks must be 20 integers, got 19 entries"):
        OFA.parse([EXAMPLE | {"ks": EXAMPLE["ks"][1:]}])


# -- the set --------------------------------------------------------------------------------------------


def edits(arch):
    """Every architecture one edit away, written independently of the codes."""
    for s in range(5):
        for p in range(4 * s, 4 * s + arch["d"][s]):
            for key, choices in (("ks", (3, 5, 7)), ("e", (3, 4, 6))):
                for value in choices:
                    if value != arch[key][p]:
                        yield arch | {key: [*arch[key][:p], value, *arch[key][p + 1 :]]}
        depth = arch["d"][s]
        if depth > 2:
            yield arch | {"d": [*arch["d"][:s], depth - 1, *arch["d"][s + 1 :]]}
        if depth < 4:
            p = 4 * s + depth
            for kernel in (3, 5, 7):
                for expansion in (3, 4, 6):
                    yield {
                        "ks": [*arch["ks"][:p], kernel, *arch["ks"][p + 1 :]],
                        "e": [*arch["e"][:p], expansion, *arch["e"][p + 1 :]],
                        "d": [*arch["d"][:s], depth + 1, *arch["d"][s + 1 :]],
                        "r": arch["r"],
                    }
    for r in range(128, 225, 4):
        if r != arch["r"]:
            yield arch | {"r": r}


def test_neighbours_by_enumeration():
    codes = OFA.sample(6, seed=9)
    codes = np.concatenate([codes, OFA.parse([EXAMPLE, UNEVEN])])
    near, owner = OFA.neighbours(codes)
    assert set(owner.tolist()) == set(range(8))
    for row, arch in enumerate(OFA.format(codes)):
        expected = OFA.parse(list(edits(arch)))
        own = near[owner == row]
        assert len(own) == len(expected)
        np.testing.assert_array_equal(np.unique(own, axis=0), np.unique(expected, axis=0))


def test_sampling_is_uniform_over_members():
    n = 40_000
    codes = OFA.sample(n, seed=0)
    depths, members = codes[:, 40:45], np.array([9**2, 9**3, 9**4])
    share = np.stack([(depths == d).mean(axis=0) for d in range(3)], axis=1)
    expected = members / members.sum()
    assert (np.abs(share - expected) < 5 * np.sqrt(expected / n)).all()
    for column in range(40):
        counts = np.bincount(codes[:, column], minlength=4)[1:]
        assert np.abs(counts / counts.sum() - 1 / 3).max() < 5 * np.sqrt(1 / 3 / counts.sum())
    resolutions = np.bincount(codes[:, 45], minlength=25) / n
    assert np.abs(resolutions - 1 / 25).max() < 5 * np.sqrt(1 / 25 / n)


def test_cells_by_hand():
    cells = OFA.cells(OFA.parse([EXAMPLE]))
    np.testing.assert_array_equal(cells.width, [[24, 40, 80, 112, 160]])
    np.testing.assert_array_equal(cells.depth, [[6, 9, 6, 12, 9]])
    np.testing.assert_array_equal(cells.skip, [[24, 80, 80, 336, 320]])
