"""`archcast train`, `promote`, `evaluate`, `data` and `doctor` from end to end."""

import json

import pytest
from made_up import additive_labels, fitted_lookup

import archcast
from archcast.cli.app import USER_MISTAKE
from archcast.core.settings import predictors_dir
from archcast.predictors import save
from archcast.predictors.artifact.manifest import MANIFEST

MACRO_ROWS = 1_313  # of the excerpt


@pytest.mark.usefixtures("no_pictures")
def test_train_track_promote_and_serve(run) -> None:
    words = ("train", "--space", "nasbench201", "-d", "raspi4", "--rows", "200", "--json")
    done = run(*words, "--predictor", "linear", "--promote", "--save", "mine")
    assert done.code == 0, done.err
    quality = json.loads(done.out)
    assert quality[0]["target"] == "raspi4/cifar10"
    assert quality[0]["spearman"] > 0.8
    served = [d for d in archcast.devices("nasbench201", "latency") if d.device == "raspi4"]
    assert [d.origin for d in served] == ["own"]
    listed = json.loads(run("devices", "--space", "nasbench201", "--metric", "latency", "--json").out)
    versions = {r["device"]: r["version"] for r in listed}
    assert versions["raspi4"] == "nasbench201.latency.raspi4 v1"
    worse = run(*words, "--predictor", "flops", "--promote")
    assert worse.code == USER_MISTAKE
    assert "champion" in worse.err


@pytest.mark.usefixtures("no_pictures")
def test_a_sweep_and_a_learning_curve(run) -> None:
    words = ("train", "--space", "nasbench201", "-d", "raspi4", "--rows", "120", "--json")
    done = run(*words, "--predictor", "lookup", "--sweep", "3", "--curve", "--promote")
    assert done.code == 0, done.err
    assert json.loads(done.out)[0]["target"] == "raspi4/cifar10"
    assert [f"trial {i}: Kendall 0." in done.err for i in range(3)] == [True] * 3
    assert "best of 3 trials: ridge=" in done.err
    assert "version 1 is the champion" in done.err
    alone = run(*words, "--predictor", "lookup", "--sweep", "2", "--no-track")
    assert alone.code == 0
    assert "in experiment" not in alone.err
    assert "made no difference" not in alone.err


def test_a_sweep_says_when_it_had_nothing_to_choose(run) -> None:
    """From so few rows the network of `mlp` corrects nothing, whatever its settings."""
    words = ("train", "--space", "nasbench201", "-d", "raspi4", "--rows", "40", "--no-track", "--json")
    few = ("--set", "epochs=2", "--set", "hidden=8", "--set", "members=1", "--set", "corrects=true")
    done = run(*words, "--predictor", "mlp", "--sweep", "2", *few)
    assert done.code == 0, done.err
    assert "the settings made no difference: all trials answered alike" in done.err


def test_evaluate_prints_published_figures_beside_its_own(run, tmp_path, public_tables, monkeypatch) -> None:
    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))
    path = tmp_path / "figures.csv"
    done = run("evaluate", "help-nasbench201-900", "-p", "lookup", "--no-track", "--csv", str(path), "--json")
    assert done.code == 0, done.err
    records = {r["predictor"]: r for r in json.loads(done.out)}
    assert records["lookup"]["mean"] > 0.95
    assert records["HELP"]["mean"] == 0.932
    assert "BRP-NAS" in path.read_text()


def test_evaluate_lists_its_protocols(run) -> None:
    assert "help-nasbench201-900" in [r["protocol"] for r in json.loads(run("evaluate", "--json").out)]


def test_import_and_show_a_table(run) -> None:
    done = run("data", "import", "nas_bench_macro", "--json")
    assert done.code == 0, done.err
    assert [r["ok"] for r in json.loads(done.out)] == [MACRO_ROWS]
    listed = {r["name"]: r for r in json.loads(run("data", "list", "--json").out)}
    assert listed["nas_bench_macro"]["imported rows"] == MACRO_ROWS
    shown = json.loads(run("data", "show", "help", "--space", "nasbench201", "--json").out)
    glitches = {r["device"]: r["glitch"] for r in shown}
    assert glitches["raspi4"] == 21
    assert glitches["eyeriss"] == 0


def test_doctor_says_what_is_here(run) -> None:
    record = json.loads(run("doctor", "--json").out)
    assert record["archcast"] == archcast.__version__
    assert record["home writable"] == "yes"
    assert "help" in record["tables found"]
    assert record["refused predictors"] == "none"


def test_doctor_lists_predictors_that_cannot_be_used(run) -> None:
    fitted = fitted_lookup(additive_labels(("late",)))
    for name in ("altered", "cut"):
        save(fitted.predictor, predictors_dir() / name, card=fitted.card)
    (predictors_dir() / "altered" / MANIFEST).write_text("{}")
    (predictors_dir() / "cut" / "lookup.npz").write_bytes(b"PK")
    done = run("doctor", "--json")
    assert "altered" in done.err
    assert all(line.startswith("archcast: ") for line in done.err.splitlines())
    said = json.loads(done.out)["refused predictors"]
    assert [words in line for words, line in zip(("altered", "cut"), said, strict=True)] == [True, True]
    assert "latency of nasbench201 on late" in said[1]


@pytest.mark.parametrize("words", [("--version",), ("devices",)])
def test_plain_answers(run, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.code == 0
    assert done.out.strip()
