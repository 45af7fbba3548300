"""Boards by SSH: the command line, and deploying over a real server."""

from __future__ import annotations

import os
import shlex
import sys
import time
from pathlib import Path

import pytest

from archcast.collect.measure import deploy as deploying
from archcast.collect.measure.address import parse_address
from archcast.collect.measure.board_shell import NotReadyError
from archcast.collect.measure.channel import ChannelTimeoutError, ConnectionLostError, ProcessChannel
from archcast.collect.measure.deploy import deploy
from archcast.collect.measure.ssh import SshShell


def shell_of(address: str) -> SshShell:
    return SshShell(parse_address(address))


def deployed(shell: SshShell, token: str = "t", needs: tuple[str, ...] = ("numpy", "onnxruntime")):
    said: list[str] = []
    command = deploy(shell, needs=needs, token=token, say=said.append)
    return ProcessChannel(command, name=shell.name), said


def fake_python(path: Path, lines: str) -> Path:
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)
    return path


def test_the_command_never_asks_and_notices_a_dead_link() -> None:
    argv = shell_of("ssh://pi@board:2222").local_command("true")
    assert argv[:2] == ["ssh", "-T"]
    assert {"BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=5"} <= set(argv)
    assert argv[-7:] == ["-p", "2222", "-l", "pi", "--", "board", "true"]
    assert not any("StrictHostKeyChecking" in word for word in argv)


def test_host_keys_are_an_option() -> None:
    argv = shell_of("ssh://board?host_keys=accept-new").local_command("true")
    assert "StrictHostKeyChecking=accept-new" in argv


def test_a_python_in_the_home_of_the_board_is_not_quoted_away() -> None:
    assert shell_of("ssh://board?python=~/my env/python").python_word() == "\"$HOME\"/'my env/python'"


def test_the_runner_is_sent_once_and_answers(server) -> None:
    shell = shell_of(server.address())
    for _ in range(2):
        channel, said = deployed(shell)
        with channel:
            answer = channel.request({"command": "hello"}, timeout_s=60)
        assert answer["facts"]["versions"]["onnxruntime"]
        assert said == []
    files = [p for p in (server.folder / "cache/archcast").iterdir() if p.suffix == ".pyz"]
    assert len(files) == 1
    before = files[0].stat().st_mtime_ns
    deployed(shell)
    assert files[0].stat().st_mtime_ns == before
    assert not list(files[0].parent.glob(".*.partial"))


def test_a_damaged_runner_is_sent_again(server) -> None:
    shell = shell_of(server.address())
    deployed(shell)
    (file,) = (server.folder / "cache/archcast").glob("runner-*.pyz")
    whole = file.read_bytes()
    file.write_bytes(whole[:-10])
    deployed(shell)
    assert file.read_bytes() == whole


def test_a_runner_that_arrives_cut_is_never_started(server, monkeypatch) -> None:
    shell = shell_of(server.address())
    sent = SshShell.send
    monkeypatch.setattr(SshShell, "send", lambda self, data, path: sent(self, data[:-1], path))
    with pytest.raises(ConnectionLostError, match="did not arrive whole"):
        deployed(shell)
    assert not list((server.folder / "cache/archcast").iterdir())


def test_a_runner_that_hangs_is_ended_by_the_next_deployment(server, naughty_python) -> None:
    python = naughty_python(
        "def answer(self, request):\n    time.sleep(600 if request['command'] == 'load_average' else 0)\n"
        "    return usual(self, request)"
    )
    shell = shell_of(server.address(python=python))
    channel, _ = deployed(shell)
    channel.open()
    channel.request({"command": "hello"}, timeout_s=60)
    (note,) = (server.folder / "cache/archcast").glob("run-*.pid")
    pid = int(note.read_text())
    with pytest.raises(ChannelTimeoutError):
        channel.request({"command": "load_average"}, timeout_s=0.3)
    assert alive(pid)
    _, said = deployed(shell, token="somebodyelse")
    assert said == [f"another runner measures on {shell.name} (process {pid}): the two disturb each other"]
    assert alive(pid)
    deployed(shell)
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(pid)
    assert not note.exists()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_no_python_says_what_to_install(server) -> None:
    with pytest.raises(NotReadyError, match=r"has no program 'snake': install Python 3\.8 or newer"):
        deployed(shell_of(server.address(python="snake")))


def test_an_old_python_is_refused(server, tmp_path) -> None:
    line = '{"folder": "/x", "there": true, "others": [], "missing": [], "python": [3, 6, 9]}'
    old = fake_python(tmp_path / "old", f"echo 'archcast-board {line}'")
    with pytest.raises(NotReadyError, match=r"must be Python 3\.8 or newer, got 3\.6\.9"):
        deployed(shell_of(server.address(python=old)))


def test_missing_packages_come_with_the_command_that_installs_them(server, tmp_path) -> None:
    bare = fake_python(tmp_path / "bare", f'exec {sys.executable} -S "$@"')
    shell = shell_of(server.address(python=bare))
    with pytest.raises(NotReadyError, match="lacks numpy and onnxruntime: run ssh -F") as raised:
        deployed(shell)
    line = str(raised.value).partition(": run ")[2]
    assert shlex.split(line)[-1] == f"{bare} -m pip install numpy onnxruntime"


def test_a_login_shell_that_prints_is_named(server, tmp_path) -> None:
    loud = fake_python(tmp_path / "loud", f'echo Welcome; exec {sys.executable} "$@"')
    with pytest.raises(NotReadyError, match="prints 'Welcome'"):
        deployed(shell_of(server.address(python=loud)))


def test_a_key_that_is_not_allowed_is_no_lost_connection(server) -> None:
    (server.folder / "authorized").write_text("")
    with pytest.raises(NotReadyError, match="Permission denied"):
        deployed(shell_of(server.address()))


def test_an_unknown_host_key_is_refused(server) -> None:
    (server.folder / "known_hosts").write_text("")
    with pytest.raises(NotReadyError, match="Host key verification failed"):
        deployed(shell_of(server.address()))


def test_no_server_is_a_lost_connection(server) -> None:
    server.stop()
    with pytest.raises(ConnectionLostError, match="Connection refused"):
        deployed(shell_of(server.address()))


def test_silence_is_a_timeout(server, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("archcast.collect.measure.board_shell.PREPARE_SECONDS", 0.5)
    silent = fake_python(tmp_path / "silent", "sleep 5")
    with pytest.raises(ChannelTimeoutError, match=r"within 0\.5 s"):
        deployed(shell_of(server.address(python=silent)))


def test_no_ssh_program_here(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotReadyError, match="ssh cannot be started here"):
        deployed(shell_of("ssh://board"))


def test_the_scripts_are_python_that_an_old_version_can_at_least_parse() -> None:
    for script in (deploying._PROBE, deploying._INSTALL):
        compile(script, "board", "exec")
        assert 'f"' not in script
