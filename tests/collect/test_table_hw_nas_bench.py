"""HW-NAS-Bench's pickle, from a small file in its form."""

from __future__ import annotations

import os
import pickle
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archcast.collect.data import fetch_table, import_table, load_measurements
from archcast.collect.tables import RECIPES
from archcast.collect.tables.hw_nas_bench import fbnet_costs
from archcast.core.errors import DataError
from archcast.featurize.spaces import SPACES

FILE = "HW-NAS-Bench-v1_0.pickle"
FIRST = {  # cell 0, CIFAR-10, as published
    "edgegpu_latency": 5.807418537139893,
    "edgegpu_energy": 24.226614330768584,
    "raspi4_latency": 10.481976820010459,
    "edgetpu_latency": 0.9571811309997429,
    "pixel3_latency": 3.6058499999999998,
    "eyeriss_latency": 3.645620000000001,
    "eyeriss_energy": 0.6872827644999999,
    "eyeriss_arithmetic_intensity": 1.0,
    "fpga_latency": 2.57296,
    "fpga_energy": 18.01072,
}
N = 40
# Written out from the description of the networks, not from the code: output channels, layers, and for
# each data set the side and stride at the input of each stage.
STAGES = ((16, 1), (24, 4), (32, 4), (64, 4), (112, 4), (184, 4), (352, 1))
GEOMETRY = {
    "cifar100": ((32, 1), (32, 1), (32, 2), (16, 2), (8, 1), (8, 2), (4, 1)),
    "imagenet": ((112, 1), (112, 2), (56, 2), (28, 2), (14, 1), (14, 2), (7, 1)),
}
ENDS = {
    "cifar100": (
        "ConvNorm_H32_W32_Cin3_Cout16_kernel3_stride1_group1",
        "ConvNorm_H4_W4_Cin352_Cout1504_kernel1_stride1_group1",
        "AvgP_H4_W4_Cin1504_Cout1504_kernel4_stride1",
        "FC_Cin1504_Cout100",
    ),
    "imagenet": (
        "ConvNorm_H224_W224_Cin3_Cout16_kernel3_stride2_group1",
        "ConvNorm_H7_W7_Cin352_Cout1984_kernel1_stride1_group1",
        "AvgP_H7_W7_Cin1984_Cout1984_kernel7_stride1",
        "FC_Cin1984_Cout1000",
    ),
}
OPERATIONS = ((3, 1, 1), (3, 1, 2), (3, 3, 1), (3, 6, 1), (5, 1, 1), (5, 1, 2), (5, 3, 1), (5, 6, 1))


def block_keys(dataset: str) -> list[list[str]]:
    """Keys of the 9 blocks of each of the 22 layers."""
    layers, c_in = [], 16
    for (channels, count), (side, first) in zip(STAGES, GEOMETRY[dataset], strict=True):
        for position in range(count):
            stride = first if position == 0 else 1
            shape = f"H{side}_W{side}_Cin{c_in}_Cout{channels}"
            layers.append(
                [f"ConvBlock_{shape}_exp{e}_kernel{k}_stride{stride}_group{g}" for k, e, g in OPERATIONS]
                + [f"Skip_{shape}_stride{stride}"]
            )
            side, c_in = -(-side // stride), channels
    return layers


def lookup(seed: int) -> dict[str, float]:
    keys = {key for d in ENDS for key in (*ENDS[d], *chain(*block_keys(d)))}
    return dict(zip(sorted(keys), np.random.default_rng(seed).uniform(0.1, 1.0, len(keys)), strict=True))


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    texts = SPACES["nasbench201"].to_text(SPACES["nasbench201"].from_index(np.arange(N)))
    cells = {}
    for dataset in ("cifar10", "cifar100", "ImageNet16-120"):
        config = [{"name": "infer.tiny", "C": 16, "N": 5, "arch_str": t, "num_classes": 10} for t in texts]
        cells[dataset] = {"config": config} | {
            key: [value] + [value * (1 + i / N) for i in range(1, N)] for key, value in FIRST.items()
        }
    cells["cifar10"]["edgetpu_latency"][5] = -1
    cells["cifar10"]["raspi4_latency"][7] = 0.011
    names = [key for key in FIRST if not key.startswith("edgetpu") and "intensity" not in key]
    return {"nasbench201": cells, "fbnet": {name: lookup(i) for i, name in enumerate(names)}}


@pytest.fixture
def folder(record: dict[str, Any], home: Path) -> Path:
    made = home / "tables/hw_nas_bench"
    made.mkdir(parents=True)
    (made / FILE).write_bytes(pickle.dumps(record))
    return made


def test_cells(folder: Path) -> None:
    table = RECIPES["hw_nas_bench"].to_table(folder, spaces=["nasbench201"])
    assert table.num_rows == 3 * 9 * N
    rows = {
        (r["device"], r["metric"], r["dataset"]): r
        for r in reversed(table.to_pylist())
        if r["arch"] == table["arch"][0].as_py()
    }
    for key, value in FIRST.items():
        device, _, metric = key.partition("_")
        if metric in ("latency", "energy"):
            assert rows[device, metric, "cifar10"]["value"] == value
            assert (device, metric, "imagenet16-120") in rows
    bad = [(r["device"], r["status"], r["note"]) for r in table.to_pylist() if r["status"] != "ok"]
    assert bad == [("raspi4", "glitch", "0.011"), ("edgetpu", "missing", "-1")]


@pytest.mark.parametrize("dataset", ["cifar100", "imagenet"])
def test_a_network_is_the_sum_of_its_blocks(dataset: str) -> None:
    costs, codes = lookup(3), SPACES["fbnet"].sample(30, seed=1)
    layers = block_keys(dataset)
    wanted = [
        sum(costs[k] for k in ENDS[dataset]) + sum(costs[layers[i][b]] for i, b in enumerate(row))
        for row in codes.tolist()
    ]
    np.testing.assert_allclose(fbnet_costs(costs, codes, dataset), wanted, rtol=1e-12)


def test_a_block_that_the_table_lacks_is_named() -> None:
    costs, codes = lookup(0), SPACES["fbnet"].sample(1, seed=1)
    for key in (*ENDS["imagenet"], "Skip_H7_W7_Cin184_Cout352_stride1"):
        rest = {k: v for k, v in costs.items() if k != key}
        with pytest.raises(DataError, match="must hold"):
            fbnet_costs(rest, codes, "imagenet")
        with pytest.raises(DataError, match="must be a number of at least 0"):
            fbnet_costs(costs | {key: -1.0}, codes, "imagenet")


def test_fbnet_rows(folder: Path, small_tables: Path, tables: Path) -> None:
    table = RECIPES["hw_nas_bench"].to_table(folder, spaces=["fbnet"])
    assert table.num_rows == 2 * 8 * 5000
    found = load_measurements("fbnet", "energy", "imagenet")
    assert found.devices == ("edgegpu", "eyeriss", "fpga")
    assert found.codes.shape == (5000, 22)
    (folder.parent / "help").symlink_to(small_tables / "help")
    beside = load_measurements("fbnet", "latency", "cifar100", ["edgegpu", "1080ti_1"])
    assert beside.sources == ("hw_nas_bench", "help")


def test_help_is_taken_first(folder: Path, tables: Path) -> None:
    both = load_measurements("nasbench201", "latency", "cifar10", ["raspi4", "edgegpu"])
    assert both.sources == ("help", "hw_nas_bench")
    assert both.values.shape == (15_625, 2)
    assert np.isnan(both.values[N:, 1]).all()
    own = load_measurements("nasbench201", "latency", devices=["raspi4"], sources=["hw_nas_bench"])
    assert own.sources == ("hw_nas_bench",)
    assert own.values.shape == (N, 1)


def test_import(folder: Path) -> None:
    summary = import_table("hw_nas_bench")
    assert summary.rows == 3 * 9 * N + 2 * 8 * 5000
    assert summary.altered == ()


def test_it_is_fetched_by_hand(home: Path) -> None:
    with pytest.raises(DataError, match=f"download {FILE} from github.com.* and put it at .*{FILE}"):
        fetch_table("hw_nas_bench")


class _Runs:
    def __reduce__(self):
        return os.system, ("exit 1",)


@pytest.mark.parametrize("content", [_Runs(), [], {"nasbench201": {}}, {"nasbench201": {"cifar10": 3}}])
def test_another_pickle_is_a_data_error(home: Path, content: object) -> None:
    (home / "hw").mkdir(parents=True)
    (home / "hw" / FILE).write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match=FILE):
        RECIPES["hw_nas_bench"].to_table(home / "hw", spaces=["nasbench201"])
