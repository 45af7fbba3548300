"""The file of what was trained."""

import csv
import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from archcast.core.errors import ArchcastWarning, InputError
from archcast.search.active.labels_file import next_to_train
from archcast.search.active.run import Trainer


def trainer():
    return Trainer("macro", seed=1)


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_file_grows_as_training_goes(tmp_path):
    path = tmp_path / "trained.csv"
    first = next_to_train(trainer(), path, 10, add=True)
    assert rows(path) == [{"arch": arch, "value": ""} for arch in first]
    lines = [f"{arch},{50 + i}" for i, arch in enumerate(first[:8])]
    path.write_text("\n".join(["arch,value", *lines, f"{first[8]},Failed", f"{first[9]},"]))
    told = trainer()
    more = next_to_train(told, path, 3)
    assert len(rows(path)) == 10, "nothing is added unless asked"
    assert told.found.archs == first[:8]
    assert next_to_train(trainer(), path, 3, add=True) == more
    assert [row["arch"] for row in rows(path)] == first + more
    after = next_to_train(trainer(), path, 3, add=True)
    assert not set(after) & {*first, *more}


def test_those_who_ask_at_once_get_different_ones(tmp_path):
    path = tmp_path / "trained.csv"
    with ThreadPoolExecutor(4) as pool:
        asked = list(pool.map(lambda _: next_to_train(trainer(), path, 2, add=True), range(12)))
    archs = [arch for named in asked for arch in named]
    assert len(set(archs)) == 24
    assert sorted(row["arch"] for row in rows(path)) == sorted(archs)


def test_other_columns_stay(tmp_path):
    path = tmp_path / "trained.csv"
    path.write_text("job,value,arch\n17,61.5,02012100\n")
    (new,) = next_to_train(trainer(), path, 1, add=True)
    assert path.read_text() == f"job,value,arch\n17,61.5,02012100\n,,{new}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("arch,latency\n02012100,5\n", "the columns arch and value .or accuracy., and has .* 'latency'"),
        ("arch,value,metric\n02012100,5,latency\n", "is of the metric latency, and accuracy is asked for"),
        ("arch,value,space\n02012100,5,fbnet\n", "is of the space fbnet, and macro is asked for"),
        ("arch,value\n02012100,good\n", r"must be a number, got 'good' \(labels .* line 2\)"),
        ("arch,value\n02012100,inf\n", "must be a number"),
        ("arch,value\n02012100,5\n0201210,5\n", r"line 3\)"),
        ("arch,value\n02012100,5\n02012100,6\n", "must be told once"),
        ('arch,value\n"02012100,5\n', "line 2 cannot be read as CSV"),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path, text, message):
    path = tmp_path / "trained.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        next_to_train(trainer(), path, 2, add=True)
    assert path.read_text() == text


def test_a_file_that_is_not_there_is_made_only_when_asked(tmp_path):
    with pytest.raises(InputError, match="must exist; --add makes the file"):
        next_to_train(trainer(), tmp_path / "none.csv", 1)
    with pytest.raises(InputError, match="cannot be used"):
        next_to_train(trainer(), tmp_path, 1, add=True)


def test_what_failed_is_told_as_such(tmp_path):
    path = tmp_path / "trained.csv"
    path.write_text("arch,value\n02012100,failed\n")
    told = trainer()
    next_to_train(told, path, 1)
    assert told.left == 3**8 - 1
    with pytest.raises(InputError, match="told once"):
        told.tell(["02012100"], [math.nan])


def test_columns_are_believed(tmp_path):
    path = tmp_path / "trained.csv"
    path.write_text("arch;Accuracy [fraction];status\n02012100;0,615;ok\n02012101;;failed\n00000001;;\n")
    told = trainer()
    next_to_train(told, path, 1)
    assert (told.found.archs, told.found.accuracies.tolist()) == (["02012100"], [61.5])


def test_fractions_are_asked_about_and_other_values_refused(tmp_path):
    path = tmp_path / "trained.csv"
    path.write_text("arch,value\n02012100,0.94\n")
    with pytest.warns(ArchcastWarning, match="at most 0.94 %: is it in per cent, or a fraction"):
        next_to_train(trainer(), path, 1)
    path.write_text("arch,value\n02012100,940\n")
    with pytest.raises(InputError, match=r"must be 0 to 100 %, got 940 \(labels .* line 2\)"):
        next_to_train(trainer(), path, 1)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_rows_are_added_as_the_file_is_written(tmp_path, encoding):
    path = tmp_path / "trained.csv"
    path.write_text("Arch;value\n02012100;61,5", encoding=encoding)
    (new,) = next_to_train(trainer(), path, 1, add=True)
    assert path.read_text(encoding=encoding) == f"Arch;value\n02012100;61,5\n{new};\n"


def test_only_csv_is_added_to(tmp_path):
    path = tmp_path / "trained.json"
    path.write_text('[{"arch": "02012100", "value": 61.5}]')
    assert len(next_to_train(trainer(), path, 2)) == 2
    with pytest.raises(InputError, match="must be CSV to be added to"):
        next_to_train(trainer(), path, 2, add=True)
