"""Every recipe reads files of the published form: rows, devices, statuses, figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from table_cases import PUBLISHED, check_rows, is_word, place, read, statuses, values

from archcast.collect.tables import RECIPES
from archcast.core.errors import DataError
from archcast.core.measurements import read_table, write_table
from archcast.featurize.spaces import SPACES

ROWS = {
    ("help", "nasbench201"): 27 * 15_625,
    ("help", "fbnet"): 27 * 426,
    ("help", "ofa_mbv3"): 12 * 258,
    ("nasbench201_accuracy", "nasbench201"): 6 * 15_625,
    ("accel_nasbench", "mnasnet"): 9 * 206,
    ("nas_bench_macro", "macro"): 1_313,
    ("hat", "hat"): 3 * 8 * 60,
    ("ofa_accuracy", "ofa_mbv3"): 500,
    ("hw_nas_bench_360", "nasbench201"): 3 * 1_563,
}
NOT_KEPT = 15_625 - 987
"""Cells of NAS-Bench-201 that the excerpt has no latency of."""


@pytest.mark.parametrize(("name", "space"), ROWS)
def test_rows_series_and_devices(small_tables: Path, name: str, space: str) -> None:
    check_rows(read(small_tables, name, space), name, space, ROWS[name, space])


@pytest.mark.parametrize(("name", "space"), ROWS)
def test_text_is_the_spaces_own(small_tables: Path, name: str, space: str) -> None:
    texts = pc.unique(read(small_tables, name, space)["arch"]).to_pylist()
    assert SPACES[space].to_text(SPACES[space].parse(texts)) == texts


@pytest.mark.parametrize(("name", "space"), ROWS)
def test_statuses(small_tables: Path, name: str, space: str) -> None:
    table = read(small_tables, name, space)
    wanted = {
        "help nasbench201": {(d, "latency", "missing"): NOT_KEPT for d in RECIPES["help"].series[0].devices}
        | {("raspi4", "latency", "glitch"): 21, ("pixel3", "latency", "glitch"): 20},
        "accel_nasbench mnasnet": {(d, "throughput", "missing"): 1 for d in ("rtx3090", "tpuv2", "tpuv3")},
    }
    assert statuses(table) == wanted.get(f"{name} {space}", {})
    bad = table.filter(pc.not_equal(table["status"].cast("string"), "ok"))
    assert all(note != "" for note in bad["note"].to_pylist())
    assert set(table.filter(is_word(table, "status", "ok"))["note"].to_pylist()) == {""}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_table_survives_parquet(small_tables: Path, tmp_path: Path, name: str) -> None:
    table = RECIPES[name].to_table(place(small_tables, name), spaces=RECIPES[name].spaces[-1:])
    write_table(table, tmp_path / "table.parquet")
    assert read_table(tmp_path / "table.parquet").equals(table)


@pytest.mark.parametrize("name", RECIPES)
def test_absent_files_are_a_data_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=str(tmp_path)):
        RECIPES[name].to_table(tmp_path)


@pytest.mark.parametrize("name", PUBLISHED)
def test_damaged_files_are_a_data_error(small_tables: Path, tmp_path: Path, name: str) -> None:
    recipe = RECIPES[name]
    for remote in recipe.files:
        source = place(small_tables, name) / remote.path
        content = source.read_bytes() if source.exists() else b""
        target = tmp_path / remote.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=str(tmp_path)):
        recipe.to_table(tmp_path, spaces=recipe.spaces[-1:])


def test_accel_nasbench_rows(small_tables: Path) -> None:
    table = read(small_tables, "accel_nasbench", "mnasnet")
    accuracy = values(table, "accuracy", "imagenet")
    assert (accuracy.min(), accuracy.max()) == (44.946, 66.01199)
    row = int(np.flatnonzero(accuracy == 58.808)[0])
    assert values(table, "throughput", "imagenet", "rtx3090")[row] == 3618.1274538443568
    assert values(table, "latency", "imagenet", "vck190")[row] == 6.076505361509717
    spread = table.filter(is_word(table, "device", "zcu102"))["spread"]
    assert spread.null_count == len(spread)


def test_macro_rows_have_spread_and_repeats(small_tables: Path) -> None:
    table = read(small_tables, "nas_bench_macro", "macro")
    (row,) = table.filter(pc.equal(table["arch"], "02202002")).to_pylist()
    assert (row["value"], row["spread"], row["repeats"]) == (90.07333119710286, 0.22305967960766934, 3)


def test_hat_totals_are_sums_of_their_parts(small_tables: Path) -> None:
    table = read(small_tables, "hat", "hat")
    for dataset, device in (("wmt14ende", "raspberrypi"), ("iwslt14deen", "titanxp")):
        whole, encoder, decoder = (
            values(table, "latency", dataset + part, device) for part in ("", "/encoder", "/decoder")
        )
        np.testing.assert_allclose(whole, encoder + decoder, rtol=1e-12)
    encoder = values(table, "latency", "wmt14ende/encoder", "raspberrypi")
    assert (encoder > 500).sum() == 50  # disturbed runs stay
    first = table.filter(is_word(table, "dataset", "wmt14ende")).slice(0, 1).to_pylist()[0]
    assert first["value"] == pytest.approx(1990.0972843170166 + 5932.554125785828)
    assert first["spread"] == pytest.approx(np.hypot(413.8751029968262, 45.89879512786865))


def test_ofa_accuracy_keeps_repeats_and_times(small_tables: Path) -> None:
    table = read(small_tables, "ofa_accuracy", "ofa_mbv3")
    assert pc.count_distinct(table["arch"]).as_py() == 343
    assert pc.min_max(table["value"]).as_py() == {"min": 72.44, "max": 77.294}
    assert str(table["time"][0].as_py()) == "2022-11-01 05:40:09.265694+00:00"
