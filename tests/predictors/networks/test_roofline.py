"""Prices under a roofline: their gradient, what they learn, by kernel, by device and after a file."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_networks import plain_network, tiny_labels

from archcast.core.errors import ArtifactError, InputError
from archcast.featurize.encoders.kernel_records import CLASSES
from archcast.featurize.encoders.kernel_roofs import ON_BYTES, ON_MACS, Roofs
from archcast.predictors import Card, load_any, read_manifest, save
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.networks.labels import NetworkLabels
from archcast.predictors.networks.roofline.predictor import Roofline
from archcast.predictors.networks.roofline.prices import SIZE, Prices

DEVICES = ("pixel4-tflite2.10-1large", "gpu9-torch2.4-b64-amp", "pixel4-tflite2.10-4large")


@pytest.fixture(scope="module")
def labels() -> NetworkLabels:
    return tiny_labels(DEVICES)


@pytest.fixture(scope="module")
def fitted(labels: NetworkLabels) -> Roofline:
    return Roofline().fit(labels)


def _roofs(k: int = 6) -> Roofs:
    made = np.random.default_rng(0)
    return Roofs(
        made.integers(0, len(CLASSES), k),
        made.uniform(0.1, 2.0, (k, 6)),
        made.uniform(0, 1, (k, len(ON_MACS))),
        made.uniform(0, 1, (k, len(ON_BYTES))),
    )


def test_the_gradient_is_that_of_small_steps() -> None:
    roofs, made = _roofs(), np.random.default_rng(1)
    flat, slopes = made.normal(0, 0.3, SIZE), made.normal(0, 1, 6)

    def total(values: np.ndarray) -> float:
        prices = Prices.of(values)
        return float(slopes @ prices.costs(roofs).total + 0.7 * prices.start)

    prices = Prices.of(flat)
    gradient = prices.gradient(roofs, prices.costs(roofs), slopes, 0.7)
    step = 1e-6 * np.eye(SIZE)
    stepped = np.array([(total(flat + s) - total(flat - s)) / 2e-6 for s in step])
    np.testing.assert_allclose(gradient, stepped, atol=1e-6)
    assert (gradient != 0).sum() > len(ON_MACS) + len(ON_BYTES) + 7


def test_a_roof_lies_between_the_longer_part_and_both() -> None:
    costs = Prices.of(np.zeros(SIZE)).costs(_roofs())
    moved = np.sum(costs.moved, axis=0)
    under = costs.total - costs.weights - costs.launched
    assert (under > np.maximum(costs.computed, moved)).all()
    assert (under < costs.computed + moved).all()


def test_flat_prices_are_the_same_prices() -> None:
    flat = np.arange(SIZE, dtype=float)
    np.testing.assert_array_equal(Prices.of(flat).flat, flat)


def test_costs_are_found(labels: NetworkLabels, fitted: Roofline) -> None:
    assert np.abs(fitted.predict(labels.networks) / labels.values - 1).mean() < 0.02


def test_a_family_left_out_is_predicted(labels: NetworkLabels) -> None:
    left = np.array([family == "family1" for family in labels.families])
    found = Roofline().fit(labels.rows(~left)).predict(labels.rows(left).networks)
    assert np.abs(found / labels.values[left] - 1).mean() < 0.15


def test_kernels_sum_to_the_network(fitted: Roofline) -> None:
    network = plain_network(8, 16, last="Sigmoid")
    rows = fitted.kernel_terms(network)
    assert (rows >= 0).all()
    np.testing.assert_allclose(rows.sum(axis=0), fitted.predict([network])[0], rtol=1e-5)
    np.testing.assert_allclose(fitted.shares(network).sum(axis=0), fitted.predict([network])[0], rtol=1e-5)


def test_one_device_is_as_it_is_among_others(fitted: Roofline, labels: NetworkLabels) -> None:
    network = plain_network(8, 16)
    whole = fitted.predict([network])
    np.testing.assert_array_equal(fitted.select((2, 0)).predict([network]), whole[:, [2, 0]])
    alone = Roofline().fit(labels.only(DEVICES[1:2]))
    np.testing.assert_array_equal(alone.predict([network])[:, 0], whole[:, 1])


def test_a_device_without_measurements_is_refused(labels: NetworkLabels) -> None:
    values = labels.values.copy()
    values[1:, 0] = np.nan
    with pytest.raises(InputError, match=r"at least 2 measurements of pixel4-tflite2\.10-1large, got 1"):
        Roofline().fit(NetworkLabels(labels.metric, DEVICES, labels.networks, values, labels.families))


def test_of_throughput_a_pass_has_prices(labels: NetworkLabels, fitted: Roofline) -> None:
    rates = NetworkLabels("throughput", DEVICES, labels.networks, 1000 / labels.values, labels.families)
    found = Roofline().fit(rates.only(DEVICES[:1])).predict(labels.networks)
    np.testing.assert_allclose(1000 / found, fitted.predict(labels.networks)[:, :1], rtol=1e-3)


def test_saved_and_loaded_it_predicts_the_same(fitted: Roofline, labels: NetworkLabels, tmp_path) -> None:  # type: ignore[no-untyped-def]
    save(fitted, tmp_path / "made", card=Card("latency of networks", ("made up",), ("none",), rows=12))
    again = load_any(read_manifest(tmp_path / "made"))
    np.testing.assert_allclose(again.predict(labels.networks), fitted.predict(labels.networks), rtol=1e-5)


def test_prices_of_other_classes_are_refused(fitted: Roofline) -> None:
    arrays = unpack(fitted.learned_files()["roofline.npz"], "roofline.npz")
    arrays["classes"] = arrays["classes"][::-1]
    with pytest.raises(ArtifactError, match=r"roofline\.npz must have this version's classes of kernels"):
        fitted.select((0,)).take_files({"roofline.npz": pack(arrays)})
