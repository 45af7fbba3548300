"""Sums of prices times work: exact on made-up prices, the same by kernel, by device and after a file."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_networks import plain_network, tiny_labels

from archcast.core.errors import ArtifactError, InputError
from archcast.predictors import Card, load_any, read_manifest, save
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.networks.labels import NetworkLabels
from archcast.predictors.networks.sums import Sums, SumsConfig

DEVICES = ("pixel4-tflite2.10-1large", "pixel4-tflite2.10-4large", "pixel4-tflite2.10-gpu-fp16")


@pytest.fixture(scope="module")
def labels() -> NetworkLabels:
    return tiny_labels(DEVICES)


@pytest.fixture(scope="module")
def fitted(labels: NetworkLabels) -> Sums:
    return Sums().fit(labels)


def test_costs_that_are_sums_are_found(labels: NetworkLabels, fitted: Sums) -> None:
    error = np.abs(fitted.predict(labels.networks) / labels.values - 1)
    assert error.mean() < 0.02


def test_a_family_left_out_is_predicted(labels: NetworkLabels) -> None:
    left = np.array([family == "family1" for family in labels.families])
    found = Sums().fit(labels.rows(~left)).predict(labels.rows(left).networks)
    assert np.abs(found / labels.values[left] - 1).mean() < 0.15


def test_kernels_sum_to_the_network(fitted: Sums) -> None:
    network = plain_network(8, 16, last="Sigmoid")
    rows = fitted.kernel_terms(network)
    assert (rows >= 0).all()
    np.testing.assert_allclose(rows.sum(axis=0), fitted.predict([network])[0], rtol=1e-5)
    np.testing.assert_allclose(fitted.shares(network).sum(axis=0), fitted.predict([network])[0], rtol=1e-5)


def test_a_network_of_two_small_nodes_costs_a_kernel_at_least(labels: NetworkLabels) -> None:
    kernels = np.array([len(Sums.kernels(Sums().fit(labels), network)) for network in labels.networks])
    sizes = np.array([network.summary().macs for network in labels.networks], dtype=np.float64)
    costs = np.repeat(sizes[:, None] / sizes.max(), len(DEVICES), axis=1)  # nothing to be paid at the start
    found = Sums().fit(NetworkLabels("latency", DEVICES, labels.networks, costs, labels.families))
    least = (costs[:, 0] / kernels).min()
    starts = np.array([found.weights_[column][-1] for column in range(len(DEVICES))])
    assert (starts >= 0.999 * least).all()
    assert (found.predict([plain_network(1, side=2)])[0] >= 0.999 * least).all()
    assert (np.abs(found.predict(labels.networks) / costs - 1)).mean() < 0.2


def test_one_device_is_as_it_is_among_others(fitted: Sums) -> None:
    network = plain_network(8, 16)
    np.testing.assert_array_equal(
        fitted.select((2, 0)).predict([network]), fitted.predict([network])[:, [2, 0]]
    )


def test_devices_learn_from_what_they_measured(labels: NetworkLabels) -> None:
    values = labels.values.copy()
    values[:4, 1] = np.nan
    holes = NetworkLabels(labels.metric, DEVICES, labels.networks, values, labels.families)
    config = SumsConfig(ridges=(0.02,))
    whole, part = Sums(config).fit(labels), Sums(config).fit(holes)
    alone = Sums(config).fit(holes.rows(np.arange(4, 12)).only(DEVICES[1:2]))
    np.testing.assert_array_equal(part.predict(labels.networks)[:, 0], whole.predict(labels.networks)[:, 0])
    np.testing.assert_array_equal(part.predict(labels.networks)[:, 1], alone.predict(labels.networks)[:, 0])


def test_a_device_without_measurements_is_refused(labels: NetworkLabels) -> None:
    values = labels.values.copy()
    values[1:, 2] = np.nan
    with pytest.raises(InputError, match=r"at least 2 measurements of pixel4-tflite2\.10-gpu-fp16, got 1"):
        Sums().fit(NetworkLabels(labels.metric, DEVICES, labels.networks, values, labels.families))


def test_saved_and_loaded_it_predicts_the_same(fitted: Sums, labels: NetworkLabels, tmp_path) -> None:  # type: ignore[no-untyped-def]
    save(fitted, tmp_path / "sums", card=Card("latency of networks", ("made up",), ("none",), rows=12))
    again = load_any(read_manifest(tmp_path / "sums"))
    np.testing.assert_array_equal(again.predict(labels.networks), fitted.predict(labels.networks))


def test_prices_of_other_columns_are_refused(fitted: Sums) -> None:
    files = fitted.learned_files()
    arrays = unpack(files["prices_maps.npz"], "prices_maps.npz")
    arrays["names"] = arrays["names"][::-1]
    with pytest.raises(ArtifactError, match=r"prices_maps\.npz must have this version's columns"):
        fitted.select((0, 1, 2)).take_files(files | {"prices_maps.npz": pack(arrays)})


def test_throughput_is_what_the_time_of_a_pass_leaves_room_for() -> None:
    devices = ("alveo-u50-vitis_ai2.5-int8", "rtx4090-torch2.4-b256-amp")
    times = tiny_labels(devices)
    batches = np.array([1, 256])
    values = 1000 * batches / times.values
    rates = NetworkLabels("throughput", devices, times.networks, values, times.families)
    config = SumsConfig(ridges=(0.02,))
    of_times, of_rates = Sums(config).fit(times), Sums(config).fit(rates)
    expected = 1000 * batches / of_times.predict(times.networks)
    np.testing.assert_allclose(of_rates.predict(times.networks), expected, rtol=1e-5)
    network = times.networks[0]
    np.testing.assert_allclose(
        of_rates.shares(network).sum(axis=0), of_rates.predict([network])[0], rtol=1e-5
    )
    assert (of_rates.shares(network) >= 0).all()
