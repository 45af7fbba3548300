"""`archcast search`."""

import csv
import json

import pytest

import archcast
from archcast.cli.app import USER_MISTAKE
from archcast.cli.search import placed
from archcast.core.doubts import DoubtError
from archcast.core.errors import InputError
from archcast.search.blocks.reduce import ReducedSpace

FEW = ("--evaluations", "200", "--population", "40", "--no-track")


def test_a_limit_belongs_to_the_device_before_it(run, tmp_path):
    words = ("--device", "raspi4", "--limit", "latency<=12", "--device", "eyeriss", "--limit", "latency<=5")
    path = tmp_path / "front.csv"
    done = run("search", "--space", "nasbench201", *words, *FEW, "--json", "--csv", str(path))
    assert done.code == 0, done.err
    record = json.loads(done.out)[0]
    assert {"held latency@raspi4<=12", "held latency@eyeriss<=5"} <= set(record)
    same = ("--limit", "latency@raspi4<=12", "--limit", "latency@eyeriss<=5")
    again = run("search", "--space", "nasbench201", *same, *FEW, "--json")
    assert json.loads(again.out) == json.loads(done.out)
    with path.open(newline="") as file:
        assert next(csv.DictReader(file))["arch"] == record["arch"]
    found = archcast.search(
        "nasbench201",
        limits=["latency@raspi4<=12", "latency@eyeriss<=5"],
        evaluations=200,
        population=40,
    )
    assert found.front == json.loads(done.out)


@pytest.mark.parametrize(
    ("order", "given", "expected"),
    [
        (["limit", "device"], {"device": ["a"], "limit": ["latency<=1"]}, ["latency@a<=1"]),
        (
            ["device", "limit", "device", "limit", "limit"],
            {"device": ["a", "b"], "limit": ["latency<=1", "latency<=2", "energy<=3"]},
            ["latency@a<=1", "latency@b<=2", "energy@b<=3"],
        ),
        (["limit", "device", "device"], {"device": ["a", "b"], "limit": ["latency@b<=1"]}, ["latency@b<=1"]),
        (["device", "limit"], {"device": ["a"], "limit": ["accuracy>=70"]}, ["accuracy>=70"]),
        (["device", "limit"], {"device": ["a"], "limit": ["params<=5e6"]}, ["params<=5e6"]),
        (["limit"], {"device": None, "limit": ["memory<=2"]}, ["memory<=2"]),
    ],
)
def test_places(order, given, expected):
    assert placed(order, {"maximize": None, "minimize": None} | given, "nasbench201")["limit"] == expected


def test_a_limit_before_several_devices_is_refused():
    with pytest.raises(InputError, match="must stand after its --device"):
        placed(
            ["limit", "device", "device"],
            {"device": ["a", "b"], "limit": ["latency<=1"], "maximize": None, "minimize": None},
            "nasbench201",
        )


def test_limits_out_of_reach_end_with_the_nearest_value(run, tmp_path):
    path = tmp_path / "search.json"
    words = ("--device", "raspi4", "--limit", "latency<=0.5", "--json-file", str(path))
    done = run("search", "--space", "nasbench201", *words, *FEW)
    assert done.code == USER_MISTAKE
    assert "latency@raspi4 must be at most 0.5 ms, nearest" in done.err
    assert json.loads(path.read_text())["feasible"] is False


def test_a_front_a_start_and_a_picture(run, tmp_path):
    start = tmp_path / "start.txt"
    start.write_text("02012100\n11111111\n")
    words = ("--start", str(start), "--picture", str(tmp_path / "a.svg"), "--state", str(tmp_path / "s.npz"))
    for _ in range(2):  # the second goes on from the state
        done = run("search", "--space", "macro", "--method", "evolution", *words, *FEW)
        assert done.code == 0, done.err
        assert "200 evaluations" in done.err
    assert "<svg" in (tmp_path / "a.svg").read_text()


def test_a_search_stays_in_a_smaller_space(run, tmp_path):
    smaller = tmp_path / "smaller.json"
    ReducedSpace("nasbench201", {(0,): ((1,), (3,))}).save(smaller)
    done = run("search", "--space", "nasbench201", "--within", str(smaller), *FEW, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)[0]["arch"].startswith(("|skip_connect~0|+", "|nor_conv_3x3~0|+"))
    other = run("search", "--space", "macro", "--within", str(smaller), *FEW)
    assert other.code == USER_MISTAKE
    assert "within must be a part of macro, got one of nasbench201" in other.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--limit", "latency<=3"), "must stand after its --device"),
        (("--limit", "latency@raspi4=3"), "a limit must be written like"),
        (("--method", "best"), "method must be one of"),
        (("--hold", "2"), "hold must be mean or"),
    ],
)
def test_mistakes(run, words, message):
    done = run("search", "--space", "nasbench201", *words, *FEW)
    assert done.code == USER_MISTAKE
    assert message in done.err
    assert "Traceback" not in done.err


def test_a_run_is_left_in_mlflow(run):
    done = run("search", "--space", "macro", "--evaluations", "20", "--population", "10", "--track")
    assert done.code == 0, done.err
    assert "in experiment search/macro" in done.err


def test_limits_on_size_and_by_measurements(run, small_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    words = ("--space", "nasbench201", "-d", "raspi4", "--limit", "latency<=25", "--limit", "params<=7e5")
    done = run("search", *words, "--measured", *FEW, "--json")
    assert done.code == 0, done.err
    record = json.loads(done.out)[0]
    assert record["params (parameters)"] <= 7e5
    assert {"measured latency@raspi4 (ms)", "source of measured latency@raspi4 (ms)"} <= set(record)
    found = archcast.search(
        "nasbench201",
        limits=["latency@raspi4<=25", "params<=7e5"],
        measured=True,
        evaluations=200,
        population=40,
    )
    assert found.front == json.loads(done.out)
    shown = run("search", *words, *FEW)
    assert f"measured of {record['arch']}: " in shown.out or "measured of |" in shown.out
    wrong = run("search", "--space", "nasbench201", "--limit", "parms<=3", *FEW)
    assert wrong.code == USER_MISTAKE
    assert "did you mean 'params'" in wrong.err


def test_limits_that_are_likely_fractions_are_refused_where_none_are_wanted(run):
    words = ("search", "--space", "nasbench201", "-d", "raspi4", "--minimize", "latency", *FEW)
    done = run(*words, "--limit", "accuracy>=0.93", "--strict")
    assert done.code == USER_MISTAKE
    assert "is it in per cent, or a fraction?" in done.err
    done = run(*words, "--limit", "accuracy>=0.93", "--json")
    assert done.code == 0
    assert done.err.count("is it in per cent, or a fraction?") == 1
    with pytest.raises(DoubtError, match="fraction"):
        archcast.search("nasbench201", minimize="latency@raspi4", limits="accuracy>=0.93", strict=True)
