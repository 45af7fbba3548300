"""Protocols of networks of any form."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_networks import tiny_labels

from archcast.collect.structures import Structure
from archcast.core.errors import InputError, UnknownNameError
from archcast.training.networks.fit import left_out
from archcast.training.networks.labels import MeasuredStructures
from archcast.training.protocols import load_protocol, networks, run_protocol

DEVICES = ("pixel4-tflite2.10-1large", "pixel4-tflite2.10-4large-int8", "pixel4-tflite2.10-gpu-fp16")


def measured() -> MeasuredStructures:
    labels = tiny_labels(DEVICES)
    labels.values[:8, 2] = np.nan
    records = tuple(
        Structure(f"net{i}", "ncnn", f"key{i}", family, f"coarse{i % 2}", i % 6, "", 16, 1, 1)
        for i, family in enumerate(labels.families)
    )
    return MeasuredStructures(labels, records)


@pytest.fixture
def protocol(monkeypatch):
    monkeypatch.setattr(networks, "network_labels", lambda table, metric, most: measured())
    changes = {"least": 5, "folds": 3, "tables": load_protocol("network-family").tables[:1]}
    return load_protocol("network-family").model_copy(update=changes)


def test_a_record_a_way_to_make_folds_a_method_and_a_kind(protocol):
    records = run_protocol(protocol, ["sums", "multiply-adds"]).records
    told = [(r["folds_of"], r["predictor"], r["kind"], r["settings"]) for r in records]
    assert told == [
        (folds_of, method, kind, settings)
        for folds_of in ("families", "coarse")
        for method in ("sums", "multiply-adds")
        for kind, settings in (("all", 2), ("tflite fp32", 1), ("tflite int8", 1))
    ]
    sums, _, _, plain = records[:4]
    assert 0 < sums["mape"] < plain["mape"]
    assert sums["spearman"] > 0.9


def test_a_table_has_predictors_of_its_own_where_a_run_names_none(protocol):
    own = protocol.tables[0].model_copy(update={"predictors": ("log-linear",)})
    of_own = protocol.model_copy(update={"tables": (*protocol.tables, own), "predictors": ("multiply-adds",)})
    methods = [r["predictor"] for r in run_protocol(of_own).records if r["kind"] == "all"]
    assert methods == ["multiply-adds"] * 2 + ["log-linear"] * 2
    named = run_protocol(of_own, ["sums"]).records
    assert {r["predictor"] for r in named} == {"sums"}


def test_random_folds_keep_near_copies_together():
    groups = np.repeat(np.arange(10), 3)
    numbers = networks.random_folds(groups, 5, seed=1)
    assert np.bincount(numbers).tolist() == [6] * 5
    assert all(len(set(numbers[groups == group])) == 1 for group in range(10))
    assert (numbers != networks.random_folds(groups, 5, seed=2)).any()


def test_near_copies_of_what_is_left_out_do_not_teach():
    labels = tiny_labels(DEVICES)
    taught = []

    class Watched:
        def fit(self, labels, *, seed=0):
            taught.append({id(network) for network in labels.networks})
            return self

        def predict(self, networks):
            return np.ones((len(networks), len(DEVICES)))

    groups = np.arange(12)
    groups[11] = groups[0]
    left_out(Watched, labels, np.arange(12) % 3, groups=groups)
    assert [len(found) for found in taught] == [7, 8, 7]
    assert id(labels.networks[11]) not in taught[0]
    assert id(labels.networks[0]) not in taught[2]


def test_kinds_of_devices():
    kinds = {
        "pixel4-tflite2.10-1large_1medium-int8": "tflite int8",
        "pixel4-tflite2.10-gpu-fp16": "tflite gpu fp16",
        "rtx4090-torch2.9.1_compiled-b1024-amp": "torch_compiled amp",
        "raspberry-pi-5-run48-ncnn-4t": "ncnn fp32",
        "galaxy-s24-qnn-npu-w8a8": "qnn npu w8a8",
    }
    assert {device: networks.kind_of(device) for device in kinds} == kinds


def test_too_few_networks_and_unknown_methods_are_told(protocol):
    with pytest.raises(InputError, match="at least 40 networks to be tested, none has"):
        run_protocol(protocol.model_copy(update={"least": 40}), ["sums"])
    with pytest.raises(UnknownNameError, match="method of network-family"):
        run_protocol(protocol, ["guess"])
    guessed = protocol.tables[0].model_copy(update={"predictors": ("guess",)})
    with pytest.raises(UnknownNameError, match="method of network-family"):
        run_protocol(protocol.model_copy(update={"tables": (guessed,)}))


def test_phones_are_told_better_by_their_kernels(public_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))
    tables = load_protocol("network-family").tables[:1]
    changes = {"tables": tables, "folds_of": ("families",)}
    protocol = load_protocol("network-family").model_copy(update=changes)
    few = networks.network_labels("mobile_ml_bench", devices=["pixel4-tflite2.10-1large"])
    monkeypatch.setattr(networks, "network_labels", lambda table, metric, most: few)
    sums, _, plain, _ = run_protocol(protocol, ["sums", "multiply-adds"]).records
    assert sums["mape"] < 0.09
    assert sums["spearman"] > 0.99
    assert plain["mape"] > 2 * sums["mape"]
