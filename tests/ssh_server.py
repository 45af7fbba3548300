"""A real SSH server on loopback."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest

SETUP = Path(__file__).resolve().parent / "setup_sshd.sh"


class SshServer:
    """A real sshd of the current user on 127.0.0.1, with keys and known hosts in a folder of its own."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program, self.folder = program, folder
        self.port = _free_port()
        for name in ("host_key", "user_key"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True
            )
        (folder / "authorized").write_text((folder / "user_key.pub").read_text())
        host_key = " ".join((folder / "host_key.pub").read_text().split()[:2])
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {host_key}\n")
        (folder / "ssh_config").write_text(
            f"UserKnownHostsFile {folder}/known_hosts\nGlobalKnownHostsFile /dev/null\nIdentityAgent none\n"
        )
        (folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\n"
            f"AuthorizedKeysFile {folder}/authorized\nPidFile none\nUsePAM no\nStrictModes no\n"
            "PasswordAuthentication no\nMaxStartups 50\n"
            f"SetEnv HOME={folder} XDG_CACHE_HOME={folder}/cache OMP_NUM_THREADS=1\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Listen; returns when it does."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.program, "-D", "-e", "-f", str(self.folder / "sshd_config")], stderr=log
            )
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"sshd does not listen: {(self.folder / 'log').read_text()}")

    def stop(self) -> None:
        """Cut every connection and listen no more."""
        if self._process is not None:
            self.cut()
            self._process.kill()
            self._process.wait()
            self._process = None

    def cut(self) -> int:
        """Kill the server's end of every connection; what it had started is left to itself."""
        assert self._process is not None
        sessions = _below(self._process.pid)
        for pid in sessions:
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.kill(pid, signal.SIGKILL)
        return len(sessions)

    def address(self, *, python: Path | str = sys.executable, cache: Path | None = None) -> str:
        """The address of this server."""
        options = {
            "key": self.folder / "user_key",
            "config": self.folder / "ssh_config",
            "python": python,
        } | ({"cache": cache} if cache else {})
        query = "&".join(f"{name}={quote(str(value))}" for name, value in options.items())
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}?{query}"


def _below(pid: int) -> list[int]:
    """The sshd processes that a process has started, directly or not."""
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended by itself
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if Path(f"/proc/{child}/comm").read_text().startswith("sshd"):
                    found += [int(child), *_below(int(child))]
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def find_sshd() -> str:
    """A program that is sshd; without one the test is skipped, but fails where CI is set."""
    found = subprocess.run(["sh", str(SETUP)], capture_output=True, text=True, check=False)
    reason = found.stderr.strip()
    if sys.platform != "linux":
        reason = "no SSH server: its sessions are cut by means of Linux's /proc"
    elif shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
        reason = "no SSH client: install openssh-client"
    elif found.returncode == 0:
        return found.stdout.strip()
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(reason)
    pytest.skip(reason)
