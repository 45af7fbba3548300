"""HELP's architectures and latencies."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from archcast.collect.tables import RECIPES
from archcast.collect.tables.help import architectures
from archcast.core.errors import DataError
from archcast.featurize.spaces import SPACES


def test_first_architectures_are_the_published_ones(small_tables: Path) -> None:
    folder = small_tables / "help"
    first = [7, 8, 1, 8, 4, 8, 8, 8, 7, 4, 1, 4, 7, 3, 2, 7, 3, 2, 4, 2, 4, 5]
    assert architectures(folder, "fbnet")[0].tolist() == first
    (ofa,) = SPACES["ofa_mbv3"].format(architectures(folder, "ofa_mbv3")[:1])
    assert (ofa["r"], ofa["d"]) == (204, [2, 2, 2, 2, 3])
    assert ofa["ks"][:2] == [7, 5]


def test_latencies_are_in_the_order_of_the_architectures(small_tables: Path) -> None:
    """The FPGA column is additive over the layers, and gives HW-NAS-Bench's printed value for block 0."""
    folder = small_tables / "help"
    table = RECIPES["help"].to_table(folder, spaces=["fbnet"])
    own = table.filter(np.array([d == "fpga" for d in table["device"].to_pylist()]))
    codes = SPACES["fbnet"].parse(own["arch"].to_pylist())
    one_hot = np.eye(9)[codes].reshape(len(codes), -1)
    fitted, *_ = np.linalg.lstsq(one_hot, own["value"].to_numpy(), rcond=None)
    np.testing.assert_allclose(one_hot @ fitted, own["value"].to_numpy(), rtol=1e-9)
    all_first = np.eye(9)[np.zeros(22, dtype=int)].reshape(-1)
    assert all_first @ fitted == pytest.approx(10.739520, abs=1e-6)


def test_the_index_of_cells_is_the_benchmarks(small_tables: Path, tmp_path: Path) -> None:
    folder = tmp_path / "help"
    shutil.copytree(small_tables / "help/nasbench201", folder / "nasbench201")
    shutil.copy(folder / "nasbench201/latency/raspi4.pt", folder / "nasbench201/str_arch2idx.pt")
    with pytest.raises(DataError, match="numbers the cells in another order"):
        RECIPES["help"].to_table(folder, spaces=["nasbench201"])


def test_one_device_alone_is_what_all_say_of_it(small_tables: Path) -> None:
    recipe, folder = RECIPES["help"], small_tables / "help"
    whole = recipe.to_table(folder, spaces=["fbnet"])
    own = whole.filter(np.array([d == "raspi4" for d in whole["device"].to_pylist()]))
    assert recipe.read_device is not None
    assert recipe.read_device(folder, "fbnet", "raspi4").to_pylist() == own.to_pylist()
    assert own.num_rows > 0
