"""Processes that read files, each waited for by a thread here, and replaced when it ends over a file."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from queue import SimpleQueue
from typing import Any

from archcast.core.errors import InputError
from archcast.serving.frames import Frame, read_frame, write_frame
from archcast.serving.processes import command, environment

MODULE = "archcast.serving.scale.files.worker"


class FileProcess:
    """A process that is asked for one file after another.

    Args:
        plan: what `FilesPlan` has, as JSON.
        seconds: that a file may take.
    """

    def __init__(self, plan: Mapping[str, Any], *, seconds: float) -> None:
        self._plan, self._seconds = plan, seconds
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, path: str) -> Mapping[str, Any]:
        """What is found out of a file: its `key` and `costs`, or an `error`.

        Raises:
            InputError: no process can be started that answers by the plan.
        """
        process = self._started()
        late = threading.Event()

        def give_up() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, give_up)
        timer.start()
        try:
            reply = _exchange(process, {"path": path})
        finally:
            timer.cancel()
        if reply is None:
            self.end()
            why = (
                f"took longer than {self._seconds:g} s" if late.is_set() else "ended the process that read it"
            )
            return {"error": f"reading it {why}"}
        if "fatal" in reply:
            raise InputError(reply["fatal"])
        if reply.get("last"):
            self.end()
        return reply

    def end(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(
                command(MODULE), stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment()
            )
            reply = _exchange(self._process, {"plan": self._plan})
            if reply is None or "fatal" in reply:
                self.end()
                raise InputError(reply["fatal"] if reply else "no process that reads files can be started")
        return self._process


def _exchange(process: subprocess.Popen[bytes], head: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The head of the answer to a message; None where the process ends over it."""
    if process.stdin is None or process.stdout is None:
        return None
    with contextlib.suppress(OSError, ValueError):
        write_frame(process.stdin, Frame(head, []))
        reply = read_frame(process.stdout)
        return None if reply is None else reply.head
    return None


def ask_all(
    files: Iterable[tuple[str, str]], plan: Mapping[str, Any], *, workers: int, seconds: float
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Names of files with what is found out of each, as they come.

    Args:
        files: name and path of each.

    Raises:
        InputError: as `FileProcess.ask`.
    """
    free: SimpleQueue[FileProcess] = SimpleQueue()
    processes = [FileProcess(plan, seconds=seconds) for _ in range(workers)]
    for process in processes:
        free.put(process)

    def ask(path: str) -> Mapping[str, Any]:
        process = free.get()
        try:
            return process.ask(path)
        finally:
            free.put(process)

    pool = ThreadPoolExecutor(workers)
    try:
        waiting = {pool.submit(ask, path): name for name, path in files}
        for done in as_completed(waiting):
            yield waiting[done], done.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.end()
