"""The geometric mean of sums and of a roofline keeps the contract."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_networks import plain_network, tiny_labels

from archcast.predictors import Card, load_any, read_manifest, save
from archcast.predictors.networks.blend import Blend, BlendConfig
from archcast.predictors.networks.labels import NetworkLabels
from archcast.predictors.networks.roofline.predictor import Roofline
from archcast.predictors.networks.sums import Sums

DEVICES = ("pixel4-tflite2.10-1large", "gpu9-torch2.4-b64-amp")


@pytest.fixture(scope="module")
def labels() -> NetworkLabels:
    return tiny_labels(DEVICES)


@pytest.fixture(scope="module")
def fitted(labels: NetworkLabels) -> Blend:
    return Blend(BlendConfig(roofline=0.25)).fit(labels)


def test_it_is_the_weighted_geometric_mean(fitted: Blend, labels: NetworkLabels) -> None:
    sums, roofline = Sums().fit(labels), Roofline().fit(labels)
    mean = sums.predict(labels.networks) ** 0.75 * roofline.predict(labels.networks) ** 0.25
    np.testing.assert_allclose(fitted.predict(labels.networks), mean, rtol=1e-5)


def test_kernels_sum_to_the_network(fitted: Blend) -> None:
    network = plain_network(8, 16, last="Sigmoid")
    terms = fitted.kernel_terms(network)
    assert terms.shape[1] == fitted.terms_count == 4
    total = terms.sum(axis=0, keepdims=True)
    np.testing.assert_allclose(total, fitted.terms([network]), rtol=1e-9)
    np.testing.assert_allclose(fitted.finish(total), fitted.predict([network]), rtol=1e-6)
    np.testing.assert_allclose(fitted.finish(2 * total), 2 * fitted.finish(total), rtol=1e-9)
    shares = fitted.shares(network)
    assert (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(axis=0), fitted.predict([network])[0], rtol=1e-5)


def test_one_device_is_as_it_is_among_others(fitted: Blend) -> None:
    network = plain_network(8, 16)
    np.testing.assert_array_equal(
        fitted.select((1, 0)).predict([network]), fitted.predict([network])[:, [1, 0]]
    )


def test_devices_of_one_kind_are_alike(fitted: Blend) -> None:
    assert fitted.alike() == [[0], [1]]


def test_of_throughput_a_pass_has_prices(fitted: Blend, labels: NetworkLabels) -> None:
    rates = NetworkLabels("throughput", DEVICES, labels.networks, 1000 / labels.values, labels.families)
    made = Blend(BlendConfig(roofline=0.25)).fit(rates.only(DEVICES[:1]))
    network = plain_network(8, 16)
    np.testing.assert_allclose(
        1000 / made.predict([network])[0, 0], fitted.predict([network])[0, 0], rtol=1e-3
    )
    terms = made.terms([network])
    np.testing.assert_allclose(made.finish(2 * terms), made.finish(terms) / 2, rtol=1e-9)


def test_saved_and_loaded_it_predicts_the_same(fitted: Blend, labels: NetworkLabels, tmp_path) -> None:  # type: ignore[no-untyped-def]
    save(fitted, tmp_path / "made", card=Card("latency of networks", ("made up",), ("none",), rows=12))
    again = load_any(read_manifest(tmp_path / "made"))
    assert again.config == fitted.config
    np.testing.assert_allclose(again.predict(labels.networks), fitted.predict(labels.networks), rtol=1e-5)
