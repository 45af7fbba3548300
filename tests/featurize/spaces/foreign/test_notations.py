"""Notations of others: written by their own rules, read back as the members that they name."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import archcast
from archcast.core.errors import InputError, ParseError, UnknownNameError
from archcast.featurize.spaces import SPACES, parse
from archcast.featurize.spaces.hat_notation import ENCODER_DEPTH, MEANS

CELLS = SPACES["nasbench201"]
OPS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
"""By code; edges 0-1, 0-2, 1-2, 0-3, 1-3, 2-3."""


def naslib(code):
    order = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
    a, b, c, d, e, f = (order.index(OPS[value]) for value in code)
    return a, b, d, c, e, f


def nni(code):
    edges = ("0_1", "0_2", "1_2", "0_3", "1_3", "2_3")
    return {edge: OPS[value].removeprefix("nor_") for edge, value in zip(edges, code, strict=True)}


def lists(code):
    a, b, c, d, e, f = (OPS[value] for value in code)
    return [((a, 0),), ((b, 0), (c, 1)), ((d, 0), (e, 1), (f, 2))]


def matrix(code):
    out = np.zeros((4, 4), dtype=int)
    out[[1, 2, 2, 3, 3, 3], [0, 0, 1, 0, 1, 2]] = code
    return out


def text(code):
    return CELLS.format(np.array([code], dtype=np.int8))[0]


WRITERS = {
    "naslib": naslib,
    "nni": nni,
    "index": lambda code: int(CELLS.to_index(np.array([code], dtype=np.int8))[0]),
    "structure": lambda code: f"Structure(4 nodes with {text(code)})",
    "str2lists": lists,
    "str2matrix": matrix,
    "arch_str": lambda code: {
        "name": "infer.tiny",
        "C": 16,
        "N": 5,
        "arch_str": text(code),
        "num_classes": 10,
    },
}


@pytest.mark.parametrize("name", WRITERS)
def test_cells_are_read_back(name):
    codes = CELLS.sample(200, seed=0)
    items = [WRITERS[name](code) for code in codes.tolist()]
    np.testing.assert_array_equal(parse(items, notation=name), codes)
    np.testing.assert_array_equal(parse(iter(items), space="nasbench201", notation=name.upper()), codes)
    written = [
        item if isinstance(item, str) else json.dumps(item.tolist() if hasattr(item, "tolist") else item)
        for item in items
    ]
    np.testing.assert_array_equal(parse(written, notation=name), codes)
    with pytest.raises(ParseError, match=rf"looks like .*notation=\"{name}\""):
        parse(items[:1], "nasbench201")


def test_all_indices_and_arrays_are_read():
    index = np.arange(CELLS.size)
    np.testing.assert_array_equal(parse(index, notation="index"), CELLS.from_index(index))
    np.testing.assert_array_equal(parse(["012804", " 7 "], notation="index"), CELLS.from_index([12804, 7]))
    codes = CELLS.sample(50, seed=1)
    array = np.array([naslib(code) for code in codes.tolist()])
    np.testing.assert_array_equal(parse(array, notation="naslib"), codes)
    np.testing.assert_array_equal(
        parse([str(naslib(code)) for code in codes.tolist()], notation="naslib"), codes
    )


def test_a_structure_itself_is_read():
    code = CELLS.sample(1, seed=2)
    structure = SimpleNamespace(nodes=[], tostr=lambda: text(code[0].tolist()))
    np.testing.assert_array_equal(parse([structure], notation="structure"), code)
    with pytest.raises(InputError, match="looks like AutoDL's Structure"):
        parse([structure])


@pytest.mark.parametrize(
    ("name", "item", "told"),
    [
        ("naslib", (0, 1, 2, 3, 4, 5), "must be NASLib's numbers"),
        ("naslib", (True,) * 6, "must be NASLib's numbers"),
        ("nni", {**nni([0] * 6), "0_1": "conv_7x7"}, "edge 0_1 must be one of none"),
        ("index", 15_625, "must be an index"),
        ("index", "1e3", "must be an index"),
        ("index", True, "must be an index"),
        ("structure", "Structure(5 nodes with |a~0|)", "must have 4 nodes"),
        ("str2lists", [[("none", 0)], [("none", 1), ("none", 0)], [("none", 0)] * 3], "node 2 must have one"),
        ("str2matrix", np.ones((4, 4), dtype=int), "on and above the diagonal must be 0"),
        ("arch_str", {"arch_str": text([0] * 6), "C": 32}, "C must be 16"),
        ("op_idx_list", {"op_idx_list": [9] * 22}, "must be a configuration"),
        ("fbnet_names", ["k3_e1"] * 21, "must be FBNet's names"),
        ("hat_yaml", "a: 1", "must be HAT's configuration"),
    ],
)
def test_what_is_not_in_the_notation_is_refused(name, item, told):
    with pytest.raises(ParseError, match=told) as caught:
        parse([item], notation=name)
    assert caught.value.item == 0


def test_layers_of_fbnet():
    space = SPACES["fbnet"]
    codes = space.sample(100, seed=0)
    names = ("k3_e1", "k3_e1_g2", "k3_e3", "k3_e6", "k5_e1", "k5_e1_g2", "k5_e3", "k5_e6", "skip")
    own = [[names[v] for v in row] for row in codes.tolist()]
    np.testing.assert_array_equal(parse(own), codes)
    np.testing.assert_array_equal(parse(own, notation="fbnet_names"), codes)
    long = [[name if name == "skip" else f"ir_{name}" for name in row] for row in own]
    np.testing.assert_array_equal(parse(long, notation="fbnet_names"), codes)
    configs = [{"dataset": "cifar100", "num_classes": 100, "op_idx_list": row} for row in codes.tolist()]
    np.testing.assert_array_equal(parse(configs, notation="op_idx_list"), codes)


def test_widths_and_unused_places_of_once_for_all():
    space = SPACES["ofa_mbv3"]
    codes = space.sample(50, seed=0)
    archs = space.format(codes)
    for wid in (None, 1, 1.0):
        np.testing.assert_array_equal(parse([arch | {"wid": wid} for arch in archs]), codes)
    blank = [
        {
            **arch,
            **{key: [v if code[i + at] else None for i, v in enumerate(arch[key])] for key, at in places},
        }
        for arch, code in zip(archs, codes.tolist(), strict=True)
        for places in [(("ks", 0), ("e", 20))]
    ]
    assert any(None in arch["ks"] for arch in blank)
    np.testing.assert_array_equal(parse(blank), codes)
    for wid in (1.2, True, "1.0"):
        with pytest.raises(ParseError, match=r"wid must be 1\.0 or None"):
            parse([archs[0] | {"wid": wid}])


def configuration(arch):
    """A configuration whose layers have an architecture's means, and its decoder's lists unused layers."""
    out = {}
    for name, value in arch.items():
        side = name.partition("_")[0]
        key = name.removesuffix("_avg").replace("_", "-")
        if name not in MEANS:
            out[f"{key}-subtransformer"] = value
            continue
        mean, layers = MEANS[name], ENCODER_DEPTH if side == "encoder" else arch["decoder_layer_num"]
        left, values = round(value * layers / mean.unit), []
        for layer in range(layers):
            rest = layers - layer - 1
            fits = [
                c for c in mean.choices if rest * min(mean.choices) <= left - c <= rest * max(mean.choices)
            ]
            values.append(fits[-1])
            left -= fits[-1]
        values = [{1: -1, 2: 1, 3: 2}[v] if "ende_attn" in name else v * mean.unit for v in values]
        out[f"{key}-all-subtransformer"] = values
    return out


def test_transformers_of_hat():
    space = SPACES["hat"]
    codes = space.sample(300, seed=0)
    archs, kept, made = space.format(codes), [], []
    for arch, code in zip(archs, codes, strict=True):
        config = configuration(arch)
        sums = {
            name: np.mean(config[f"{name.removesuffix('_avg').replace('_', '-')}-all-subtransformer"])
            for name in MEANS
            if "ende_attn" not in name
        }
        if all(sums[name] == pytest.approx(arch[name]) for name in sums):
            kept.append(code)
            made.append(config)
    assert len(kept) > 100
    np.testing.assert_array_equal(parse(made, notation="hat_yaml"), kept)
    lines = ["\n".join(f"{key}: {value}" for key, value in config.items()) + "\n" for config in made]
    np.testing.assert_array_equal(parse(lines, notation="hat_yaml"), kept)
    longer = {
        key: [*value, 512] if isinstance(value, list) and key.startswith("decoder") else value
        for key, value in made[0].items()
    }
    np.testing.assert_array_equal(parse([longer], notation="hat_yaml"), kept[:1])
    nested = {
        side: {
            key.removesuffix("-subtransformer").removesuffix("-all").replace("-", "_"): value
            for key, value in made[0].items()
            if key.startswith(side)
        }
        for side in ("encoder", "decoder")
    }
    np.testing.assert_array_equal(parse([nested], notation="hat_yaml"), kept[:1])
    key = "decoder-arbitrary-ende-attn-all-subtransformer"
    with pytest.raises(InputError, match="among -1, 1, 2, got 3"):
        parse([{**made[0], key: [3] * len(made[0][key])}], notation="hat_yaml")
    short = {key: value for key, value in made[0].items() if key != "decoder-layer-num-subtransformer"}
    with pytest.raises(InputError, match="decoder_layer_num must be there"):
        parse([short], notation="hat_yaml")


def test_an_unknown_notation_lists_those_there_are():
    with pytest.raises(
        UnknownNameError, match="arch_str, fbnet_names, hat_yaml, index, naslib, nni, op_idx_list"
    ):
        parse(["x"], notation="nas")
    with pytest.raises(UnknownNameError, match="notation of fbnet must be one of fbnet_names, op_idx_list"):
        parse([(0,) * 6], "fbnet", notation="naslib")
    with pytest.raises(UnknownNameError, match="notation must be one of"):
        parse(["x"], notation=3)


def test_every_door_takes_a_notation_and_a_generator():
    codes = CELLS.sample(8, seed=3)
    cells, theirs = CELLS.format(codes), [naslib(code) for code in codes.tolist()]
    wanted = archcast.predict(cells, "raspi4")
    np.testing.assert_array_equal(archcast.predict(iter(theirs), "raspi4", notation="naslib"), wanted)
    np.testing.assert_array_equal(archcast.predict(iter(cells), "raspi4"), wanted)
    low, _ = archcast.predict_interval(cells, "raspi4")
    np.testing.assert_array_equal(
        archcast.predict_interval(iter(theirs), "raspi4", notation="naslib")[0], low
    )
    np.testing.assert_array_equal(archcast.predict_interval(iter(cells), "raspi4")[0], low)
    table = archcast.features(cells).values
    np.testing.assert_array_equal(archcast.features(iter(theirs), notation="naslib").values, table)
    np.testing.assert_array_equal(archcast.features(iter(cells)).values, table)
    learned = archcast.adapt(cells, wanted, "my-board").predict(cells)
    for archs, notation in ((iter(theirs), "naslib"), (iter(cells), None)):
        made = archcast.adapt(archs, iter(wanted.tolist()), "my-board", notation=notation)
        np.testing.assert_array_equal(made.predict(iter(cells)), learned)
    picked = archcast.suggest(candidates=cells, n=3)
    assert archcast.suggest(candidates=iter(theirs), n=3, notation="naslib") == picked
    assert archcast.suggest(candidates=iter(cells), n=3) == picked
