"""What a network's inputs are filled with."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx_files import image_model, text_model

import archcast
from archcast.collect.measure.network_inputs import network_inputs
from archcast.core.errors import InputError
from archcast.core.network import Network, Node, Value


def kinds(network: Network) -> dict[str, object]:
    return {given["name"]: given.get("below", given["kind"]) for given in network_inputs(network)}


def test_ids_stay_within_their_tables_and_masks_are_ones(tmp_path: Path) -> None:
    network = archcast.network(text_model(tmp_path / "t.onnx"), tokens=5)
    assert kinds(network) == {"ids": 50, "type_ids": 2, "attention_mask": "ones"}
    assert kinds(archcast.network(image_model(tmp_path / "i.onnx"))) == {"x": "normal"}


def test_other_types_by_what_they_hold() -> None:
    types = {"size": "int64", "pixels": "uint8", "flag": "bool", "half": "float16"}
    values = {name: Value(name, (1, 4), dtype) for name, dtype in types.items()}
    values["y"] = Value("y", (1, 4), "float16")
    network = Network(values, (Node("Relu", ("half",), ("y",)),), tuple(types), ("y",))
    assert kinds(network) == {"size": "ones", "pixels": 256, "flag": "ones", "half": "normal"}


def test_what_cannot_be_drawn_is_named() -> None:
    value = Value("words", (1,), "string")
    with pytest.raises(InputError, match="'words' of string cannot be drawn"):
        network_inputs(Network({"words": value}, (), ("words",), ("words",)))
    with pytest.raises(InputError, match="dimension 'n' of 'x' is not bound"):
        network_inputs(Network({"x": Value("x", ("n",))}, (), ("x",), ("x",)))
