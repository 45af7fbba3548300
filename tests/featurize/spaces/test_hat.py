import csv
from itertools import combinations_with_replacement as multisets
from itertools import product

import numpy as np
import pytest

from archcast.core.errors import ParseError
from archcast.featurize.cost import quantity
from archcast.featurize.spaces.catalog import spaces
from archcast.featurize.summary import peak_bytes

HAT = spaces("hat")
EXAMPLE = {
    "encoder_embed_dim": 512,
    "encoder_layer_num": 6,
    "encoder_ffn_embed_dim_avg": 3072.0,
    "encoder_self_attention_heads_avg": 14 / 3,
    "decoder_embed_dim": 512,
    "decoder_layer_num": 1,
    "decoder_ffn_embed_dim_avg": 3072.0,
    "decoder_self_attention_heads_avg": 4.0,
    "decoder_ende_attention_heads_avg": 8.0,
    "decoder_arbitrary_ende_attn_avg": 2.0,
}
FFN, HEADS, ATTENDED = (512, 1024, 2048, 3072), (2, 4, 8), (1, 2, 3)


def means(choices, layers):
    return {sum(values) / layers for values in multisets(choices, layers)}


@pytest.fixture(scope="module")
def table(small_tables):
    return published(small_tables / "hat")


def published(folder):
    rows = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="") as file:
            rows += [{c: float(row[c]) for c in HAT.columns} for row in csv.DictReader(file)]
    return rows


def test_published_rows_parse_exactly_and_rounded(table):
    check_rows(table, 480)


def test_all_published_rows_parse_exactly_and_rounded(public_tables):
    check_rows(published(public_tables / "hat"), 16_000)


def check_rows(table, count):
    assert len(table) == count
    codes = HAT.parse(table)
    written = HAT.format(codes)
    for column in HAT.columns:
        np.testing.assert_allclose(
            [row[column] for row in written], [row[column] for row in table], rtol=1e-12
        )
    rounded = [{column: round(value, 2) for column, value in row.items()} for row in table[::7]]
    np.testing.assert_array_equal(HAT.parse(rounded), codes[::7])


def test_worked_example():
    codes = HAT.parse([EXAMPLE])
    assert codes.tolist() == [[0, 0, 36, 14, 0, 0, 6, 2, 4, 2]]
    params, flops = HAT.published_counts(codes)
    assert params[0] == 30_465_536
    assert flops[0] == 2 * (936_284_160 + 384_000)
    assert quantity(HAT.costs(codes), "macs")[0] == 936_284_160


def by_layers(de, dd, ffn_e, ffn_d, attended, tokens):
    """Parameters and multiply-adds added up layer by layer."""
    params = macs = 0
    for hidden in ffn_e:
        params += 3 * (de * 512 + 512) + 512 * de + de + 2 * de * hidden + hidden + de + 2 * 2 * de
        macs += tokens * (4 * 512 * de + 2 * de * hidden) + 2 * tokens * tokens * 512
    for hidden, a in zip(ffn_d, attended, strict=True):
        params += 3 * (dd * 512 + 512) + 512 * dd + dd + 2 * dd * hidden + hidden + dd + 3 * 2 * dd
        params += dd * 512 + 512 + 2 * (de * 512 + 512) + 512 * dd + dd
        macs += tokens * (4 * 512 * dd + 2 * dd * hidden) + 2 * tokens * tokens * 512
        macs += tokens * 2 * 512 * dd + a * tokens * 2 * 512 * de + 2 * tokens * a * tokens * 512
    return params, macs


@pytest.mark.parametrize(("dataset", "tokens"), [("wmt14ende", 30), ("iwslt14deen", 23)])
def test_closed_form_equals_layers_added_up(dataset, tokens):
    rng = np.random.default_rng(0)
    for _ in range(50):
        de, dd, depth = rng.choice([512, 640]), rng.choice([512, 640]), rng.integers(1, 7)
        ffn_e, ffn_d = rng.choice(FFN, 6), rng.choice(FFN, depth)
        attended = rng.choice(ATTENDED, depth)
        values = (de, 6, ffn_e.mean(), 2.0, dd, depth, ffn_d.mean(), 4.0, 8.0, attended.mean())
        costs = HAT.costs(HAT.parse([dict(zip(HAT.columns, values, strict=True))]), dataset)
        counted = (int(quantity(costs, "params")[0]), int(quantity(costs, "macs")[0]))
        assert counted == by_layers(int(de), int(dd), ffn_e, ffn_d, attended, tokens)


# -- the set --------------------------------------------------------------------------------------------


def test_size_by_counting_multisets():
    encoder = 2 * len(means(FFN, 6)) * len(means(HEADS, 6))
    decoder = sum(
        len(means(FFN, d)) * len(means(HEADS, d)) ** 2 * len(means(ATTENDED, d)) for d in range(1, 7)
    )
    assert HAT.size == encoder * 2 * decoder


def test_members_are_exactly_what_layers_can_average_to():
    base = HAT.parse([EXAMPLE])[0]
    for depth, column, choices, unit in product(range(1, 7), (6, 7, 8, 9), (FFN,), (512,)):
        choices, unit = {6: (FFN, 512), 9: (ATTENDED, 1)}.get(column, (HEADS, 2))
        codes = np.repeat(base[None], HAT.cardinalities[column], axis=0)
        codes[:, 5] = depth - 1
        codes[:, 6:] = [depth, depth, depth, depth]  # one unit a layer is always possible
        codes[:, column] = np.arange(len(codes))
        reachable = {round(mean * depth / unit) for mean in means(choices, depth)}
        assert set(np.flatnonzero(HAT.valid(codes)).tolist()) == reachable


def test_out_of_range_codes_are_not_members():
    codes = HAT.sample(10, seed=0)
    codes[3, 9], codes[4, 0], codes[5, 6] = 120, -1, -128
    assert HAT.valid(codes).tolist() == [True] * 3 + [False] * 3 + [True] * 4


def test_sampling_is_uniform_over_members():
    n = 60_000
    codes = HAT.sample(n, seed=0)
    members = np.array(
        [len(means(FFN, d)) * len(means(HEADS, d)) ** 2 * len(means(ATTENDED, d)) for d in range(1, 7)]
    )
    expected = members / members.sum()
    share = np.bincount(codes[:, 5], minlength=6) / n
    assert (np.abs(share - expected) < 5 * np.sqrt(expected / n)).all()
    deep = codes[codes[:, 5] == 5]
    for column in (2, 3, 6, 7, 8, 9):
        counts = np.unique(deep[:, column], return_counts=True)[1] / len(deep)
        assert np.abs(counts - 1 / len(counts)).max() < 5 * np.sqrt(1 / len(counts) / len(deep))


def test_neighbours_by_enumeration():
    codes = HAT.sample(5, seed=4)
    near, owner = HAT.neighbours(codes)
    assert set(owner.tolist()) == set(range(5))
    for row, code in enumerate(codes):
        expected = set()
        for column, top in enumerate(HAT.cardinalities):
            for value in range(top):
                other = code.copy()
                other[column] = value
                if value != code[column] and HAT.valid(other[None])[0]:
                    expected.add(tuple(other.tolist()))
        assert {tuple(near_by) for near_by in near[owner == row].tolist()} == expected


# -- notation -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("encoder_embed_dim", 576, "one of 512, 640, got 576"),
        ("encoder_layer_num", 5, "one of 6, got 5"),
        ("decoder_layer_num", 0, "one of 1, 2, 3, 4, 5, 6, got 0"),
        ("decoder_layer_num", 1.5, "one of"),
        ("decoder_layer_num", True, "one of"),
        ("decoder_embed_dim", "512", "one of 512, 640"),
        ("decoder_ffn_embed_dim_avg", 1536, "mean over 1 layers of values among 512, 1024, 2048, 3072"),
        ("encoder_ffn_embed_dim_avg", 3100.0, "mean over 6 layers"),
        ("encoder_ffn_embed_dim_avg", float("nan"), "mean over 6 layers"),
        ("encoder_ffn_embed_dim_avg", float("inf"), "mean over 6 layers"),
        ("encoder_ffn_embed_dim_avg", 10**400, "mean over 6 layers"),
        ("decoder_self_attention_heads_avg", 6, "values among 2, 4, 8, got 6"),
        ("decoder_ende_attention_heads_avg", None, "values among 2, 4, 8"),
        ("decoder_arbitrary_ende_attn_avg", -1, "values among 1, 2, 3, got -1"),
        ("decoder_arbitrary_ende_attn_avg", 2.01, "values among 1, 2, 3"),
    ],
)
def test_mistakes_are_located(column, value, message):
    with pytest.raises(ParseError, match=f"hat {column} must be .*{message}") as caught:
        HAT.parse([EXAMPLE, EXAMPLE | {column: value}])
    assert (caught.value.item, caught.value.position) == (1, column)


def test_missing_and_unknown_keys_are_named():
    with pytest.raises(ParseError, match="without 'decoder_embed_dim'"):
        HAT.parse([{key: value for key, value in EXAMPLE.items() if key != "decoder_embed_dim"}])
    with pytest.raises(ParseError, match="unknown key 'latency_mean_encoder'"):
        HAT.parse([EXAMPLE | {"latency_mean_encoder": 9.9}])


def test_numpy_numbers_and_text_are_read():
    numpy = {key: np.float64(value) for key, value in EXAMPLE.items()}
    small = {key: np.float32(value) for key, value in EXAMPLE.items()}
    np.testing.assert_array_equal(HAT.parse([numpy, small]), np.repeat(HAT.parse([EXAMPLE]), 2, axis=0))


def test_cells_by_hand():
    arch = EXAMPLE | {"encoder_embed_dim": 640, "decoder_layer_num": 2}
    cells = HAT.cells(HAT.parse([EXAMPLE, arch]))
    np.testing.assert_array_equal(cells.width, [[512, 512], [640, 512]])
    np.testing.assert_array_equal(cells.depth, [[12, 3], [12, 6]])
    np.testing.assert_array_equal(cells.skip, [[12 * 512, 3 * 512 + 512], [12 * 640, 6 * 512 + 2 * 640]])


def test_peaks_layer_by_layer_are_those_of_networks():
    codes = HAT.sample(30, seed=3)
    peaks = [peak_bytes(HAT.network(code, "iwslt14deen")) for code in codes]
    assert HAT.peak_bytes(codes, "iwslt14deen").tolist() == peaks
