"""Networks packed into blocks."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest
from onnx_files import image_model

import archcast
from archcast.collect.networks import as_stored
from archcast.core.errors import DataError, InputError
from archcast.core.network import Network, Node, Value
from archcast.featurize import packed
from archcast.featurize.packed import Block, pack


def odd() -> Network:
    """Weights that are shared, optional inputs and outputs, a part that is left and entered again."""
    values = {
        "data": Value("data", (1, 4)),
        "w": Value("w", (4, 4), constant=True, learned=True),
        "low": Value("low", (), constant=True, data=(0.1,), learned=False),
        "a": Value("a", (1, 4)),
        "b": Value("b", (1, "n"), "float16"),
        "c0": Value("c0", None),
        "z": Value("z", (1, 4)),
    }
    nodes = (
        Node("MatMul", ("data", "w"), ("a",), {}, "one"),
        Node(
            "com.me::Odd", ("a", "", "low"), ("b", "", "c0"), {"alpha": 0.25, "axes": (), "how": "x"}, "two.b"
        ),
        Node("MatMul", ("a", "w"), ("z",), {"beta": (1, 2)}, "one"),
    )
    return Network(values, nodes, ("data",), ("z", "b"), opset=20)


def test_a_network_is_unpacked_as_it_was_but_for_names(tmp_path: Path) -> None:
    image = as_stored(archcast.network(image_model(tmp_path / "image.onnx")))
    block = Block(pack([odd(), image, odd()]))
    assert len(block) == 3
    assert [block[i].key for i in (2, 1, 0)] == [odd().key, image.key, odd().key]
    back = block[0]
    assert [node.part for node in back.nodes] == ["one", "two.b", "one"]
    assert back.inputs == ("data",)
    assert back.opset == 20
    weights = [value for value in back.values.values() if value.constant]
    assert [(v.shape, v.learned, v.data) for v in weights] == [((4, 4), True, None), ((), False, (0.1,))]
    assert block[1].summary().macs == image.summary().macs > 0


def test_networks_that_repeat_take_little_more_than_one() -> None:
    assert len(pack([odd()] * 50)) < 2 * len(pack([odd()]))


def test_what_is_not_packed_is_refused() -> None:
    x, y = Value("x", (1,)), Value("y", (1,))
    tensor = Value("t", (1,), constant=True)
    network = Network({"x": x, "y": y}, (Node("Odd", ("x",), ("y",), {"t": tensor}),), ("x",), ("y",))
    with pytest.raises(InputError, match=r"Odd has a tensor or a sub-graph as t"):
        pack([network])
    named = Network({"v1": Value("v1", (1,)), "y": y}, (Node("Relu", ("v1",), ("y",)),), ("v1",), ("y",))
    with pytest.raises(InputError, match="must not be named like v1"):
        pack([named])


def test_a_damaged_block_is_told() -> None:
    whole = pack([odd()])
    with pytest.raises(DataError, match="a block of packed networks is damaged"):
        Block(whole[:40])
    body = lzma.decompress(whole, lzma.FORMAT_RAW, filters=list(packed._FILTERS))
    short = lzma.compress(body[:-6], lzma.FORMAT_RAW, filters=list(packed._FILTERS))
    with pytest.raises(DataError, match="network 0 of a block is damaged"):
        _ = Block(short)[0]
