"""Protocols of new devices from a few networks of any form."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_networks import tiny_labels

from archcast.collect.structures import Structure
from archcast.core.errors import InputError
from archcast.predictors.networks.adapt.sources import hardware_of
from archcast.training.networks import few
from archcast.training.networks.labels import MeasuredStructures
from archcast.training.protocols import load_protocol, network_devices, run_protocol

DEVICES = (
    "pixel4-tflite2.10-1large",
    "pixel4-tflite2.10-4large-int8",
    "galaxy9-tflite2.10-1large",
    "galaxy9-tflite2.10-4large-int8",
    "nokia7-tflite2.10-1large",
)


def measured(table="", metric="latency", *, most=None) -> MeasuredStructures:
    labels = tiny_labels(DEVICES)
    n = len(labels)
    families = tuple(f"family{i % 6}" for i in range(n))
    labels = type(labels)(metric, DEVICES, labels.networks, labels.values, families)
    records = tuple(
        Structure(f"net{i}", "ncnn", f"key{i}", families[i], "coarse", i, "", 16, 1, 1) for i in range(n)
    )
    return MeasuredStructures(labels, records)


@pytest.fixture
def protocol(monkeypatch):
    monkeypatch.setattr(network_devices, "network_labels", measured)
    changes = {"least": 5, "folds": 3, "measured": (3,), "seeds": 2}
    read = load_protocol("network-phones-new")
    return read.model_copy(update=changes | {"sources": read.sources[:1]})


def test_a_record_a_method_a_number_of_measurements_and_a_kind(protocol):
    records = run_protocol(protocol).records
    assert [(r["predictor"], r["measured"], r["kind"], r["settings"], r["seeds"]) for r in records] == [
        (f"adapted, {method}", 3, kind, settings, 1 if method == "suggested" else 2)
        for method in ("three-families", "many-families", "suggested")
        for kind, settings in (("all", 5), ("tflite fp32", 3), ("tflite int8", 2))
    ]
    assert all(0 < r["mape"] < 0.5 and r["spearman"] > 0.8 and 0 <= r["coverage_90"] <= 1 for r in records)


def test_neither_the_device_nor_the_families_teach_the_sources(protocol, monkeypatch):
    taught = []
    plain = few.new

    class Watched:
        def __init__(self):
            self.model = plain("sums")

        def fit(self, labels):
            taught.append(set(labels.families))
            return self.model.fit(labels)

    monkeypatch.setattr(few, "new", lambda family: Watched())
    target = measured()
    folds = np.arange(12) % 3
    told = few.answers_of_unseen(target, [target], folds, families=["sums"], progress=lambda text: None)
    assert [len(found) for found in taught] == [4, 4, 4]
    for fold, found in enumerate(taught):
        assert not found & {target.labels.families[row] for row in np.flatnonzero(folds == fold)}
    left = told.for_device("galaxy9-tflite2.10-4large-int8")
    assert left.sources.devices == ("pixel4-tflite2.10-1large", "pixel4-tflite2.10-4large-int8", DEVICES[4])
    assert "galaxy9" not in {hardware_of(name) for name in left.sources.devices}
    np.testing.assert_array_equal(left.said.values, told.said.values[:, [0, 1, 4]])


def test_drawn_networks_are_of_families_that_are_not_tested():
    names = np.repeat([f"family{i}" for i in range(8)], 5)
    known = np.arange(len(names))
    rng = np.random.default_rng(0)
    few_families = network_devices._of_few(known, names, 10, rng)
    assert len(set(few_families)) == 10
    assert len(set(names[few_families])) <= 3
    many = network_devices._spread(known, names, 10, rng)
    assert len(set(many)) == 10
    assert len(set(names[many])) == 4
    with pytest.raises(InputError, match="three families must have at least 16 networks"):
        network_devices._of_few(known, names, 16, rng)
    with pytest.raises(InputError, match="half of the families must have at least 21 networks, got 20"):
        network_devices._spread(known, names, 21, rng)
