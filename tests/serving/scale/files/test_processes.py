"""Processes that answer, hang and end over files."""

import pytest

from archcast.core.errors import InputError
from archcast.serving.scale.files import processes
from archcast.serving.scale.files.processes import FileProcess, ask_all


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MODULE", "fake_network_worker")


def test_every_file_is_answered_whatever_becomes_of_others() -> None:
    names = ["a", "hang", "b", "end", "last", "c"]
    asked = [(name, f"/files/{name}.onnx") for name in names]
    found = dict(ask_all(asked, {}, workers=2, seconds=5.0))
    assert found["hang"] == {"error": "reading it took longer than 5 s"}
    assert found["end"] == {"error": "reading it ended the process that read it"}
    assert {name for name in names if "error" not in found[name]} == {"a", "b", "last", "c"}


def test_one_process_answers_for_several_until_it_ends() -> None:
    process = FileProcess({}, seconds=60.0)
    try:
        first, second, last, other = (process.ask(f"{name}.onnx")["pid"] for name in ("a", "b", "last", "c"))
        assert first == second == last != other
    finally:
        process.end()


def test_what_no_file_can_help_ends_all() -> None:
    with pytest.raises(InputError, match="of what was asked"):
        dict(ask_all([("fatal", "fatal")], {}, workers=1, seconds=60.0))


def test_a_process_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MODULE", "no_such_module")
    with pytest.raises(InputError, match="no process that reads files can be started"):
        dict(ask_all([("a", "a")], {}, workers=1, seconds=60.0))
