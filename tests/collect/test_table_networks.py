"""Tables of networks of any form: names of devices, figures, and what is set aside."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from table_cases import check_rows, read, statuses

from archcast.collect.tables import RECIPES
from archcast.core.device import DeviceName
from archcast.core.device_catalog import device_of
from archcast.core.errors import DataError

WHOLE = {
    "hailo": 1_020,
    "hwgpt": 17 * 30_017,
    "mobile_ml_bench": 17_562,
    "ncnn": 5_763,
    "paddleclas": 1_473,
    "qai_hub": 12_696,
    "rknn": 295,
    "timm": 25_744,
    "vitis_ai": 2_779,
}


def rows(folder: Path, name: str, network: str, device: str) -> list[dict]:
    found = read(folder, name, "network").to_pylist()
    return [
        row
        for row in found
        if row["device"] == device and json.loads(row["environment"]).get("network") == network
    ]


@pytest.mark.parametrize("name", WHOLE)
def test_excerpts_have_devices_that_are_declared_and_known(small_tables: Path, name: str) -> None:
    table = read(small_tables, name, "network")
    declared = {(s.metric, device) for s in RECIPES[name].series for device in s.devices}
    found = {(row["metric"], row["device"]) for row in table.to_pylist() if row["status"] == "ok"}
    assert found
    assert found <= declared
    assert RECIPES[name].about != ""


@pytest.mark.parametrize("name", WHOLE)
def test_names_of_devices_are_in_the_grammar(name: str) -> None:
    named = RECIPES[name].devices
    assert [str(DeviceName.parse(device)) for device in named] == list(named)
    assert "" not in {device_of(device).kind for device in named}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_tables_have_their_rows_and_series(public_tables: Path, name: str) -> None:
    check_rows(read(public_tables, name, "network"), name, "network", WHOLE[name])


def test_timm_gives_the_latency_of_the_settings_batch(small_tables: Path) -> None:
    device = "rtx3090-torch2.4-b1024-amp"
    small, large = (rows(small_tables, "timm", f"resnet50@{size}", device)[0] for size in (224, 288))
    facts = json.loads(large["environment"])
    assert (facts["image"], facts["measured_batch"]) == (288, 1024)
    assert small["value"] < large["value"]
    assert 1024 * 1000 / small["value"] == pytest.approx(2_700, rel=0.3)


def test_what_is_wrong_in_timm_is_set_aside_everywhere(small_tables: Path) -> None:
    table = [
        row
        for row in read(small_tables, "timm", "network").to_pylist()
        if "ecaresnext50t_32x4d" in row["environment"]
    ]
    assert {row["status"] for row in table} == {"glitch"}
    assert len({row["device"] for row in table}) == len(table) == 19
    assert all("another network" in row["note"] for row in table)


def test_phones_are_told_apart_by_their_cores(small_tables: Path) -> None:
    devices = {row["device"] for row in read(small_tables, "mobile_ml_bench", "network").to_pylist()}
    assert {
        "pixel4-tflite2.10-1large",
        "pixel4-tflite2.10-1large_1medium-int8",
        "pixel4-tflite2.10-gpu-fp16",
        "pixel4-torch2.0_mobile-4small-int8",
    } <= devices


def test_a_run_of_ncnn_is_a_device_of_its_own(small_tables: Path) -> None:
    table = read(small_tables, "ncnn", "network").to_pylist()
    assert len({(row["arch"], row["device"]) for row in table}) == len(table)
    assert any("-run48-ncnn-4t" in row["device"] for row in table)


def test_two_pages_that_differ_are_set_aside(public_tables: Path) -> None:
    found = rows(public_tables, "paddleclas", "AlexNet", "v100-paddle_tensorrt-b4")
    assert [row["status"] for row in found] == ["glitch", "glitch"]
    assert {row["note"] for row in found} == {
        "0.88: another page says otherwise",
        "8.88: another page says otherwise",
    }


def test_a_zero_is_a_glitch(public_tables: Path) -> None:
    glitches = statuses(read(public_tables, "hailo", "network"))
    assert sum(glitches.values()) == 8
    assert {status for _, _, status in glitches} == {"glitch"}


def test_decoders_carry_their_batch(small_tables: Path) -> None:
    table = read(small_tables, "hwgpt", "network").to_pylist()
    assert {json.loads(row["environment"])["batch"] for row in table} == {8, 4, 1}
    assert {DeviceName.parse(row["device"]).batch for row in table} == {1}
    assert {row["metric"] for row in table} == {"latency", "energy"}


@pytest.mark.parametrize("name", WHOLE)
def test_other_files_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        RECIPES[name].to_table(tmp_path)
    for remote in RECIPES[name].files:
        path = tmp_path / remote.path
        path.parent.mkdir(exist_ok=True)
        pq.write_table(pa.table({"arch": ["x"]}), path)
    with pytest.raises(DataError, match="has no column"):
        RECIPES[name].to_table(tmp_path)


def test_an_unknown_device_is_refused(small_tables: Path, tmp_path: Path) -> None:
    (path,) = (remote.path for remote in RECIPES["rknn"].files)
    table = pq.read_table(small_tables / path)
    (tmp_path / path).parent.mkdir()
    other = table.set_column(table.column_names.index("device"), "device", pa.array(["x"] * len(table)))
    pq.write_table(other, tmp_path / path)
    with pytest.raises(DataError, match="device of the table rknn must be one of Rockchip RK1808"):
        RECIPES["rknn"].to_table(tmp_path)


def test_a_pass_of_minutes_is_a_glitch(public_tables: Path) -> None:
    found = [r for r in read(public_tables, "qai_hub", "network").to_pylist() if r["metric"] == "latency"]
    long = [r for r in found if r["status"] == "glitch"]
    assert {r["arch"] for r in long} == {"qai_hub:deeplabv3_resnet50"}
    assert all("a pass of minutes" in r["note"] for r in long)
    assert max(r["value"] for r in found if r["status"] == "ok") < 10_000
