"""Machines that are full or read-only, and options that are no numbers: a sentence, and no result is lost."""

import json
import sys
import warnings
from pathlib import Path

import pytest

from archcast.cli import fallback, main
from archcast.cli.app import USER_MISTAKE
from archcast.core.errors import ArchcastWarning, InputError

SEARCH = ("search", "--space", "nasbench201", "--minimize", "latency@raspi4", "-n", "40")
CELLS = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|,97.3\n"
    "|avg_pool_3x3~0|+|skip_connect~0|skip_connect~1|+|skip_connect~0|none~1|none~2|,2.84\n"
    "|nor_conv_1x1~0|+|nor_conv_1x1~0|none~1|+|nor_conv_1x1~0|nor_conv_1x1~1|nor_conv_1x1~2|,14.06\n"
)


@pytest.fixture
def samples(tmp_path: Path) -> str:
    path = tmp_path / "samples.csv"
    path.write_text(f"arch,value\n{CELLS}")
    return str(path)


@pytest.fixture
def no_home(run, tmp_path, monkeypatch):
    """The command with a home that cannot be made, as a file stands in its way."""
    (tmp_path / "file").write_text("")

    def call(*words):
        return run(*words)

    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "file" / "home"))
    return call


def test_a_search_prints_and_keeps_its_result_elsewhere(no_home, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    aim = tmp_path / "no folder" / "front.csv"
    done = no_home(*SEARCH, "--csv", str(aim), "--json")
    assert done.code == USER_MISTAKE
    front = json.loads(done.out)
    assert front
    assert "no run was left in MLflow" in done.err
    (kept_at,) = tmp_path.glob("archcast-*/front.csv")
    assert f"it is kept in {kept_at}" in done.err
    assert front[0]["arch"] in kept_at.read_text()
    assert "Traceback" not in done.err


def test_a_run_that_was_asked_for_must_be_left(no_home) -> None:
    done = no_home(*SEARCH, "--track")
    assert done.code == USER_MISTAKE
    assert done.err.count("no run was left in MLflow") == 1
    done = no_home(*SEARCH)
    assert done.code == 0


def test_a_file_that_can_be_kept_nowhere_is_told(tmp_path, monkeypatch) -> None:
    def refuse(path):
        raise InputError("it is full")

    assert fallback.write_or_keep(tmp_path / "x", refuse) == "it is full"
    assert fallback.write_or_keep(tmp_path / "x", lambda path: path.write_text("a")) == ""


def test_what_was_learned_is_shown_before_it_cannot_be_saved(no_home, samples) -> None:
    done = no_home("adapt", "-d", "b", "--samples", samples, "--no-track", "--json")
    assert done.code == USER_MISTAKE
    assert json.loads(done.out)["folder"] is None
    assert "cannot be written: Not a directory; ARCHCAST_HOME names another home" in done.err


def test_a_state_that_cannot_be_kept_stops_no_search(run, tmp_path, monkeypatch) -> None:
    def refuse(path, state):
        raise InputError("state cannot be written: it is full")

    monkeypatch.setattr("archcast.search.loop.run.write_state", refuse)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        done = run(*SEARCH, "--no-track", "--state", str(tmp_path / "state"), "--json")
    assert json.loads(done.out)
    assert done.err.count("archcast: state cannot be written: it is full") == 1
    done = run(*SEARCH, "--no-track", "--state", str(tmp_path / "none" / "state"))
    assert done.code == USER_MISTAKE
    assert "must be in a folder that is there" in done.err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left", "/home/x"), "'/home/x' cannot be used: No space left"),
        (RecursionError(), "what was given is nested too deep"),
        (MemoryError(), "what was given needs more memory than there is"),
    ],
)
def test_the_state_of_a_machine_is_one_sentence(run, monkeypatch, error, said) -> None:
    def fail():
        raise error

    monkeypatch.setattr(sys.modules[main.__module__], "_command", lambda: fail)
    done = run("devices")
    assert (done.code, done.err) == (USER_MISTAKE, f"archcast: {said}\n")


def test_a_warning_is_one_sentence(run, monkeypatch) -> None:
    def warn():
        warnings.simplefilter("always")
        warnings.warn("first\n  second", ArchcastWarning, stacklevel=1)

    monkeypatch.setattr(sys.modules[main.__module__], "_command", lambda: warn)
    assert run("devices").err == "archcast: first second\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-n", "1_0"), "--evaluations must be a whole number, got '1_0'"),
        (("--population", "٣"), "--population must be a whole number"),
        (("--seconds", "nan"), "--seconds must be a number, got 'nan'"),
        (("--seconds", "1_0"), "--seconds must be a number, got '1_0'"),
        (("--hold", "0_9"), "hold must be mean or a probability of 0.75 to 0.995, got '0_9'"),
        (("--limit", "latency@raspi4<=1_0"), "value of a limit must be a number, got '1_0'"),
    ],
)
def test_options_are_numbers_as_files_have_them(run, words, said) -> None:
    done = run("search", "--space", "nasbench201", *words)
    assert done.code == USER_MISTAKE
    assert said in done.err


def test_numbers_of_options_still_work(run) -> None:
    done = run(*SEARCH[:-2], "-n", " 20", "--seconds", "1e2", "--hold", "0.9", "--no-track", "--json")
    assert done.code == 0, done.err


def test_two_devices_before_one_limit_are_refused(run) -> None:
    done = run("search", "--space", "fbnet", "-d", "raspi4", "-d", "eyeriss", "--limit", "latency<=9")
    assert done.code == USER_MISTAKE
    assert "--device raspi4 stands before it beside --device eyeriss" in done.err


def test_two_devices_with_a_limit_each_are_searched(run) -> None:
    done = run(
        *("search", "--space", "nasbench201", "-n", "60", "--no-track", "--json"),
        *("-d", "raspi4", "--limit", "latency<=40", "-d", "eyeriss", "--limit", "latency@eyeriss<=9"),
    )
    assert done.code == 0, done.err
