"""`archcast suggest` and `adapt`."""

import csv
import json

import pytest

from archcast.cli.app import USER_MISTAKE
from archcast.collect.store import MeasurementStore
from archcast.featurize.spaces import SPACES

pytestmark = pytest.mark.filterwarnings("ignore:.* had (a shipped|another) predictor")
CELLS = SPACES["nasbench201"].to_text(SPACES["nasbench201"].sample(6, seed=0))


def write(path, values, archs=CELLS):
    path.write_text("arch,value\n" + "".join(f"{a},{v}\n" for a, v in zip(archs, values, strict=False)))
    return str(path)


@pytest.mark.usefixtures("no_pictures")
def test_suggest_measure_adapt_predict(run, tmp_path):
    path = tmp_path / "measured.csv"
    done = run("suggest", "--space", "nasbench201", "-n", "5", "--csv", str(path), "--json")
    assert done.code == 0, done.err
    archs = [r["arch"] for r in json.loads(done.out)]
    with path.open(newline="") as file:
        assert [r["arch"] for r in csv.DictReader(file)] == archs
    blank = run("adapt", "-d", "my-board", "--samples", str(path))
    assert (blank.code, "none of its 5 is filled" in blank.err) == (USER_MISTAKE, True)
    samples = write(path, [9, 5, 7, 3, 4], archs)
    made = run("adapt", "-d", "my-board", "--samples", samples, "--json", "--track")
    assert "in experiment nasbench201/latency" in made.err
    assert made.code == 0, made.err
    record = json.loads(made.out)
    assert (record["measurements"], record["unit"], record["space"]) == (5, "ms", "nasbench201")
    told = json.loads(run("predict", archs[0], "-d", "my-board", "--json").out)[0]
    assert told["low"] < told["value"] < told["high"]
    more = run("suggest", "--space", "nasbench201", "-n", "3", "--samples", samples, "--json")
    assert not {r["arch"] for r in json.loads(more.out)} & set(archs)


@pytest.mark.parametrize("space", ["fbnet", "mnasnet"])
def test_notations_with_commas_survive_the_csv(run, tmp_path, space):
    path = tmp_path / "measured.csv"
    run(
        "suggest",
        "--space",
        space,
        "-n",
        "4",
        "--csv",
        str(path),
        "--source",
        "raspi4" if space == "fbnet" else "a100",
    )
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    (tmp_path / "measured.json").write_text(json.dumps([r | {"value": i + 5} for i, r in enumerate(rows)]))
    words = ("--samples", str(tmp_path / "measured.json"), "--no-save", "--json", "--source")
    done = run("adapt", "-d", "board", *words, "raspi4" if space == "fbnet" else "a100")
    assert done.code == 0, done.err
    assert (json.loads(done.out)["space"], json.loads(done.out)["folder"]) == (space, None)
    assert run("predict", rows[0]["arch"], "-d", "board").code == USER_MISTAKE


def test_accuracy_is_adapted_and_predicted_with_intervals(run, tmp_path):
    archs = SPACES["nasbench201"].to_text(SPACES["nasbench201"].sample(20, seed=0))
    samples = write(
        tmp_path / "a.csv", [60 + a.count("3x3~") * 5 + i / 10 for i, a in enumerate(archs)], archs
    )
    done = run("adapt", "-d", "images", "--samples", samples, "--metric", "accuracy")
    assert done.code == 0, done.err
    assert "cross" not in done.err
    told = run("predict", archs[0], "-d", "images", "--metric", "accuracy", "--json")
    assert told.code == 0, told.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("", "columns arch and value"),
        ("net,ms\na,1\n", "columns arch and value"),
        ("[1, 2]", "columns arch and value"),
        ("[{", "is not JSON"),
        (f"arch,value\n{CELLS[0]},1\n{CELLS[1]},fast\n", "got 'fast' (samples"),
        (f"arch,value\n{CELLS[0]}\n", "line 2 has 1 cells, the header has 2"),
        (f"arch,value\n{CELLS[0]},1\n{CELLS[1]},2\n", "at least 3"),
        (f"arch,value\n{CELLS[0]},1\n{CELLS[1]},nan\n{CELLS[2]},2\n", "got 'nan' (samples"),
        ("arch,value\nnothing,1\n", "line 2)"),
    ],
)
def test_samples_that_cannot_be_used_are_told_in_one_line(run, tmp_path, content, words):
    path = tmp_path / "samples"
    if content is not None:
        path.write_text(content)
    done = run("adapt", "-d", "board", "--samples", str(path))
    assert done.code == USER_MISTAKE
    assert words in done.err
    assert done.err.count("\n") == 1


def test_names_and_files_that_do_not_fit_are_refused(run, tmp_path):
    samples = write(tmp_path / "m.csv", [1, 2, 3, 4, 5, 6])
    for words, said in (
        (("adapt", "-d", "b", "--samples", samples, "--source", "nowhere"), "source device"),
        (("adapt", "-d", "a/b", "--samples", samples), "device must be a name"),
        (("suggest", "--space", "nowhere"), "nasbench201"),
        (("suggest", "--space", "macro", "--csv", str(tmp_path / "no" / "m.csv")), "cannot be written"),
    ):
        done = run(*words)
        assert (done.code, said in done.err) == (USER_MISTAKE, True), done.err


def stored(space, archs, values, device="my-board", *, metric="latency", dataset=None):
    with MeasurementStore() as store:
        store.append(
            {
                "space": space,
                "arch": arch,
                "device": device,
                "metric": metric,
                "dataset": dataset or SPACES[space].datasets[0],
                "value": value,
                "status": "ok",
                "source": "test",
                "environment": '{"threads": 1}',
            }
            for arch, value in zip(archs, values, strict=True)
        )


def test_what_was_collected_is_adapted_from_the_store(run):
    none = run("adapt", "-d", "my-board", "--samples", "store")
    assert (none.code, none.err.strip()) == (
        USER_MISTAKE,
        "archcast: the store must hold latency measured on my-board, and holds none",
    )
    stored("nasbench201", CELLS, [9.0, 5.0, 7.0, 3.0, 4.0, 6.0])
    made = run("adapt", "-d", "my-board", "--samples", "store", "--json")
    assert made.code == 0, made.err
    assert json.loads(made.out)["measurements"] == len(CELLS)
    stored("macro", ["02012100"], [1.0])
    two = run("adapt", "-d", "my-board", "--samples", "store")
    assert (two.code, "macro on cifar10, nasbench201 on cifar10" in two.err) == (USER_MISTAKE, True)


def test_the_data_set_of_the_store_is_kept(run):
    cells = SPACES["fbnet"].to_text(SPACES["fbnet"].sample(8, seed=0))
    values = [float(5 + i) for i in range(len(cells))]
    stored("fbnet", cells, values, dataset="imagenet")
    words = ("adapt", "-d", "my-board", "--samples", "store", "--json")
    made = run(*words)
    assert made.code == 0, made.err
    assert json.loads(made.out)["dataset"] == "imagenet"
    listed = json.loads(run("devices", "--space", "fbnet", "--json").out)
    assert [r["dataset"] for r in listed if r["device"] == "my-board"] == ["imagenet"]
    stored("fbnet", cells, values, dataset="cifar100")
    two = run(*words)
    assert two.code == USER_MISTAKE
    assert "fbnet on cifar100, fbnet on imagenet: --dataset must leave one" in two.err
    made = run(*words, "--dataset", "cifar100")
    assert json.loads(made.out)["dataset"] == "cifar100"
    none = run(*words, "--dataset", "cifar10")
    assert "for cifar10, and holds fbnet on cifar100, fbnet on imagenet" in none.err


def test_accuracy_of_the_store_is_adapted(run):
    archs = SPACES["macro"].to_text(SPACES["macro"].sample(20, seed=0))
    stored("macro", archs, [80 + sum(map(int, arch)) / 2 for arch in archs], device="", metric="accuracy")
    made = run("adapt", "-d", "cifar10", "--metric", "accuracy", "--samples", "store", "--json", "--no-track")
    assert made.code == 0, made.err
    assert json.loads(made.out)["measurements"] == 20


def test_a_file_of_any_kind_and_what_its_columns_say(run, tmp_path):
    cells = SPACES["fbnet"].to_text(SPACES["fbnet"].sample(8, seed=0))
    rows = [{"arch": a, "value": 5.0 + i, "dataset": "imagenet"} for i, a in enumerate(cells)]
    rows.append({"arch": cells[0], "value": None, "dataset": "imagenet"})
    path = tmp_path / "samples.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-16")
    made = run("adapt", "-d", "my-board", "--samples", str(path), "--json", "--no-track")
    assert made.code == 0, made.err
    assert "8 of 9 are filled" in made.err
    assert json.loads(made.out)["dataset"] == "imagenet"
    other = run("adapt", "-d", "my-board", "--samples", str(path), "--dataset", "cifar100")
    assert "is of the dataset imagenet, and cifar100 is asked for" in other.err


def test_a_zero_is_told_by_the_line_of_the_file(run, tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(
        "arch,value\n" + "".join(f"{a},{v}\n" for a, v in zip(CELLS, ["", 5, 0, 3, 4, 6], strict=True))
    )
    done = run("adapt", "-d", "board", "--samples", str(path))
    assert "must be finite and above 0, got 0.0 (samples" in done.err
    assert "line 4)" in done.err


def test_doubts_are_told_by_line_and_refused_by_strict(run, tmp_path):
    from archcast.predictors.adapt.sources import source_devices

    codes = SPACES["nasbench201"].sample(10, seed=0)
    values = source_devices("nasbench201").costs(codes, ["pixel2"], "latency")[:, 0]
    values[4] *= 1000
    samples = write(tmp_path / "m.csv", values, SPACES["nasbench201"].to_text(codes))
    words = ("adapt", "-d", "board", "--samples", samples, "--source", "pixel2", "--source", "gold_6226")
    told = run(*words, "--no-track")
    assert told.code == 0, told.err
    assert "times what the others and the sources say: is it in us? (line 6)" in told.err
    assert told.err.count("\n") == 1
    refused = run(*words, "--strict")
    assert refused.code == USER_MISTAKE
    assert "is it in us? (line 6)" in refused.err
