"""`archcast collect remote` and `archcast collect farm`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_adb import write_adb
from ssh_server import SshServer, find_sshd

from archcast.collect.store import MeasurementStore

ARCHS = [
    "|none~0|+|none~0|none~1|+|skip_connect~0|nor_conv_1x1~1|none~2|",
    "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|",
]
QUICK = ("--space", "nasbench201", "--rounds", "2", "--runs", "1")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    folder = tmp_path / "sshd"
    folder.mkdir()
    server = SshServer(find_sshd(), folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a device of a fake adb."""
    folder = tmp_path / "adb"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return write_adb(folder)


@pytest.fixture
def archs(tmp_path: Path) -> str:
    file = tmp_path / "archs.json"
    file.write_text(json.dumps(ARCHS))
    return str(file)


def test_a_board_is_measured_over_ssh_and_only_once(run, server: SshServer, archs: str) -> None:
    words = ("collect", "remote", "--host", server.address(), "--device", "my-board-ort-1t", "--archs", archs)
    done = run(*words, *QUICK, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert (told["measured"], told["failed"], told["had already"]) == (2, 0, 0)
    rows = MeasurementStore().to_table(device="my-board-ort-1t").to_pylist()
    assert sorted(row["arch"] for row in rows) == sorted(ARCHS)
    assert {json.loads(row["environment"])["board"] for row in rows} == {server.address().partition("?")[0]}
    server.stop()  # nothing is left to do, so nobody is called
    done = run(*words, *QUICK)
    assert done.code == 0, done.err
    assert "had already            2\n" in done.out


def test_a_farm_takes_over_says_what_is_lost_and_ends_with_1_when_something_is_undone(
    run, phone: str, archs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archcast.collect.measure.remote.BoardChannel._pause", lambda self, seconds: None)
    file = tmp_path / "farm.toml"
    boards = [("good", "phone-ort-1t", phone), ("away", "phone-ort-1t", phone.replace("FAKE", "AWAY"))]
    boards.append(("alone", "tablet-ort-1t", "adb://FAR?python=/nowhere"))
    file.write_text(
        "".join(f'[[board]]\nname = "{n}"\ndevice = "{d}"\naddress = "{a}"\n' for n, d, a in boards)
    )
    done = run("collect", "farm", str(file), "--archs", archs, *QUICK)
    assert done.code == 1
    assert "measured               2\n" in done.out
    assert "networks on good  2\n" in done.out
    assert "away was lost: adb://AWAY cannot be reached: adb: device 'AWAY' not found (3 tries)" in done.err
    assert "2 networks of tablet-ort-1t are not measured" in done.err
    assert "the same command goes on from there" in done.err
    assert sorted(MeasurementStore().to_table()["arch"].to_pylist()) == sorted(ARCHS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("remote", "--host", "board", "--device", "b-ort-1t", "--n", "1"), "must begin with ssh://"),
        (("remote", "--host", "ssh://b", "--device", "b", "--n", "1"), "device must be HOST-ort-<threads>t"),
        (("remote", "--host", "ssh://b", "--device", "b-ort-1t"), "either --n or --archs must be given"),
        (("farm", "/nowhere.toml", "--n", "1"), "farm file /nowhere.toml must be readable TOML"),
    ],
)
def test_mistakes_are_one_sentence(run, words: tuple[str, ...], said: str) -> None:
    done = run("collect", *words, *QUICK)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""


def test_a_board_without_python_is_one_sentence(run, phone: str, archs: str) -> None:
    address = phone.partition("?")[0] + "?python=/no/python"
    done = run("collect", "remote", "--host", address, "--device", "p-ort-1t", "--archs", archs, *QUICK)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "adb://FAKE has no program '/no/python'" in done.err


def test_a_lost_board_says_how_to_go_on(run, phone: str, archs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archcast.collect.measure.remote.BoardChannel._pause", lambda self, seconds: None)
    address = phone.replace("FAKE", "AWAY")
    done = run("collect", "remote", "--host", address, "--device", "p-ort-1t", "--archs", archs, *QUICK)
    assert done.code == 2
    assert "next try in 1 s" in done.err
    assert done.err.endswith("what was measured is kept, the same command goes on from there\n")
