import numpy as np
import pytest

from archcast.core.errors import ParseError
from archcast.featurize.cost import quantity
from archcast.featurize.spaces.catalog import spaces

FBNET = spaces("fbnet")
UNIFORM = {
    "cifar100": [
        (1_170_676, 31_322_240),
        (940_084, 21_051_008),
        (2_137_140, 75_840_128),
        (3_586_836, 142_616_960),
        (1_197_812, 34_373_760),
        (967_220, 24_102_528),
        (2_218_548, 84_994_688),
        (3_749_652, 160_926_080),
        (780_660, 11_608_960),
    ],
    "imagenet": [
        (3_175_096, 118_371_152),
        (2_944_504, 83_302_832),
        (4_141_560, 271_867_376),
        (5_591_256, 502_111_712),
        (3_202_232, 130_124_880),
        (2_971_640, 95_056_560),
        (4_222_968, 307_128_560),
        (5_754_072, 572_634_080),
        (2_785_080, 49_419_136),
    ],
}
EXAMPLE = [7, 8, 1, 8, 4, 8, 8, 8, 7, 4, 1, 4, 7, 3, 2, 7, 3, 2, 4, 2, 4, 5]


@pytest.mark.parametrize("dataset", ["cifar100", "imagenet"])
def test_networks_of_one_block(dataset):
    params, macs = FBNET.published_counts(FBNET.parse([[op] * 22 for op in range(9)]), dataset)
    np.testing.assert_array_equal(np.stack([params, macs], axis=1), UNIFORM[dataset])


def test_worked_example_stage_by_stage():
    codes = FBNET.parse([EXAMPLE])
    parts = FBNET.part_costs(codes)
    params, macs = (
        np.array([quantity(parts[:, p], name)[0] for p in range(24)]) for name in ("params", "macs")
    )
    starts = [0, 1, 2, 6, 10, 14, 18, 22, 23]  # stem, stages 0 to 6, head
    assert np.add.reduceat(params, starts).tolist() == [
        464,
        5_888,
        3_264,
        18_752,
        79_776,
        482_384,
        461_704,
        55_352,
        532_416 + 150_500,
    ]
    assert np.add.reduceat(macs, starts).tolist() == [
        442_368,
        5_603_328,
        2_998_272,
        4_571_136,
        5_130_240,
        30_286_848,
        9_089_664,
        862_592,
        8_470_528 + 150_400,
    ]
    assert [int(x[0]) for x in FBNET.published_counts(codes, "imagenet")] == [3_794_920, 272_388_736]


def test_skip_is_identity_or_a_convolution():
    parts = {node.part for node in FBNET.network(FBNET.parse([[8] * 22])[0]).nodes}
    kept = {f"stage{stage}.block0" for stage in range(1, 7)}
    assert {part for part in parts if part.startswith("stage")} == kept


def test_shuffle_follows_only_grouped_convolutions():
    network = FBNET.network(FBNET.parse([[1] + [8] * 21])[0], "imagenet")
    ops = [node.op for node in network.nodes if node.part == "stage0.block0"]
    conv = ["Conv", "BatchNormalization", "Relu"]
    shuffle = ["Reshape", "Transpose", "Reshape"]
    assert ops == [*conv, *shuffle, *conv, *conv[:2], "Add"]
    assert [node.attributes["group"] for node in network.nodes if node.op == "Conv"][1:4] == [2, 16, 2]


def test_accepted_forms():
    forms = [EXAMPLE, tuple(EXAMPLE), np.array(EXAMPLE), [np.int8(v) for v in EXAMPLE], str(EXAMPLE)]
    np.testing.assert_array_equal(FBNET.parse(forms), [EXAMPLE] * 5)


@pytest.mark.parametrize("value", [9, -1, 300, 1.0, True, None, "1", float("nan"), [1], np.float64(2)])
@pytest.mark.parametrize("position", [0, 13, 21])
def test_mistakes_are_located(value, position):
    arch = list(EXAMPLE)
    arch[position] = value
    with pytest.raises(ParseError, match="must be one of 0, 1, 2, 3, 4, 5, 6, 7, 8, got") as caught:
        FBNET.parse([EXAMPLE, arch])
    assert (caught.value.item, caught.value.position) == (1, position)


@pytest.mark.parametrize("arch", [EXAMPLE[1:], [*EXAMPLE, 0], [], np.array([EXAMPLE]), np.zeros(21, int)])
def test_length_is_checked(arch):
    with pytest.raises(ParseError, match="must be 22 integers"):
        FBNET.parse([arch])


def test_neighbours_by_enumeration():
    near, _ = FBNET.neighbours(FBNET.parse([EXAMPLE]))
    expected = {(*EXAMPLE[:p], v, *EXAMPLE[p + 1 :]) for p in range(22) for v in range(9) if v != EXAMPLE[p]}
    assert {tuple(row) for row in near.tolist()} == expected
    assert len(near) == 22 * 8


def test_cells_by_hand():
    cells = FBNET.cells(FBNET.parse([[8] * 22, [0] * 22, EXAMPLE]))
    np.testing.assert_array_equal(cells.width, [[16, 24, 32, 64, 112, 184, 352]] * 3)
    np.testing.assert_array_equal(
        cells.depth, [[0, 1, 1, 1, 1, 1, 1], [3, 12, 12, 12, 12, 12, 3], [3, 7, 4, 12, 12, 12, 3]]
    )
    additions = cells.skip / cells.width
    np.testing.assert_array_equal(additions, [[0] * 7, [1, 3, 3, 3, 3, 3, 0], [1, 2, 1, 3, 3, 3, 0]])
