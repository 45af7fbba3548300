"""Android devices, by a fake `adb` alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from fake_adb import write_adb

from archcast.collect.measure.adb import AdbShell
from archcast.collect.measure.address import parse_address
from archcast.collect.measure.board_shell import NotReadyError
from archcast.collect.measure.channel import ConnectionLostError
from archcast.collect.measure.devices import parse_device
from archcast.collect.measure.remote import BoardChannel, open_shell
from archcast.collect.measure.request import make_request
from archcast.collect.measure.rows import measure_rows
from archcast.collect.measure.timing import TimingSettings

ARCH = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return write_adb(tmp_path)


def test_a_device_is_measured(address: str, tmp_path: Path) -> None:
    request = make_request("nasbench201", [ARCH], device=parse_device("phone-ort-1t"))
    settings = TimingSettings(rounds=2, runs=1, warm_up=0, extra_rounds=0)
    with BoardChannel(open_shell(parse_address(address))) as channel:
        (row,) = measure_rows(channel, request, board="phone", settings=settings)
    assert row["status"] == "ok", row["note"]
    assert row["value"] > 0
    assert json.loads(row["environment"])["board"] == "phone"
    calls = (tmp_path / "calls").read_text().splitlines()
    assert sum(" push " in call for call in calls) == 1
    assert all(call.startswith("-s FAKE ") for call in calls if "FAKE" in call)
    with BoardChannel(open_shell(parse_address(address))) as channel:
        channel.request({"command": "hello"}, timeout_s=60)
    assert (tmp_path / "calls").read_text().count(" push ") == 1


def test_a_device_that_is_gone_is_a_lost_connection(address: str, tmp_path: Path) -> None:
    (tmp_path / "gone").touch()
    shell = AdbShell(parse_address(address))
    with pytest.raises(ConnectionLostError, match=r"adb://FAKE cannot be reached: .*device 'FAKE' not found"):
        shell.run("true")


def test_a_device_that_does_not_trust_this_host_is_not_tried_again(address: str, tmp_path: Path) -> None:
    (tmp_path / "unauthorized").touch()
    channel = BoardChannel(open_shell(parse_address(address)), first_pauses_s=(9.0,))
    with pytest.raises(NotReadyError, match="device unauthorized"):
        channel.open()
    assert not channel.troubles


def test_a_device_without_python_says_so(address: str, tmp_path: Path) -> None:
    shell = AdbShell(parse_address("adb://FAKE?python=/data/py"))
    with pytest.raises(NotReadyError, match="adb://FAKE has no program '/data/py': install Python"):
        shell.run_python("", [])


def test_no_adb_program_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotReadyError, match="adb cannot be started here"):
        AdbShell(parse_address("adb://FAKE")).run("true")


def test_what_to_type_is_told_in_full() -> None:
    shell = AdbShell(parse_address("adb://1.2.3.4:5555"))
    assert shell.typed("python3 -V") == "adb -s 1.2.3.4:5555 shell 'python3 -V'"
