"""What was found out of each file, a line each."""

import pytest

from archcast.core.errors import InputError
from archcast.serving.scale.files.journal import FileResult, Journal

GOOD = FileResult("a/b.onnx", 10, 5, key="k", costs=((1.5, 1.0, 2.0, ""), (None, None, None, "why")))
BAD = FileResult("ü.onnx", 0, 7, error="it is empty")


def test_a_journal_goes_on_where_it_was_cut_off(tmp_path) -> None:
    first = Journal(tmp_path)
    first.open()
    first.add(GOOD)
    first.add(BAD)
    with (tmp_path / "files.jsonl").open("a") as file:
        file.write('{"file": "c.onn')
    second = Journal(tmp_path)
    second.open()
    assert second.found == {"a/b.onnx": GOOD, "ü.onnx": BAD}
    changed = FileResult("ü.onnx", 9, 8, key="m", costs=((3.0, None, None, ""),))
    second.add(changed)
    third = Journal(tmp_path)
    third.open()
    assert third.found == {"a/b.onnx": GOOD, "ü.onnx": changed}
    assert len((tmp_path / "files.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize("line", ["x", "{}", "[1]", '{"file": "a", "costs": 3}'])
def test_one_that_is_none_is_told(tmp_path, line: str) -> None:
    (tmp_path / "files.jsonl").write_text(line + "\n")
    with pytest.raises(InputError, match=r"cannot be read: .*; name a new folder"):
        Journal(tmp_path).open()
