"""`archcast predict`, `devices` and `features`."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import archcast
from archcast.cli.app import USER_MISTAKE
from archcast.collect.store import MeasurementStore

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
FBNET = "[7,8,1,8,4,8,8,8,7,4,1,4,7,3,2,7,3,2,4,2,4,5]"


def test_predicts_as_the_library_does(run) -> None:
    done = run("predict", CELL, "-d", "raspi4", "-d", "eyeriss", "--json")
    assert done.code == 0
    records = json.loads(done.out)
    assert [r["device"] for r in records] == ["raspi4", "eyeriss"]
    for record in records:
        value = float(archcast.predict([CELL], record["device"])[0])
        assert record["value"] == pytest.approx(value, abs=1e-5)
        assert record["low"] <= record["value"] <= record["high"]
        assert (record["unit"], record["arch"]) == ("ms", CELL)


def test_what_was_measured_beside_it(run, small_tables, monkeypatch) -> None:
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    other = json.dumps([0] * 22)
    done = run("predict", FBNET, other, "-d", "raspi4", "--measured", "--json")
    known, unknown = json.loads(done.out)
    found = archcast.measured([FBNET, other], "raspi4")
    assert known["measured"] == pytest.approx(float(found.values[0]), rel=1e-5)
    assert (known["source"], known["status"], known["spread"]) == ("help", "ok", None)
    assert "sum of measured blocks" in known["about"]
    assert [unknown[name] for name in ("measured", "spread", "source", "status")] == [None] * 4
    assert unknown["value"] > 0, "a prediction is beside it, never in its place"
    assert "measured" not in json.loads(run("predict", FBNET, "-d", "raspi4", "--json").out)[0]


def test_a_device_that_was_measured_and_nothing_predicts(run, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    row = {"space": "fbnet", "arch": str(json.loads(FBNET)), "device": "my-board", "metric": "memory"}
    row |= {"dataset": "cifar100", "value": 3.5, "status": "ok", "source": "own", "environment": '{"a":1}'}
    MeasurementStore().append([row])
    done = run("predict", FBNET, "-d", "my-board", "--metric", "memory", "--measured", "--json")
    (record,) = json.loads(done.out)
    assert (record["measured"], record["source"], record["unit"]) == (3.5, "store", "MiB")
    assert record["value"] is record["low"] is record["high"] is None
    done = run("predict", FBNET, "-d", "my-boart", "--metric", "memory", "--measured")
    assert done.code == USER_MISTAKE
    assert "my-boart" in done.err


def test_a_table_for_people(run) -> None:
    done = run("predict", FBNET, "-d", "raspi4")
    assert done.code == 0
    assert "raspi4" in done.out
    assert "ms" in done.out


def test_accuracy_needs_no_device(run) -> None:
    done = run("predict", "02012100", "--metric", "accuracy", "--json")
    assert json.loads(done.out)[0]["device"] == "cifar10"


@pytest.mark.parametrize("form", ["lines", "json"])
def test_reads_a_file(run, tmp_path: Path, form: str) -> None:
    file = tmp_path / "archs"
    archs = [json.loads(FBNET)] * 3
    file.write_text(json.dumps(archs) if form == "json" else "\n".join(map(str, archs)))
    done = run("predict", "--file", str(file), "-d", "eyeriss", "--json")
    assert len(json.loads(done.out)) == 3


def test_says_when_a_prediction_is_outside_what_was_seen(run) -> None:
    slowest = json.dumps([7] * 22)
    records = json.loads(run("predict", slowest, "-d", "raspi4", "--json").out)
    assert "outside" in records[0]["note"]
    assert json.loads(run("predict", FBNET, "-d", "raspi4", "--json").out)[0]["note"] == ""


def test_lists_devices(run) -> None:
    records = json.loads(run("devices", "--space", "nasbench201", "--metric", "latency", "--json").out)
    assert len(records) == 27 + 2 + 8, "measured by others, measured here, estimated"
    assert {r["unit"] for r in records} == {"ms"}
    assert next(r for r in records if r["device"] == "titanx_32")["hardware"]


def test_features_by_name(run) -> None:
    records = json.loads(run("features", CELL, "--json").out)
    values = {r["feature"]: v for r in records for k, v in r.items() if k != "feature"}
    table = archcast.features([CELL])
    assert values == pytest.approx(dict(zip(table.names, map(float, table.values[0]), strict=True)))


def test_features_of_two_that_begin_alike(run) -> None:
    other = CELL.replace("nor_conv_3x3~1|skip", "nor_conv_1x1~1|skip")
    table = archcast.features([CELL, other])
    records = json.loads(run("features", CELL, other, "--json").out)
    (params,) = [record for record in records if record["feature"] == "params"]
    assert [params[CELL], params[other]] == table.values[:, table.names.index("params")].tolist()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("predict", CELL.replace("3x3", "9x9"), "-d", "raspi4"), "nor_conv_3x3"),
        (("predict", CELL, FBNET, "-d", "raspi4"), "item 1"),
        (("predict", CELL, "-d", "rasppi4"), "did you mean 'raspi4'"),
        (("predict", CELL, "-d", "raspi4", "--metric", "power"), "latency"),
        (("predict", CELL, "-d", "raspi4", "--space", "fbnet"), "item 0"),
        (("predict", CELL, "-d", "raspi4", "--coverage", "1.5"), "coverage"),
        (("predict", "[1, 2, NaN]", "-d", "raspi4"), "item 0"),
        (("predict", "[1,2,3", "-d", "raspi4"), "JSON"),
        (("predict", "", "-d", "raspi4"), "notation"),
        (("predict", "-d", "raspi4"), "--file"),
        (("predict", "--file", "/nowhere/at/all", "-d", "raspi4"), "cannot be read"),
        (("predict", CELL), "device"),
        (("devices", "--space", "nasbench"), "nasbench201"),
        (("train",), "--space"),
        (("train", "--space", "nasbench201", "--predictor", "oracle"), "lightgbm"),
        (("train", "--space", "nasbench201", "--set", "rounds"), "name=value"),
        (("train", "--space", "nasbench201", "--set", "trees=5"), "rounds"),
        (("train", "--space", "nasbench201", "--set", "rounds=many"), "int"),
        (("train", "--space", "nasbench201", "-d", "toaster"), "raspi4"),
        (("train", "--space", "hat", "--metric", "energy"), "latency"),
        (("train", "--space", "fbnet", "--curve", "--no-track"), "--curve"),
        (("train", "--space", "fbnet", "--predictor", "flops", "--sweep", "2"), "additive"),
        (("train", "--space", "fbnet", "--sweep", "2", "--set", "trees=3"), "rounds"),
        (("evaluate", "vibes"), "help-nasbench201-900"),
        (("data", "show", "imagenet"), "help"),
        (("promote", "no-such-run"), "no-such-run"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(run, words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert done.code == USER_MISTAKE
    assert said in done.err
    assert done.err.startswith("archcast: ")
    assert done.err.count("\n") == 1
    assert done.out == ""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200).filter(lambda t: not t.startswith("-")))
def test_no_text_brings_a_traceback(run, text: str) -> None:
    done = run("predict", text, "-d", "raspi4")
    assert done.code in (0, USER_MISTAKE)
    assert "Traceback" not in done.err


def test_a_huge_text_is_refused_at_once(run, tmp_path: Path) -> None:
    file = tmp_path / "huge"
    for start in ("|", "[", "{", "0"):
        file.write_text(start * 10_000_000)
        done = run("predict", "--file", str(file), "-d", "raspi4")
        assert done.code == USER_MISTAKE
        assert len(done.err) < 500


@pytest.mark.parametrize(
    "command",
    [
        *("", "predict", "devices", "features", "train", "evaluate", "promote"),
        *("data", "data list", "data fetch", "data import", "data show", "data export", "ui", "doctor"),
    ],
)
def test_every_command_has_help(run, command: str) -> None:
    done = run(*command.split(), "--help")
    assert done.code == 0
    assert "Usage" in done.out
    if command not in ("", "data"):
        assert "Example" in done.out
        assert "archcast " in done.out.partition("Example")[2]
