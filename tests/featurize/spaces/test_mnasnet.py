import json
import tarfile

import numpy as np
import pytest

from archcast.core.errors import ParseError
from archcast.featurize.cost import quantity
from archcast.featurize.spaces.catalog import spaces

MNASNET = spaces("mnasnet")


def arch(*blocks):
    names = ("e", "k", "l", "se")
    return {f"block{b}_{n}": v for b, row in enumerate(blocks) for n, v in zip(names, row, strict=True)}


EXAMPLE = arch(
    (6, 3, 1, True),
    (6, 5, 1, False),
    (4, 3, 1, True),
    (6, 5, 1, True),
    (1, 5, 1, True),
    (4, 5, 2, True),
    (1, 3, 1, True),
)
EFFICIENTNET_B0 = arch(
    (1, 3, 1, True),
    (6, 3, 2, True),
    (6, 5, 2, True),
    (6, 3, 3, True),
    (6, 5, 3, True),
    (6, 5, 4, True),
    (6, 3, 1, True),
)


def published(folder):
    with tarfile.open(folder / "accel_nasbench" / "anb_dataset_jsons.tar.gz") as archive:
        return [json.load(archive.extractfile(member)) for member in archive if member.isfile()]


def test_counts_of_published_networks(small_tables):
    check_counts(published(small_tables), 206, 206)


def test_counts_of_all_published_networks(public_tables):
    check_counts(published(public_tables), 4_102, 4_092)


def check_counts(table, count, different):
    codes = MNASNET.parse([row["architecture"] for row in table])
    params, macs = MNASNET.published_counts(codes)
    assert len(table) == count
    assert len(np.unique(codes, axis=0)) == different
    info = [row["model_info"] for row in table]
    np.testing.assert_array_equal(params, np.rint([1e6 * row["params"] for row in info]))
    np.testing.assert_array_equal(macs, np.rint([1e6 * row["macs"] for row in info]))
    np.testing.assert_allclose(params / 1e6, [row["params"] for row in info], rtol=1e-12)
    np.testing.assert_allclose(macs / 1e6, [row["macs"] for row in info], rtol=1e-12)
    assert MNASNET.format(codes) == [row["architecture"] for row in table]


def test_worked_example_part_by_part():
    parts = MNASNET.part_costs(MNASNET.parse([EXAMPLE]))
    count = {name: [int(quantity(parts[:, p], name)[0]) for p in range(9)] for name in ("params", "macs")}
    blocks = [15_016, 6_672, 8_726, 40_970, 14_644, 567_244, 82_864]
    assert count["params"] == [928, *blocks, 412_160 + 1_281_000]
    assert count["macs"] == [
        10_838_016,
        137_284_608,
        34_019_328,
        10_914_432,
        12_470_400,
        2_151_360,
        30_088_384,
        3_113_664,
        20_070_400 + 1_280_000,
    ]
    norms = [int(quantity(parts[:, p], "outputs", "batch_norm")[0]) for p in range(9)]
    assert norms == [401_408, 5_017_600, 1_580_544, 407_680, 250_880, 37_632, 203_840, 25_088, 62_720]
    params, macs = MNASNET.published_counts(MNASNET.parse([EXAMPLE]))
    assert (params[0], macs[0]) == (2_430_224, 296_861_600)


def test_efficientnet_b0():
    codes = MNASNET.parse([EFFICIENTNET_B0])
    assert [int(v[0]) for v in MNASNET.published_counts(codes)] == [5_288_548, 415_145_024]
    assert quantity(MNASNET.costs(codes), "macs")[0] == 385_814_752


def test_squeeze_excite_accepts_numbers_and_booleans():
    numbers = {key: int(value) for key, value in EXAMPLE.items()}
    numpy = {k: np.bool_(v) if isinstance(v, bool) else np.int64(v) for k, v in EXAMPLE.items()}
    codes = MNASNET.parse([EXAMPLE, numbers, numpy, json.dumps(EXAMPLE)])
    assert len(np.unique(codes, axis=0)) == 1
    reverse = dict(reversed(EXAMPLE.items()))
    np.testing.assert_array_equal(MNASNET.parse([reverse]), codes[:1])


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("block0_e", 3, "1, 4, 6"),
        ("block0_e", True, "1, 4, 6"),
        ("block3_k", 7, "3, 5"),
        ("block4_l", 4, "1, 2, 3"),
        ("block5_l", 5, "1, 2, 3, 4"),
        ("block2_k", 3.0, "3, 5"),
        ("block6_se", 2, "False, True, 0, 1"),
        ("block6_se", None, "False, True, 0, 1"),
        ("block6_se", "True", "False, True, 0, 1"),
        ("block1_l", 10**30, "1, 2, 3"),
        ("block1_l", [1], "1, 2, 3"),
    ],
)
def test_mistakes_are_located(key, value, allowed):
    with pytest.raises(ParseError, match=f"mnasnet {key} must be one of {allowed}, got") as caught:
        MNASNET.parse([EXAMPLE, EXAMPLE | {key: value}])
    assert (caught.value.item, caught.value.position) == (1, key)


def test_layers_of_block_five_may_be_four():
    assert MNASNET.parse([EXAMPLE | {"block5_l": 4}])[0, 22] == 3


def test_missing_and_unknown_keys_are_named():
    without = {key: value for key, value in EXAMPLE.items() if key != "block2_k"}
    with pytest.raises(ParseError, match=r"block0_e, .*, block6_se, got one without 'block2_k'") as caught:
        MNASNET.parse([without])
    assert caught.value.position == "block2_k"
    with pytest.raises(ParseError, match="unknown key 'width'"):
        MNASNET.parse([EXAMPLE | {"width": 1}])
    with pytest.raises(ParseError, match="without 'block2_k'"):
        MNASNET.parse([without | {"block7_e": 1}])
    with pytest.raises(ParseError, match="unknown key 3"):
        MNASNET.parse([EXAMPLE | {3: 1}])


def test_neighbours_by_enumeration():
    near, _ = MNASNET.neighbours(MNASNET.parse([EXAMPLE]))
    expected = []
    for key, value in EXAMPLE.items():
        choices = {"e": (1, 4, 6), "k": (3, 5), "l": (1, 2, 3), "se": (False, True)}[key.split("_")[1]]
        choices = (1, 2, 3, 4) if key == "block5_l" else choices
        expected += [EXAMPLE | {key: other} for other in choices if other != value]
    formatted = MNASNET.format(near)
    assert len(formatted) == len(expected) == 7 * 6 + 1
    assert all(item in formatted for item in expected)


def test_sampling_is_uniform():
    codes = MNASNET.sample(20_000, seed=0)
    assert codes.shape == (20_000, 28)
    for column, top in enumerate(MNASNET.cardinalities):
        share = np.bincount(codes[:, column], minlength=top) / len(codes)
        assert np.abs(share - 1 / top).max() < 5 * np.sqrt(1 / top / len(codes))


def test_cells_by_hand():
    cells = MNASNET.cells(MNASNET.parse([EXAMPLE, EFFICIENTNET_B0]))
    np.testing.assert_array_equal(cells.width, [[16, 24, 40, 80, 112, 192, 320]] * 2)
    np.testing.assert_array_equal(cells.depth, [[3, 3, 3, 3, 2, 6, 2], [2, 6, 6, 9, 9, 12, 3]])
    np.testing.assert_array_equal(cells.skip, [[0, 0, 0, 0, 0, 192, 0], [0, 24, 40, 160, 224, 576, 0]])
