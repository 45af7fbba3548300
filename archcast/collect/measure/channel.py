"""A channel to a runner: one line of JSON asked, one line of JSON answered.

The transport is the command: the runner started here, over SSH or over adb is the same channel with
another command in front. Whatever goes wrong is one of four errors, so that a caller knows whether to
connect again, to skip the network or to give up.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO, Any, Self

from archcast.core.errors import ArchcastError, shorten

MAX_LINE = 256 * 2**20
"""Bytes of the longest answer; a runner that writes without end must not fill the memory."""
CLOSING_SECONDS = 3.0


class ChannelError(ArchcastError):
    """The runner cannot be spoken to any more; the channel is closed and may be opened again."""


class ConnectionLostError(ChannelError):
    """The runner ended, or the connection to it broke."""


class ChannelTimeoutError(ChannelError):
    """The runner did not answer in time and was ended."""


class NonsenseError(ChannelError):
    """The runner answered something that is no answer to what was asked."""


class RefusedError(ArchcastError):
    """The runner answered that it cannot do what was asked; the channel stays open."""


class Channel(ABC):
    """Requests and answers; used as a context manager, which opens and closes it."""

    @abstractmethod
    def open(self) -> None:
        """Start or connect to the runner; does nothing when already open."""

    @abstractmethod
    def request(self, message: Mapping[str, Any], *, timeout_s: float) -> dict[str, Any]:
        """Send `message` (without `id`) and wait for its answer.

        Raises:
            RefusedError: the runner answered with an error; the channel stays open.
            ConnectionLostError: the runner ended, or is not open.
            ChannelTimeoutError: no answer within `timeout_s` seconds; the runner was ended.
            NonsenseError: the answer is no JSON object or has another request's `id`.
        """

    @abstractmethod
    def close(self) -> None:
        """End the runner; does nothing when already closed."""

    def reopen(self) -> None:
        """Close what is left and open anew."""
        self.close()
        self.open()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class ProcessChannel(Channel):
    """A channel to a child process that reads requests on standard input and answers on standard output.

    The child gets a session of its own, so that Ctrl-C reaches only this process, which then ends it.
    Nothing can be typed into it: SSH must find its key without asking.

    Args:
        command: program and arguments.
        name: what messages call it; by default the program's name.
        environment: variables set on top of this process's own.
    """

    def __init__(
        self, command: Sequence[str], *, name: str = "", environment: Mapping[str, str] | None = None
    ) -> None:
        self.command = tuple(command)
        self.name = name or os.path.basename(self.command[0])  # noqa: PTH119 - a program's name, not a path
        self.environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._to_send: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._last_id = 0

    def open(self) -> None:
        """Start the child; raise ConnectionLostError when there is no such program."""
        if self._process is not None:
            return
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        try:
            process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=os.environ | self.environment,
                start_new_session=True,
            )
        except OSError as error:
            self._errors.close()
            raise ConnectionLostError(f"{self.name} cannot be started: {error}") from error
        self._process = process
        self._to_send, self._answers = queue.SimpleQueue(), queue.SimpleQueue()
        for task, pipe, lines in (
            (_write_lines, process.stdin, self._to_send),
            (_read_lines, process.stdout, self._answers),
        ):
            threading.Thread(target=task, args=(pipe, lines), daemon=True).start()

    def request(self, message: Mapping[str, Any], *, timeout_s: float) -> dict[str, Any]:
        """Send `message` and wait for its answer; see `Channel.request`."""
        if self._process is None:
            raise ConnectionLostError(f"{self.name} is not open")
        self._last_id += 1
        self._to_send.put(json.dumps({**message, "id": self._last_id}).encode() + b"\n")
        try:
            line = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            self._end()
            asked = message.get("command")
            raise ChannelTimeoutError(
                f"{self.name} did not answer {asked!r} within {timeout_s:g} s and was ended"
            ) from None
        if line is None:
            raise ConnectionLostError(self._how_it_ended())
        answer = _parse(line)
        if answer is None or answer.get("id") != self._last_id:
            self._end()
            raise NonsenseError(f"{self.name} answered nonsense: {shorten(line.decode(errors='replace'))}")
        if answer.get("ok") is not True:
            raise RefusedError(f"{self.name}: {answer.get('error') or 'refused without a reason'}")
        return answer

    def close(self) -> None:
        """Let the child end by closing its input, then make it end."""
        if self._process is None:
            return
        self._to_send.put(None)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(CLOSING_SECONDS)
        self._end()

    def _how_it_ended(self) -> str:
        """One sentence with the exit code and the last line of standard error."""
        assert self._process is not None
        assert self._errors is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(CLOSING_SECONDS)
        code = self._process.poll()
        how = "closed its output" if code is None else f"ended with exit code {code}"
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - 4096))
        last = self._errors.read().decode(errors="replace").strip().rpartition("\n")[2]
        self._end()
        return f"{self.name} {how}" + (f": {last}" if last else "")

    def _end(self) -> None:
        """End the child and what it started, and forget it."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._to_send.put(None)
        if self._errors is not None:
            self._errors.close()


def _write_lines(pipe: IO[bytes], lines: queue.SimpleQueue[bytes | None]) -> None:
    """Write until None; a broken pipe shows as the end of the answers, which the reader reports."""
    with contextlib.suppress(OSError):
        while (line := lines.get()) is not None:
            pipe.write(line)
            pipe.flush()
    with contextlib.suppress(OSError):
        pipe.close()


def _read_lines(pipe: IO[bytes], lines: queue.SimpleQueue[bytes | None]) -> None:
    """Hand on each line, then None."""
    with contextlib.suppress(OSError, ValueError):
        while line := pipe.readline(MAX_LINE):
            lines.put(line)
    lines.put(None)
    with contextlib.suppress(OSError):
        pipe.close()


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None
