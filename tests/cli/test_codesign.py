import csv
import json

import numpy as np
import pytest
from search.codesign_cases import costs, estimates

from archcast.cli.app import USER_MISTAKE
from archcast.search.codesign import find as search
from archcast.search.codesign import run as module
from archcast.search.codesign.problem import PairValues


@pytest.fixture(autouse=True)
def estimated(monkeypatch):
    monkeypatch.setattr(module, "estimate_grid", lambda *_, **__: estimates())
    monkeypatch.setattr(module, "estimate_pairs", slower)


def slower(_target, pairs, codes, *, dataset, report):
    """The estimator of these tests: latency a tenth above what the models say."""
    del dataset, report
    values = PairValues(pairs, lambda networks: np.zeros(len(networks)), costs())(codes)
    return 1.1 * values[:, 1], values[:, 2], values[:, 3]


def test_limits_are_held_by_the_estimator(run):
    asked = ("codesign", "--limit", "latency<=1", "--hardware", "array=12x14", "--top", "3", "--json")
    trusted = json.loads(run(*asked, "--no-confirm").out)
    done = run(*asked)
    confirmed = json.loads(done.out)
    assert "broke a limit by the estimator" in done.err
    assert max(record["latency (ms)"] for record in trusted) > 1 / 1.1
    assert len(confirmed) == 3
    assert max(record["latency (ms)"] for record in confirmed) <= 1


def test_several_objectives_give_a_front(run, monkeypatch):
    monkeypatch.setattr(search, "FRONT_EVALUATIONS", 2_000)
    done = run("codesign", "--objective", "accuracy", "--objective", "edp", "--top", "8", "--json")
    front = [(record["accuracy (%)"], record["edp (mJ ms)"]) for record in json.loads(done.out)]
    assert len(front) > 3
    assert sorted(front, reverse=True) == front
    assert sorted(front, key=lambda at: -at[1]) == front


def test_pairs_are_printed_and_written(run, tmp_path):
    to = tmp_path / "pairs.csv"
    result = run(
        "codesign", "--limit", "latency<=2", "--limit", "area<=300", "--top", "2", "--to", str(to), "--json"
    )
    printed = json.loads(result.out)
    assert len(printed) == 2
    assert "83,308,500,000 configurations" in result.err
    with to.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["arch"] for row in rows] == [record["arch"] for record in printed]
    assert all(record["latency (ms)"] <= 2 for record in printed)


def test_hardware_may_be_narrowed(run):
    result = run("codesign", "--hardware", "clock_mhz=100", "--hardware", "array=7x6", "--json", "--top", "1")
    (record,) = json.loads(result.out)
    assert (record["array"], record["clock_mhz"]) == ("7x6", 100.0)


def test_accuracy_may_be_predicted_by_flashs_form(run):
    done = run("codesign", "--accuracy-model", "nn_degree", "--objective", "efficiency", "--json")
    (record,) = json.loads(done.out)[:1]
    assert record["array"] == "7x6"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--limit", "latency=2"], "must be written like"),
        (["--limit", "latency<=0.0000001"], "kept by no pair"),
        (["--objective", "speed"], "speed"),
        (["--target", "ethos-u55-256"], "must list array"),
        (["--hardware", "volts=1"], "volts"),
        (["--to", "pairs.txt"], "must end in"),
        (["--to", "missing-folder/pairs.csv"], "must exist"),
        (["--trained", "1"], "trained networks must be"),
        (["--estimated", "1"], "estimated networks must be"),
        (["--accuracy-model", "oracle"], "oracle"),
    ],
)
def test_mistakes_are_told_in_one_sentence(run, arguments, words):
    done = run("codesign", *arguments)
    assert done.code == USER_MISTAKE
    assert words in done.err
    assert done.err.strip().count("\n") == 0
