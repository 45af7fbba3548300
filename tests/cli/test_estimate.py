"""`archcast estimate` from end to end."""

import json
from pathlib import Path

import pytest

from archcast.cli.app import USER_MISTAKE
from archcast.core.measurements import read_table

ROOFLINE = ("estimate", "--target", "roofline:peak_gmacs=50,bandwidth_gbs=5")
TINY = '{"depth": [3, 3, 3], "width": [4, 8, 16], "skips": [0, 0, 0]}'
SKIP = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"


def test_targets_are_listed(run) -> None:
    listed = {r["target"]: r for r in json.loads(run("estimate", "--list", "--json").out)}
    assert listed["eyeriss-like"]["grid points"] == 9
    assert listed["ethos-u55-256"]["gives"] == "latency"
    assert "eyeriss-like" in run("estimate", "--list").out


def test_networks_are_estimated_and_rows_written(run, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    done = run("estimate", "--target", "eyeriss-like", TINY, "--to", str(path), "--store", "--json")
    assert done.code == 0, done.err
    (record,) = json.loads(done.out)
    assert record["target"] == "eyeriss-like"
    assert record["area"] == pytest.approx(311.2)
    rows = read_table(path).to_pylist()
    assert [row["value"] for row in rows] == [record["latency (ms)"], record["energy (mJ)"]]
    assert "2 rows added to the store, 0 were there" in done.err
    again = run("estimate", "--target", "eyeriss-like", TINY, "--store")
    assert "0 rows added to the store, 2 were there" in again.err


def test_networks_of_a_space_are_drawn_or_read(run, tmp_path: Path) -> None:
    drawn = json.loads(run(*ROOFLINE, "--space", "macro", "--n", "3", "--json").out)
    assert len({record["arch"] for record in drawn}) == 3
    file = tmp_path / "archs.txt"
    file.write_text("\n".join(record["arch"] for record in drawn))
    assert json.loads(run(*ROOFLINE, "--space", "macro", "--archs", str(file), "--json").out) == drawn
    every = json.loads(run(*ROOFLINE, "--space", "macro", "--every", "--json").out)
    assert len(every) == 3**8
    assert "and 6541 more" in run(*ROOFLINE, "--space", "macro", "--every").out


def test_the_breakdown_adds_up(run) -> None:
    words = (*ROOFLINE, "--set", "pj_per_mac=1", "--set", "pj_per_byte=9", "02012100", "--breakdown")
    records = json.loads(run(*words, "--json").out)
    total = records[-1]
    assert total["what"] == "total"
    for unit in ("latency (ms)", "energy (mJ)"):
        for start in ("layer", "part"):
            own = sum(r[unit] for r in records if r["what"].startswith(start))
            assert own == pytest.approx(total[unit])
    assert sum(r["energy (mJ)"] for r in records if r["what"].startswith("energy of")) == pytest.approx(
        total["energy (mJ)"]
    )
    shown = run(*words).out
    assert "02012100 on roofline" in shown
    assert "Conv+BatchNormalization" in shown


def test_a_grid_is_swept_and_a_point_is_picked(run, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nversion: 1\nestimator: roofline\nhardware: {peak_gmacs: 100, bandwidth_gbs: 10}\n"
        "conventions: {batch_norm: folded, activation: fused, global_pool: window, add: elementwise}\n"
        "grid: {peak_gmacs: [50, 100], bandwidth_gbs: [5, 10]}\n"
    )
    swept = json.loads(run("estimate", "-t", str(path), "02012100", "--grid", "--json").out)
    assert [record["target"] for record in swept] == [
        f"mine:bandwidth_gbs={b},peak_gmacs={p}" for p in (50, 100) for b in (5, 10)
    ]
    picked = run("estimate", "-t", str(path), "02012100", "--set", "peak_gmacs=50", "--grid", "--json")
    assert len(json.loads(picked.out)) == 2
    refused = run("estimate", "-t", str(path), SKIP)
    assert refused.code == USER_MISTAKE
    assert "mine does not price the operator Mul" in refused.err
    assert "conventions do not name zero" in refused.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("estimate", "02012100"), "a target must be given with --target"),
        (("estimate", "-t", "eyeris", "02012100"), "did you mean 'eyeriss-like'"),
        (("estimate", "-t", "roofline", "02012100"), "roofline must be given peak_gmacs"),
        (
            ("estimate", "-t", "roofline:peak_gmacs=5_0,bandwidth_gbs=5", "02012100"),
            "peak_gmacs must be a number above 0, got '5_0'",
        ),
        ((*ROOFLINE,), "networks must be given in one way"),
        ((*ROOFLINE, "02012100", "--n", "3"), "networks must be given in one way"),
        ((*ROOFLINE, "--n", "3"), "--space must be given"),
        ((*ROOFLINE, "02012100", "--set", "speed"), "must be name=value"),
        ((*ROOFLINE, "02012100", "--set", "speed=1"), "parameter of roofline must be one of"),
        ((*ROOFLINE, "02012100", "--to", "rows.txt"), "must end in .parquet or .csv"),
        ((*ROOFLINE, "02012100", "--grid"), "roofline has no grid"),
        ((*ROOFLINE, "--space", "hat", "--n", "1"), "hat cannot be estimated"),
    ],
)
def test_mistakes_are_one_sentence(run, words: tuple[str, ...], message: str) -> None:
    done = run(*words)
    assert done.code == USER_MISTAKE
    assert message in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_a_network_that_cannot_be_estimated_is_named(run) -> None:
    dead = SKIP.replace("skip_connect", "none")
    done = run("estimate", "-t", "ethos-u55-256", dead)
    assert done.code == USER_MISTAKE
    assert "ethos-u55-256 can estimate none of the networks" in done.err
    both = json.loads(run("estimate", "-t", "ethos-u55-256", dead, SKIP, "--json").out)
    assert [bool(record["note"]) for record in both] == [True, False]
