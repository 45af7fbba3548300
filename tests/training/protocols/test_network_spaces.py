"""Protocols of members of one space that teach what another's members cost."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_networks import tiny_labels

from archcast.core.labels import Labels, Target
from archcast.featurize.networks import NETWORK
from archcast.featurize.spaces import SPACES
from archcast.predictors.networks.adapt.sources import Sources
from archcast.predictors.networks.sums import Sums
from archcast.training.networks.few import answers_of
from archcast.training.networks.labels import MeasuredStructures
from archcast.training.protocols import load_protocol, network_spaces, run_protocol

SOURCES = ("pixel4-tflite2.10-1large", "nokia7-tflite2.10-1large")
BOARDS = ("board_a", "board_b", "board_c")


def members(space, count):
    """Costs that are sums over the networks' multiply-adds and nodes, so many times that of each device."""
    chosen = SPACES[space]
    codes = chosen.sample(count, seed=3)
    networks = [chosen.network(code) for code in codes]
    costs = Sums().fit(tiny_labels(SOURCES)).predict(networks)[:, 0].astype(float)
    values = costs[:, None] * np.array([1.0, 3.0, 9.0])
    targets = tuple(Target(device, chosen.datasets[0]) for device in BOARDS)
    return Labels(space, "latency", chosen.datasets[0], targets, codes, values)


@pytest.fixture
def protocol(monkeypatch):
    monkeypatch.setattr(
        network_spaces, "teaching", lambda source: MeasuredStructures(tiny_labels(SOURCES), ())
    )
    tables = {space: members(space, 24) for space in ("nasbench201", "fbnet")}
    read = load_protocol("network-spaces")
    monkeypatch.setattr(type(read.spaces[0]), "labels", lambda self: tables[self.space])
    changes = {"members": 20, "measured": (3,), "seeds": 1, "spaces": read.spaces[:2]}
    return read.model_copy(update=changes | {"sources": read.sources[:1]})


def test_every_pair_of_spaces_and_every_space_by_itself(protocol):
    records = run_protocol(protocol).records
    told = [(r["predictor"], r["measured_space"], r["predicted_space"], r["device"]) for r in records]
    spaces = ("nasbench201", "fbnet")
    assert told == [("networks", a, b, d) for a in spaces for b in spaces for d in (*BOARDS, "mean")] + [
        ("within-space", a, a, d) for a in spaces for d in (*BOARDS, "mean")
    ]
    across = [r for r in records if r["predictor"] == "networks"]
    assert all(r["spearman"] > 0.95 and r["mape"] < 0.2 for r in across)
    assert NETWORK not in {r["measured_space"] for r in records}


def test_what_was_measured_is_not_tested_within_one_space(protocol):
    labels = members("nasbench201", 12)
    source = Sources((Sums().fit(tiny_labels(SOURCES)),))
    told = answers_of(source, [SPACES["nasbench201"].network(code) for code in labels.codes])
    same = network_spaces._Members(labels, labels.devices, labels, told)
    rows = np.arange(4)
    spoiled = labels.values.copy()
    found = network_spaces._across(same, same, rows, "board_a")
    assert found["rows"] == 8
    assert found["mape"] < 0.05
    np.testing.assert_array_equal(labels.values, spoiled)
