"""Forms of others that are named, whatever space is asked for."""

from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest

import archcast
from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES, parse

Genotype = namedtuple("Genotype", "normal normal_concat reduce reduce_concat")
EDGES_301 = {"NetworkSelectorDatasetInfo:darts:edge_normal_0": "max_pool_3x3"}
CELL = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
OFA = SPACES["ofa_mbv3"].format(SPACES["ofa_mbv3"].sample(1, seed=0))[0]

NAMED = {
    "size": ("64:8:24:64:16", "NATS-Bench's size space: its space is not known"),
    "trans macro": ("64-1234-basic", "TransNAS-Bench-101"),
    "trans micro": ("64-41414-1_02_333", "TransNAS-Bench-101"),
    "genotype": (Genotype([("sep_conv_3x3", 0)], [2], [("skip_connect", 1)], [3]), "a genotype of DARTS"),
    "genotype text": ("Genotype(normal=[('sep_conv_3x3', 0)], reduce=[])", "a genotype of DARTS"),
    "genotype dict": ({"normal": [], "reduce": []}, "a genotype of DARTS"),
    "301": (EDGES_301, "NAS-Bench-301"),
    "301 of NASLib": ((((0, 1),) * 8, ((1, 2),) * 8), "NAS-Bench-301"),
    "101": ({"matrix": [[0, 1], [0, 0]], "ops": ["input", "conv3x3-bn-relu", "output"]}, "NAS-Bench-101"),
    "101 of a table": (
        {"module_adjacency": [[0, 1], [0, 0]], "module_operations": ["input", "output"]},
        "NAS-Bench-101",
    ),
    "101 itself": (SimpleNamespace(matrix=np.eye(2), ops=["input", "maxpool3x3", "output"]), "NAS-Bench-101"),
    "101 of NNI": ({"op1": "conv3x3-bn-relu", "input1": [0]}, "NAS-Bench-101"),
    "graph": ({"ops": np.eye(9, 8, dtype=int).tolist()}, "HELP's graph of one-hot rows"),
    "graph alone": (np.eye(5, dtype=int), "HELP's graph of one-hot rows"),
    "resnet50": ({"d": [0] * 5, "e": [0.2] * 18, "w": [0] * 6, "image_size": 224}, "Once-for-All's ResNet50"),
    "image_size": ({**{k: OFA[k] for k in ("ks", "e", "d")}, "image_size": 192}, "call that key r"),
    "one number": ({"ks": 7, "e": 6, "d": 4, "r": 224}, "one number for all layers"),
    "configuration": (
        {"name": "MobileNetV3", "first_conv": {}, "blocks": [], "classifier": {}},
        "configuration",
    ),
    "log": (f"[2026-02-11 09:14:02] the best : {CELL} acc 93.9", "from bar to bar"),
    "quotes": (f"'{CELL}'", "from bar to bar"),
    "quoted digits": ("'00000000'", "text in quotes: leave the quotes out"),
    "lost zeros": (2012100, "NAS-Bench-Macro's digits as a number"),
    "numbers of several": ([2012100, 12012100], "numbers of several networks in one list"),
    "bare": ("7,8,1,8,4,8,8,8,7,4,1,4,7,3,2,7,3,2,4,2,4,5", "FBNet's numbers without brackets"),
    "bare by spaces": (" ".join("7" * 22), "FBNet's numbers without brackets: put them in brackets"),
    "another file": (
        " nets/Model.TFLITE",
        "a model file of a form that is not read: export the model as ONNX",
    ),
    "content": (b"\x08\x07", r"read it with archcast\.network"),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_known_form_is_named_with_what_to_do(name):
    item, told = NAMED[name]
    with pytest.raises(InputError, match=rf"looks like .*{told}.* \(item 0\)") as caught:
        parse([item])
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=told):
        archcast.predict([item], "no-such-device", metric="no-such-metric")


@pytest.mark.parametrize("space", ["nasbench201", "fbnet", "ofa_mbv3", "mnasnet", "macro", "hat", "skipnet"])
def test_a_form_is_named_also_where_a_space_is_asked_for(space):
    own = SPACES[space].format(SPACES[space].sample(1, seed=0))
    for item, told in (NAMED["size"], NAMED["301"], NAMED["graph"]):
        with pytest.raises(InputError, match=rf"{told}.* \(item 1\)"):
            parse([*own, item], space)
    with pytest.raises(InputError, match=r"a network or model file.*\(item 0\)"):
        parse(["net.onnx"], space)


def test_torch_modules_are_named():
    torch = pytest.importorskip("torch")
    with pytest.raises(InputError, match="a network or model file, which is of no search space"):
        parse([torch.nn.ReLU()], "nasbench201")
    with pytest.raises(InputError, match="must be read with the shape of its input first"):
        archcast.predict([torch.nn.ReLU()], "pixel4-tflite2.10-1large")


@pytest.mark.parametrize("name", SPACES.names())
def test_members_look_like_nothing_else(name):
    space = SPACES[name]
    archs = space.format(space.sample(200, seed=1))
    np.testing.assert_array_equal(parse(archs), space.sample(200, seed=1))


def test_numbers_that_were_not_put_in_a_list():
    with pytest.raises(InputError, match="22 numbers, which may be one of fbnet: put it in a list"):
        parse([0] * 22)
    with pytest.raises(InputError, match="an index of NAS-Bench-201"):
        parse([3, 4])
    with pytest.raises(InputError, match=r"an array of shape \(3,\): put one architecture in a list"):
        parse(np.arange(3))
    with pytest.raises(InputError, match=r"one-hot rows of fbnet have: .*\.reshape\(-1, 22, 9\)"):
        parse(np.zeros((2, 198), dtype=np.int8))


def test_text_is_trimmed_everywhere_alike():
    for name in ("nasbench201", "macro", "ofa_mbv3", "fbnet"):
        space = SPACES[name]
        codes = space.sample(3, seed=0)
        padded = [f" \t{text}\n" for text in space.to_text(codes)]
        np.testing.assert_array_equal(parse(padded), codes)
        np.testing.assert_array_equal(parse(padded, name), codes)


def test_digits_that_may_have_lost_a_zero_are_asked_about():
    for text in ("2012100", "1111"):
        with pytest.raises(InputError, match="was a leading 0 lost"):
            parse([text])
    with pytest.raises(InputError, match="an index of NAS-Bench-201"):
        parse(["12804"])
