"""Model files as they are sent to a runner."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx_files import image_model, text_model

import archcast
from archcast.collect.measure.drawn_inputs import draw_inputs
from archcast.collect.measure.model_file import has_weights, own_bytes
from archcast.collect.measure.network_inputs import network_inputs
from archcast.core.errors import InputError


def test_a_file_with_weights_and_bound_sides_is_sent_as_it_is(tmp_path: Path) -> None:
    path = image_model(tmp_path / "m.onnx")
    assert has_weights(path)
    assert own_bytes(path, archcast.network(path)) == path.read_bytes()


def test_open_sides_get_the_networks_numbers_and_weights_stay(tmp_path: Path) -> None:
    path = text_model(tmp_path / "m.onnx")
    network = archcast.network(path, batch=2, tokens=5)
    sent = own_bytes(path, network)
    session = onnxruntime.InferenceSession(sent, providers=["CPUExecutionProvider"])
    assert [given.shape for given in session.get_inputs()] == [[2, 5]] * 3
    feed = draw_inputs(network_inputs(network))
    own = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    np.testing.assert_array_equal(session.run(None, feed)[0], own.run(None, feed)[0])


def test_weights_in_other_files_are_put_in_and_missed_when_they_are_gone(tmp_path: Path) -> None:
    path = image_model(tmp_path / "m.onnx", outside="m.weights")
    network = archcast.network(path)
    assert has_weights(path)
    whole = own_bytes(path, network)
    onnxruntime.InferenceSession(whole, providers=["CPUExecutionProvider"])
    assert len(whole) > path.stat().st_size
    (tmp_path / "m.weights").unlink()
    assert not has_weights(path)
    with pytest.raises(InputError, match=r"m\.onnx cannot be sent as it is"):
        own_bytes(path, network)


def test_weights_outside_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = image_model(tmp_path / "in" / "m.onnx", outside="m.weights")
    (tmp_path / "in" / "m.weights").rename(tmp_path / "a.weights")
    path.write_bytes(path.read_bytes().replace(b"m.weights", b"../a.weig"))
    (tmp_path / "a.weights").rename(tmp_path / "a.weig")
    assert not has_weights(path)


def test_a_file_without_weights_has_none(tmp_path: Path) -> None:
    assert not has_weights(image_model(tmp_path / "m.onnx", strip=True))
