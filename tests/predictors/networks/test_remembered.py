"""What is left of networks that taught."""

from importlib.resources import files

import numpy as np
import pytest
from made_up_networks import plain_network, tiny_labels

from archcast.collect.structures import structures
from archcast.predictors import Card, load_any, read_manifest, save
from archcast.predictors.networks.remembered import Remembered, work_by_class
from archcast.predictors.networks.sums import Sums

DEVICES = ("board1-ncnn-1t", "board2-ncnn-1t", "phone-tflite2.10-1large")


def work(networks):
    return np.stack([work_by_class(network).sum(axis=0) for network in networks])


@pytest.fixture
def made():
    labels = tiny_labels(DEVICES)
    labels.values[3] *= [2.0, 2.0, 1.0]
    labels.values[5, 1] = np.nan
    fitted = Sums().fit(labels)
    fitted.remember(labels)
    return fitted, labels


def test_a_network_that_taught_is_told_as_it_was_measured(made):
    fitted, labels = made
    rests, sure = fitted.remembered(work(labels.networks))
    np.testing.assert_allclose(sure, 1.0, atol=0.02)
    told = fitted.predict(labels.networks) * np.exp(rests)
    known = np.isfinite(labels.values)
    np.testing.assert_allclose(told[known], labels.values[known], rtol=0.02)


def test_what_was_not_measured_has_the_rest_of_its_kind(made):
    fitted, _ = made
    kept = fitted.remembered_
    assert np.isfinite(kept.rests).all()
    labels = tiny_labels(DEVICES)
    predicted = labels.values / np.exp([0.4, 0.0, 0.1])
    labels.values[2, 1] = np.nan
    found = Remembered.of(labels, predicted, work(labels.networks))
    rests, _ = found.at(work(labels.networks[2:3]))
    np.testing.assert_allclose(rests[0], [0.4, 0.2, 0.1], atol=0.02)


def test_another_network_is_not_remembered(made):
    fitted, _ = made
    rests, sure = fitted.remembered(work([plain_network(7, 90, 300, side=30)]))
    assert sure[0] < 0.01
    assert np.abs(rests).max() < 0.01
    empty, none = Sums().fit(tiny_labels(DEVICES)).remembered(work([plain_network(8)]))
    assert empty.shape == (1, 3)
    assert not empty.any()
    assert not none.any()


def test_it_is_saved_and_selected_with_its_devices(made, tmp_path):
    fitted, labels = made
    save(fitted, tmp_path / "made", card=Card("made up"))
    again = load_any(read_manifest(tmp_path / "made"))
    asked = work(labels.networks)
    np.testing.assert_allclose(again.remembered(asked)[0], fitted.remembered(asked)[0], atol=2e-3)
    np.testing.assert_array_equal(
        fitted.select((2, 0)).remembered(asked)[0], fitted.remembered(asked)[0][:, [2, 0]]
    )


@pytest.mark.parametrize(
    ("entry", "table"), [("network-boards", "ncnn"), ("network-phones", "mobile_ml_bench")]
)
def test_what_ships_remembers_what_taught_it(entry, table):
    shipped = load_any(read_manifest(files("archcast") / "zoo" / entry))
    known = structures()
    network = next(known.network(r) for r in known.of(table) if r.name in ("resnet18", "mobilenet"))
    rests, sure = shipped.remembered(work([network]))
    assert sure[0] > 0.9
    assert np.abs(rests).max() > 0.01
