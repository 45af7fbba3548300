"""The published tables, whole: rows, statuses, hashes and figures of every one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from pyarrow import parquet
from table_cases import PUBLISHED, check_rows, is_word, place, read, statuses, values

from archcast.collect.fetch import is_present
from archcast.collect.tables import RECIPES
from archcast.featurize.spaces import SPACES

ROWS = {
    ("help", "nasbench201"): 27 * 15_625,
    ("help", "fbnet"): 27 * 5_000,
    ("help", "ofa_mbv3"): 12 * 5_000,
    ("nasbench201_accuracy", "nasbench201"): 6 * 15_625,
    ("accel_nasbench", "mnasnet"): 9 * 4_102,
    ("nas_bench_macro", "macro"): 6_561,
    ("hat", "hat"): 3 * 8 * 2_000,
    ("ofa_accuracy", "ofa_mbv3"): 2_373,
    ("hw_nas_bench_360", "nasbench201"): 3 * 15_625,
}


@pytest.mark.parametrize(("name", "space"), ROWS)
def test_rows_series_and_devices(public_tables: Path, name: str, space: str) -> None:
    check_rows(read(public_tables, name, space), name, space, ROWS[name, space])


@pytest.mark.parametrize(("name", "space"), ROWS)
def test_text_is_the_spaces_own(public_tables: Path, name: str, space: str) -> None:
    texts = pc.unique(read(public_tables, name, space)["arch"]).to_pylist()
    assert SPACES[space].to_text(SPACES[space].parse(texts)) == texts


@pytest.mark.parametrize(("name", "space"), ROWS)
def test_statuses(public_tables: Path, name: str, space: str) -> None:
    table = read(public_tables, name, space)
    wanted = {
        "help nasbench201": {("raspi4", "latency", "glitch"): 284, ("pixel3", "latency", "glitch"): 273},
        "accel_nasbench mnasnet": {
            ("tpuv3", "throughput", "missing"): 30,
            ("tpuv2", "throughput", "missing"): 27,
            ("rtx3090", "throughput", "missing"): 3,
        }
        | {(f, m, "missing"): 2 for f in ("zcu102", "vck190") for m in ("throughput", "latency")},
    }
    assert statuses(table) == wanted.get(f"{name} {space}", {})
    bad = table.filter(pc.not_equal(table["status"].cast("string"), "ok"))
    assert all(note != "" for note in bad["note"].to_pylist())
    assert set(table.filter(is_word(table, "status", "ok"))["note"].to_pylist()) == {""}


def test_glitches_are_cells_without_a_path_and_nothing_else(public_tables: Path) -> None:
    """Both thresholds lie in a gap, and the fastest connected cell is at twice the threshold."""
    table = read(public_tables, "help", "nasbench201")
    space = SPACES["nasbench201"]
    connected = space.live(space.from_index(np.arange(15_625))).any(axis=1)
    for device, below, above in (("raspi4", 1.27, 2.00), ("pixel3", 0.472, 0.589)):
        own = table.filter(is_word(table, "device", device))
        glitch = is_word(own, "status", "glitch").to_numpy()
        reported = np.array([float(note) for note in own["note"].to_pylist() if note])
        assert not connected[glitch].any()
        assert reported.max() < below
        kept = own["value"].to_numpy()
        assert np.nanmin(kept) >= above
        assert kept[connected].min() > 0.097 * np.nanmedian(kept)


@pytest.mark.parametrize("name", PUBLISHED)
def test_hashes_are_those_of_the_published_files(public_tables: Path, name: str) -> None:
    recipe = RECIPES[name]
    assert all(is_present(remote, place(public_tables, name)) for remote in recipe.files)
    if not (public_tables / name).is_dir():
        assert {Path(remote.path).parent.name for remote in recipe.files} == {"networks"}
        return
    assert all(remote.sha256 for remote in recipe.files) != bool(recipe.by_hand)
    on_disk = {
        p.relative_to(public_tables / name).as_posix()
        for p in (public_tables / name).rglob("*")
        if p.is_file()
    }
    assert on_disk - {"LICENSE"} == {remote.path for remote in recipe.files}


def test_nasbench201_accuracies(public_tables: Path) -> None:
    table = read(public_tables, "nasbench201_accuracy", "nasbench201")
    best = {d: values(table, "accuracy", d).max() for d in ("cifar10", "cifar100", "imagenet16-120")}
    assert {d: round(v, 3) for d, v in best.items()} == {
        "cifar10": 94.373,
        "cifar100": 73.513,
        "imagenet16-120": 47.311,
    }
    assert (values(table, "accuracy", "cifar10") != values(table, "accuracy", "cifar10/valid")).any()
    cell = "|nor_conv_1x1~0|+|skip_connect~0|avg_pool_3x3~1|+|nor_conv_1x1~0|none~1|nor_conv_1x1~2|"
    at = int(SPACES["nasbench201"].to_index([cell])[0])
    assert values(table, "accuracy", "cifar10")[at] == 90.34
    assert values(table, "accuracy", "cifar10/valid")[at] == 87.72799999267578


def test_accel_nasbench_rows(public_tables: Path) -> None:
    table = read(public_tables, "accel_nasbench", "mnasnet")
    accuracy = values(table, "accuracy", "imagenet")
    assert (accuracy.min(), accuracy.max()) == (42.85, 67.052)
    row = int(np.flatnonzero(accuracy == 57.483997)[0])
    assert values(table, "throughput", "imagenet", "rtx3090")[row] == 4934.78603309292
    assert values(table, "latency", "imagenet", "vck190")[row] == 5.624282458596979
    spread = table.filter(is_word(table, "device", "zcu102"))["spread"]
    assert spread.null_count == len(spread)


def test_macro_rows_have_spread_and_repeats(public_tables: Path) -> None:
    table = read(public_tables, "nas_bench_macro", "macro")
    (row,) = table.filter(pc.equal(table["arch"], "02012100")).to_pylist()
    assert (row["value"], row["spread"], row["repeats"]) == (89.19666544596355, 0.21312667374448538, 3)


def test_hat_totals_are_sums_of_their_parts(public_tables: Path) -> None:
    table = read(public_tables, "hat", "hat")
    for dataset, device in (("wmt14ende", "raspberrypi"), ("iwslt14deen", "titanxp")):
        whole, encoder, decoder = (
            values(table, "latency", dataset + part, device) for part in ("", "/encoder", "/decoder")
        )
        np.testing.assert_allclose(whole, encoder + decoder, rtol=1e-12)
    encoder = values(table, "latency", "wmt14ende/encoder", "raspberrypi")
    assert (encoder > 500).sum() == 118  # disturbed runs stay
    first = table.filter(is_word(table, "dataset", "wmt14ende")).slice(0, 1).to_pylist()[0]
    assert first["value"] == pytest.approx(1990.0972843170166 + 5932.554125785828)
    assert first["spread"] == pytest.approx(np.hypot(413.8751029968262, 45.89879512786865))


def test_ofa_accuracy_keeps_repeats_and_times(public_tables: Path) -> None:
    table = read(public_tables, "ofa_accuracy", "ofa_mbv3")
    assert pc.count_distinct(table["arch"]).as_py() == 2_162
    assert pc.min_max(table["value"]).as_py() == {"min": 70.998, "max": 77.466}
    assert str(table["time"][0].as_py()) == "2022-11-01 05:40:09.265694+00:00"


def test_pi5_figures(public_tables: Path) -> None:
    table = read(public_tables, "hw_nas_bench_360", "nasbench201")
    assert values(table, "latency", "cifar100", "pi5_onnx")[0] == 1.8305045
    assert values(table, "energy", "cifar100", "pi5_onnx")[1] == 16.603914
    assert table["spread"][0].as_py() == pytest.approx(np.sqrt(2.835092384038469e-05))
    (file,) = RECIPES["hw_nas_bench_360"].files
    read_back = parquet.read_table(
        public_tables / "hw_nas_bench_360" / file.path,
        columns=["arch_idx", "rep_arch_idx"],
        filters=[("device", "=", "pi5"), ("framework", "=", "onnx"), ("task", "=", "cifar100")],
    )
    chosen = read_back.sort_by("arch_idx")["rep_arch_idx"].to_numpy()
    assert len(chosen) == 15_625
    assert len(np.unique(chosen)) == 6_466
    space = SPACES["nasbench201"]
    ours = space.measured_as(space.from_index(np.arange(15_625)))
    np.testing.assert_array_equal(space.to_index(ours), chosen)
