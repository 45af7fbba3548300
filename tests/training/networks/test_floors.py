"""What predictors of networks are compared with."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_networks import tiny_labels

from archcast.featurize.encoders.kernel_table import kernel_table
from archcast.featurize.encoders.program import Program
from archcast.predictors.networks.labels import NetworkLabels
from archcast.training.networks.floors import FLOORS, LogLinear, MultiplyAdds

DEVICES = ("pixel4-tflite2.10-1large", "pixel4-tflite2.10-4large")


@pytest.fixture(scope="module")
def labels() -> NetworkLabels:
    return tiny_labels(DEVICES)


def test_multiply_adds_have_one_factor_a_device(labels: NetworkLabels) -> None:
    said = MultiplyAdds().fit(labels).predict(labels.networks)
    macs = [kernel_table(n, Program("tflite")).field("macs").sum() for n in labels.networks]
    factors = said / np.array(macs)[:, None]
    np.testing.assert_allclose(factors, np.broadcast_to(factors[:1], factors.shape), rtol=1e-3)
    np.testing.assert_allclose(np.median(said / labels.values, axis=0), 1, rtol=0.5)


def test_a_weighted_sum_of_logs_is_nearer(labels: NetworkLabels) -> None:
    plain, weighted = (
        np.abs(np.log(made().fit(labels).predict(labels.networks) / labels.values)).mean()
        for made in (MultiplyAdds, LogLinear)
    )
    assert weighted < plain
    assert weighted < 0.2


@pytest.mark.parametrize("name", list(FLOORS))
def test_throughput_is_the_inverse_of_the_time(name: str, labels: NetworkLabels) -> None:
    rates = NetworkLabels("throughput", DEVICES, labels.networks, 1000 / labels.values, labels.families)
    times = FLOORS[name]().fit(labels).predict(labels.networks)
    assert times.shape == labels.values.shape
    said = FLOORS[name]().fit(rates).predict(labels.networks)
    np.testing.assert_allclose(said * times, 1000, rtol=1e-5)


@pytest.mark.parametrize("name", list(FLOORS))
def test_what_was_not_measured_does_not_teach(name: str, labels: NetworkLabels) -> None:
    values = labels.values.copy()
    values[:2, 0] = np.nan
    holes = NetworkLabels(labels.metric, DEVICES, labels.networks, values, labels.families)
    alone = FLOORS[name]().fit(labels.rows(range(2, 12)).only(DEVICES[:1]))
    said = FLOORS[name]().fit(holes).predict(labels.networks)
    np.testing.assert_allclose(said[:, :1], alone.predict(labels.networks), rtol=1e-9)
