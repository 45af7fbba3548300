"""An SSH server on loopback, and boards that misbehave."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ssh_server import SshServer, find_sshd


@pytest.fixture(scope="session")
def sshd_program() -> str:
    """The program that is sshd."""
    return find_sshd()


@pytest.fixture
def make_server(sshd_program: str, tmp_path: Path) -> Iterator[Callable[[str], SshServer]]:
    """Makes a server of a name, which listens."""
    made: list[SshServer] = []

    def make(name: str) -> SshServer:
        folder = tmp_path / name
        folder.mkdir()
        made.append(SshServer(sshd_program, folder))
        made[-1].start()
        return made[-1]

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def server(make_server: Callable[[str], SshServer]) -> SshServer:
    """A server that listens."""
    return make_server("sshd")


@pytest.fixture
def naughty_python(tmp_path: Path):
    """Makes a Python program whose runner first runs the given lines; `real` is the runner's module."""

    def make(lines: str) -> Path:
        script = tmp_path / "naughty.py"
        script.write_text(
            "import os, sys, time\nsys.argv = sys.argv[1:]\nsys.path.insert(0, sys.argv[0])\n"
            "out = os.dup(1)\nfrom archcast_runner import runner as real\n"
            f"usual = real.Runner.answer\n{lines}\nreal.Runner.answer = answer\nreal.main()\n"
        )
        program = tmp_path / "python"
        program.write_text(
            f'#!/bin/sh\ncase "$1" in\n*.pyz) exec {sys.executable} {script} "$@" ;;\n'
            f'*) exec {sys.executable} "$@" ;;\nesac\n'
        )
        program.chmod(0o755)
        return program

    return make
