"""A process that forks writers of a measurement store, so that tests can kill them without warning.

Reads one JSON order a line, answers with the writer's process id, and with its exit code when it is gone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fake_runner import FakeChannel

from archcast.collect import store as store_module
from archcast.collect.measure.devices import parse_device
from archcast.collect.measure.request import make_request
from archcast.collect.measure.rows import measure_rows
from archcast.collect.measure.timing import TimingSettings
from archcast.collect.rows import checked_rows, environment_json
from archcast.collect.store import MeasurementStore
from archcast.core.errors import DataError

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


def write(folder: str, name: str, appends: int) -> None:
    """Append groups, and say in the file `name` beside the store which are acknowledged."""
    said = os.open(f"{folder}-{name}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    with MeasurementStore(Path(folder)) as store:
        for i in range(appends):
            store.append([row(arch) for arch in group(name, i)])
            os.write(said, b"+")


def take_over(folder: str, steps: int) -> None:
    """Read a store of the former form, and die just before the step `steps` of taking it over."""
    left = steps

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def first(*words: Any, **named: Any) -> Any:
            nonlocal left
            if not left:
                os._exit(DIED)
            left -= 1
            return call(*words, **named)

        return first

    for owner, name in ((store_module, "_insert"), (store_module, "set_aside"), (os, "replace")):
        setattr(owner, name, counted(getattr(owner, name)))
    MeasurementStore(Path(folder)).count()


def try_read_only(folder: str) -> None:
    """Read a store and fail to append to it, as a user who may not write to its folder."""
    if os.geteuid() == 0:
        os.setuid(65534)
    store = MeasurementStore(Path(folder))
    refused = ""
    try:
        store.append([row("b")])
    except DataError as error:
        refused = str(error)
    assert refused.startswith("cannot write measurements to "), refused
    assert store.to_table()["arch"].to_pylist() == ["a"]


def measure(folder: str, archs: list[str], rounds: int) -> None:
    """Measure on a made-up runner that hangs in the fourth round, and keep what it gives."""

    def ms(name: str, before: int) -> float:
        if (name, before) == (archs[0], 4):  # the first reading is that of loading
            time.sleep(3600)
        return 2.0

    request = make_request("macro", archs, device=parse_device("board-ort-1t"))
    settings = TimingSettings(rounds=rounds, runs=2, extra_rounds=2)
    with MeasurementStore(Path(folder)) as store, FakeChannel(ms) as channel:
        for made in measure_rows(channel, request, settings=settings, store=store):
            store.append([made])


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


JOBS: dict[str, Callable[..., None]] = {
    job.__name__: job for job in (write, take_over, try_read_only, measure)
}


def main() -> None:
    for line in sys.stdin:
        job, *words = json.loads(line)
        child = os.fork()
        if not child:
            try:
                JOBS[job](*words)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    import pyarrow.parquet  # noqa: F401 - loaded once, before any fork

    checked_rows([row("warm")])
    main()
