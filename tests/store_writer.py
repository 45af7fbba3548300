"""A process that forks writers of a measurement store, so that tests can kill them without warning.

Reads one JSON order a line, answers with the writer's process id, and with its exit code when it is gone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from archcast.collect.rows import checked_rows
from archcast.collect.store import MeasurementStore, environment_json

DIED = 77


def row(arch: str, **changes: Any) -> dict[str, Any]:
    """A measurement."""
    return {
        "space": "fbnet",
        "arch": arch,
        "device": "board",
        "metric": "latency",
        "dataset": "imagenet",
        "value": 1.25,
        "status": "ok",
        "source": "test",
        "environment": environment_json({"threads": 1}),
    } | changes


def group(name: str, i: int) -> list[str]:
    """Architectures of the i-th append: one to three."""
    return [f"{name}/{i}/{j}" for j in range(1 + i % 3)]


def write(folder: str, name: str, journal_rows: int, appends: int) -> None:
    """Append groups, and say in the file `name` beside the store which are acknowledged."""
    said = os.open(f"{folder}-{name}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    with MeasurementStore(Path(folder), journal_rows=journal_rows) as store:
        for i in range(appends):
            store.append([row(arch) for arch in group(name, i)])
            os.write(said, b"+")


def compact(folder: str, steps: int) -> None:
    """Fold a store, and die just before the step `steps` that changes something on disk."""
    left = steps

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def first(*words: Any, **named: Any) -> Any:
            nonlocal left
            if not left:
                os._exit(DIED)
            left -= 1
            return call(*words, **named)

        return first

    for name in ("fsync", "replace", "unlink"):
        setattr(os, name, counted(getattr(os, name)))
    MeasurementStore(Path(folder)).compact()


class Forker:
    """The tests' end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, job: str, *words: Any) -> int:
        """Process id of a new writer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([job, *words]) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def wait(self) -> int:
        """Exit code of the writer started last; negative when it was killed."""
        return self._answer()

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


@contextmanager
def forker() -> Iterator[Forker]:
    """A process that forks writers, one at a time."""
    command = [sys.executable, __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Forker(process)


def main() -> None:
    for line in sys.stdin:
        job, *words = json.loads(line)
        child = os.fork()
        if not child:
            {"write": write, "compact": compact}[job](*words)
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    import pyarrow.parquet  # noqa: F401 - loaded once, before any fork

    checked_rows([row("warm")])
    main()
