"""Structures of measured networks, kept by key."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx_files import image_model

import archcast
from archcast.collect.networks import NetworkStore, as_stored
from archcast.core.errors import DataError, UnknownNameError
from archcast.core.network import Network, Node, Value


def two_ways() -> Network:
    """A condition on which one of two sub-graphs runs, and small constants of odd types."""
    x = Value("x", (1, 4))
    body = {"x2": Value("x2", (1, 4))}
    then = Network(body, (Node("Relu", ("x",), ("x2",)),), (), ("x2",), frozenset({"x"}))
    other = Network(body, (Node("Neg", ("x",), ("x2",)),), (), ("x2",), frozenset({"x"}))
    values = {
        "x": x,
        "c": Value("c", (), "bool"),
        "y": Value("y", (1, 4)),
        "b": Value("b", (2,), "bfloat16", constant=True, data=(1.0, -0.5)),
        "w": Value("w", (300, 4), constant=True),
        "i": Value("i", (1,), "int64", constant=True, data=(3,)),
        "e": Value("e", (1, 4)),
        "z": Value("z", (1, 4)),
        "n": Value("n", None),
        "cast": Value("cast", (2,), "float32"),
    }
    nodes = (
        Node("If", ("c",), ("y",), {"then_branch": then, "else_branch": other}, "top.half"),
        Node("Gather", ("w", "i"), ("e",), {"axis": 0}),
        Node("Add", ("y", "e"), ("z",)),
        Node("Cast", ("b",), ("cast",), {"to": 1}),
        Node("com.me::Odd", ("z",), ("n",), {"alpha": 0.1, "axes": ()}),
    )
    return Network(values, nodes, ("x", "c"), ("z", "cast"))


def test_a_network_is_read_back_as_it_was_with_every_shape(tmp_path: Path) -> None:
    store = NetworkStore(tmp_path / "networks")
    assert store.keys() == ()
    network = two_ways()
    key = store.add(network)
    assert key in store
    assert store.keys() == (key,)
    back = store.read(key)
    assert back.key == key == as_stored(back).key
    assert {n: v.shape for n, v in back.values.items()} == {n: v.shape for n, v in network.values.items()}
    assert back.nodes[0].part == "top.half"
    assert back.nodes[0].bodies[0].outer == {"x"}


def test_a_files_network_has_the_key_it_is_kept_under(tmp_path: Path) -> None:
    store = NetworkStore(tmp_path / "networks")
    for width in (4, 64):
        network = archcast.network(image_model(tmp_path / "m.onnx", width=width))
        assert store.add(network) == network.key
        size = (store.folder / f"{network.key}.onnx").stat().st_size
        assert size < 800 * len(network)
    assert len(store.keys()) == 2


def test_a_module_has_one_key_before_and_after(tmp_path: Path) -> None:
    from torch import nn

    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 5))
    store = NetworkStore(tmp_path)
    key = store.add(archcast.network(module.eval(), example=(1, 3, 8, 8)))
    assert store.add(store.read(key)) == key


def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path) -> None:
    store = NetworkStore(tmp_path)
    key = store.add(two_ways())
    other = "0" * 64
    (tmp_path / f"{key}.onnx").rename(tmp_path / f"{other}.onnx")
    with pytest.raises(DataError, match="another than its name says"):
        store.read(other)
    (tmp_path / f"{other}.onnx").write_bytes(b"\xff\xff")
    with pytest.raises(DataError, match="cannot be read"):
        store.read(other)
    with pytest.raises(UnknownNameError, match="network in"):
        store.read(key)
    with pytest.raises(UnknownNameError, match="network in"):
        store.read("../../etc/passwd")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write the network"):
        NetworkStore(tmp_path / "file" / "networks").add(two_ways())
