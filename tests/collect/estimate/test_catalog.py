"""An estimator from outside: registered by a program, of whole networks."""

import json

import numpy as np
import pytest

from archcast.collect.estimate import (
    ESTIMATORS,
    Estimator,
    LayerCost,
    NetworkEstimate,
    estimate_networks,
    estimate_rows,
    make_estimator,
)
from archcast.collect.estimate.records import layer_records, network_records
from archcast.collect.estimate.target_files import load_target
from archcast.core.errors import InputError
from archcast.featurize.cost import network_cost
from archcast.featurize.spaces import SPACES

TARGET = """
name: my-chip
version: 1
estimator: whole
hardware: {gmacs: 2.0}
conventions: {}
"""


class WholeNetworks(Estimator):
    """A microsecond a network, and the time of its multiply-adds; no sums of identity layers."""

    settable = {"gmacs": float}  # noqa: RUF012
    hardware_keys = ("gmacs",)
    worth_keeping = True

    @property
    def program(self) -> str:
        return "whole 1"

    def estimate(self, network) -> NetworkEstimate:
        macs = network_cost(network)[:, 2].sum()
        if macs < 3e7:
            raise InputError("my-chip does not run small networks")
        computing = macs / self.target.hardware["gmacs"] * 1e-6
        cost = LayerCost(
            computing + 1e-3, macs * 1e-9, {"compute": computing, "start": 1e-3}, {"all": macs * 1e-9}
        )
        return NetworkEstimate(self.target.label, cost, ())


@pytest.fixture
def target(home, tmp_path, monkeypatch):
    monkeypatch.setitem(ESTIMATORS._entries, "whole", WholeNetworks)
    path = tmp_path / "my-chip.yaml"
    path.write_text(TARGET)
    return str(path)


def test_an_estimator_of_whole_networks_needs_no_place_in_the_package(target) -> None:
    space, estimator = SPACES["macro"], make_estimator(load_target(target, {"gmacs": "4"}))
    codes = space.parse(["22222222", "00000000", "22222222", "12012100"])
    made = estimate_networks(estimator, space, codes)
    macs = np.array([network_cost(space.network(code))[:, 2].sum() for code in codes])
    assert (list(made.failures), made.priced) == ([1], 3)
    ran = np.array([0, 2, 3])
    np.testing.assert_allclose(made.latency_ms[ran], macs[ran] / 4e6 + 1e-3)
    np.testing.assert_allclose(made.energy_mj[ran], macs[ran] * 1e-9)
    assert np.isnan(made.latency_ms[1])
    np.testing.assert_allclose(made.latency_parts["start"], [1e-3, np.nan, 1e-3, 1e-3])
    rows = estimate_rows(estimator, made).to_pylist()
    assert [row["status"] for row in rows] == ["ok", "failed", "ok", "ok"] * 2
    assert rows[1]["note"] == "my-chip does not run small networks"
    assert json.loads(rows[0]["environment"])["dead_layers"] == "charged"
    assert network_records(estimator, space, made)[0]["target"] == "my-chip:gmacs=4"
    with pytest.raises(InputError, match="does not run small networks"):
        layer_records(estimator, space, made)


def test_its_costs_are_kept_and_its_targets_checked(target, tmp_path, monkeypatch) -> None:
    space = SPACES["macro"]
    first = estimate_networks(make_estimator(load_target(target)), space, ["22222222"])
    monkeypatch.setattr(WholeNetworks, "estimate", lambda *_: pytest.fail("estimated again"))
    again = estimate_networks(make_estimator(load_target(target)), space, ["22222222"])
    assert (again.latency_ms, again.energy_mj) == (first.latency_ms, first.energy_mj)
    (tmp_path / "bare.yaml").write_text(TARGET.replace("{gmacs: 2.0}", "{}"))
    with pytest.raises(InputError, match="hardware of my-chip must have the key gmacs"):
        load_target(str(tmp_path / "bare.yaml"))
