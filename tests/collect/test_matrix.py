"""The matrix that training reads: order, means, data sets, devices, sources."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archcast.collect.matrix import load_measurements
from archcast.collect.pickles import load_torch_zip
from archcast.core.errors import DataError, UnknownNameError
from archcast.featurize.spaces import SPACES

LATENCIES = {"nasbench201": (15_625, 27), "fbnet": (426, 27), "ofa_mbv3": (258, 12)}


@pytest.mark.parametrize("space", LATENCIES)
def test_help_latencies(tables: Path, space: str) -> None:
    found = load_measurements(space, "latency", sources=["help"])
    assert found.values.shape == LATENCIES[space]
    assert found.codes.shape == (len(found.values), len(SPACES[space].columns))
    assert found.codes.dtype == np.int8
    assert found.dataset == SPACES[space].datasets[0]
    assert set(found.sources) == {"help"}
    assert set(found.licences) == {"MIT"}
    folder = tables / "help" / {"ofa_mbv3": "ofa"}.get(space, space) / "latency"
    published = np.stack([load_torch_zip(folder / f"{device}.pt") for device in found.devices], axis=1)
    glitch = published < 0.05 * np.nanmedian(published, axis=0)
    np.testing.assert_array_equal(found.values, np.where(glitch, np.nan, published))


@pytest.mark.parametrize(
    ("metric", "dataset", "step"),
    [("latency", "cifar10", 1), ("accuracy", "cifar100", 1), ("energy", "cifar100", 10)],
)
def test_nasbench201_is_in_the_order_of_its_index(tables: Path, metric: str, dataset: str, step: int) -> None:
    codes = load_measurements("nasbench201", metric, dataset).codes
    np.testing.assert_array_equal(SPACES["nasbench201"].to_index(codes), np.arange(0, 15_625, step))


def test_glitches_and_missing_numbers_are_nan(tables: Path) -> None:
    found = load_measurements("nasbench201", "latency", devices=["pixel3", "raspi4", "fpga"])
    assert np.isnan(found.values).sum(axis=0).tolist() == [14_658, 14_659, 14_638]
    assert found.devices == ("pixel3", "raspi4", "fpga")
    throughput = load_measurements("mnasnet", "throughput", devices=["tpuv2", "a100"])
    assert np.isnan(throughput.values).sum(axis=0).tolist() == [1, 0]


@pytest.mark.parametrize(("space", "rows"), [("ofa_mbv3", 343), ("mnasnet", 206)])
def test_repeats_are_averaged(tables: Path, space: str, rows: int) -> None:
    found = load_measurements(space, "accuracy")
    assert found.values.shape == (rows, 1)
    assert found.devices == ("",)
    assert len(np.unique(found.codes, axis=0)) == rows


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100", "imagenet16-120"])
def test_accuracies(tables: Path, dataset: str) -> None:
    found = load_measurements("nasbench201", "accuracy", dataset)
    assert found.sources == ("nasbench201_accuracy",)
    validation = load_measurements("nasbench201", "accuracy", f"{dataset}/valid")
    np.testing.assert_allclose(validation.values, found.values - 0.5)


def test_counts_of_the_whole_tables(whole_tables: Path) -> None:
    found = load_measurements("nasbench201", "latency", devices=["pixel3", "raspi4", "fpga"])
    assert np.isnan(found.values).sum(axis=0).tolist() == [273, 284, 0]
    throughput = load_measurements("mnasnet", "throughput", devices=["tpuv2", "a100"])
    assert np.isnan(throughput.values).sum(axis=0).tolist() == [27, 0]
    assert len(load_measurements("ofa_mbv3", "accuracy").values) == 2_162
    assert len(load_measurements("mnasnet", "accuracy").values) == 4_092
    measured = (~np.isnan(load_measurements("hat", "latency", "wmt14ende").values)).sum(axis=0)
    assert ((measured > 1_990) & (measured <= 2_000)).all()


def test_a_data_set_is_chosen_that_has_the_devices(tables: Path) -> None:
    assert load_measurements("nasbench201", "latency", devices=["pi5_onnx"]).dataset == "cifar100"
    assert load_measurements("hat", "latency", devices=["xeon"]).values.shape[1] == 1
    with pytest.raises(DataError, match="no data set has nasbench201 latency on all of pi5_onnx, raspi4"):
        load_measurements("nasbench201", "latency", devices=["pi5_onnx", "raspi4"])


def test_hat_rows_lie_side_by_side(tables: Path) -> None:
    found = load_measurements("hat", "latency", "wmt14ende")
    assert found.devices == ("raspberrypi", "xeon", "titanxp")
    measured = (~np.isnan(found.values)).sum(axis=0)
    assert measured.tolist() == [60, 60, 60]


def test_unknown_names_list_what_there_is(tables: Path) -> None:
    with pytest.raises(UnknownNameError, match="device of nasbench201 latency on cifar10 must be one of"):
        load_measurements("nasbench201", "latency", "cifar10", ["toaster"])
    with pytest.raises(UnknownNameError, match="device of nasbench201 latency must be one of"):
        load_measurements("nasbench201", "latency", devices=["toaster"])
    with pytest.raises(UnknownNameError, match="dataset of macro accuracy must be one of cifar10"):
        load_measurements("macro", "accuracy", "imagenet")
    with pytest.raises(UnknownNameError, match="metric of macro in the tables must be one of accuracy"):
        load_measurements("macro", "latency")
    with pytest.raises(UnknownNameError, match="metric must be one of"):
        load_measurements("macro", "speed")
    with pytest.raises(UnknownNameError, match="space must be one of"):
        load_measurements("nowhere", "latency")
    with pytest.raises(UnknownNameError, match="table must be one of"):
        load_measurements("macro", "accuracy", sources=["macros"])


def test_nothing_on_this_machine(home: Path) -> None:
    with pytest.raises(DataError, match="archcast data fetch for one of nas_bench_macro"):
        load_measurements("macro", "accuracy")


def test_what_is_returned_is_the_callers_own(tables: Path) -> None:
    load_measurements("macro", "accuracy").values[:] = 0
    assert load_measurements("macro", "accuracy").values.min() > 0
