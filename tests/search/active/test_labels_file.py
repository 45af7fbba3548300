"""The file of what was trained."""

import csv
import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from archcast.core.errors import InputError
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
        ("arch,accuracy\n02012100,5\n", "must have the columns arch and value"),
        ("arch,value\n02012100,good\n", r"must be a number, blank or failed, got 'good' \(item 0\)"),
        ("arch,value\n02012100,inf\n", "must be a number"),
        ("arch,value\n02012100,5\n0201210,5\n", r"\(item 1\)"),
        ("arch,value\n02012100,5\n02012100,6\n", "must be told once"),
        ('arch,value\n"02012100,5\n', "must be a CSV file"),
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
