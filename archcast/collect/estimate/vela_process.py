"""Vela's compiler in a process of its own, which stays for the next network.

In this process it would have to move the file descriptors of standard output and error, which belong to all
of it, and a crash of the compiler would be this process's.
"""

from __future__ import annotations

import atexit
import base64
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from archcast.core.errors import InputError

_WORKER = Path(__file__).with_name("vela_worker.py")


class VelaProcess:
    """Starts the worker at the first network, and again after it has ended; threads take turns."""

    def __init__(self) -> None:
        self._worker: subprocess.Popen[str] | None = None
        self._turn = threading.Lock()

    def compile(self, name: str, file: bytes, system: str, options: str) -> dict[str, Any]:
        """The worker's answer, see `archcast.collect.estimate.vela_worker`.

        Args:
            name, system, options: as the compiler takes them.
            file: the TFLite network.

        Raises:
            InputError: the compiler ended on this network.
        """
        request = {
            "name": name,
            "system": system,
            "options": options,
            "file": base64.b64encode(file).decode(),
        }
        with self._turn:
            worker = self._running()
            line = _asked(worker, json.dumps(request) + "\n")
            if not line:
                self.close()
                code = worker.returncode
                raise InputError(f"Vela's compiler ended on the network, with exit code {code}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the worker."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.communicate()

    def forget(self) -> None:
        """In a process that was forked: leave the worker to the one that started it."""
        worker, self._worker, self._turn = self._worker, None, threading.Lock()
        if worker is not None:
            for end in (worker.stdin, worker.stdout):
                if end is not None:
                    end.close()
            worker.returncode = 0  # it is no child of this process, which must not wait for it

    def _running(self) -> subprocess.Popen[str]:
        """The worker, started where it is not running."""
        if self._worker is None:
            command = [sys.executable, "-P", str(_WORKER)]
            self._worker = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
            )
        return self._worker


def _asked(worker: subprocess.Popen[str], line: str) -> str:
    """The line that answers a line; empty where the worker has ended."""
    if worker.stdin is None or worker.stdout is None:
        return ""
    try:
        worker.stdin.write(line)
        worker.stdin.flush()
        return worker.stdout.readline()
    except OSError:  # a broken pipe
        return ""


VELA = VelaProcess()
atexit.register(VELA.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=VELA.forget)
