"""The way to a board: a channel that finds its way back.

`archcast.collect.measure.rows.measure_rows` measures over it. A connection that breaks is made anew, and what
was read so far stays; a network on which the runner breaks twice becomes a row with the status `failed`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archcast.collect.measure.adb import AdbShell
from archcast.collect.measure.address import Address, SshAddress
from archcast.collect.measure.board_shell import Shell
from archcast.collect.measure.channel import (
    Channel,
    ChannelError,
    ChannelTimeoutError,
    ConnectionLostError,
    NonsenseError,
    ProcessChannel,
    RefusedError,
)
from archcast.collect.measure.deploy import deploy, end_left_behind
from archcast.collect.measure.devices import MeasuredDevice
from archcast.collect.measure.session import HELLO_SECONDS
from archcast.collect.measure.ssh import SshShell
from archcast.core.errors import ArchcastError

PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Waits before the tries to reach a board again; together they are longer than a small board's restart."""
FIRST_PAUSES_SECONDS = (1.0, 2.0)
"""The same for a board that was never reached, which is more often a wrong address."""
_TROUBLES = {
    ConnectionLostError: "connection lost",
    ChannelTimeoutError: "no answer in time",
    NonsenseError: "nonsense answered",
    RefusedError: "greeting refused",
}


class BoardLostError(ArchcastError):
    """A board cannot be reached any more, after all the tries."""


class _Runner(ProcessChannel):
    """The connection to a runner."""

    def kill(self) -> None:
        """End it from another thread than the one that uses it, which then gets ConnectionLostError."""
        process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)


class BoardChannel(Channel):
    """A channel to the runner on a board; opening it deploys the runner and tries again when that fails.

    Args:
        shell: how the board is reached.
        needs: Python packages that must be there.
        pauses_s: waits before each try to reach a board again.
        first_pauses_s: the same for a board not yet reached.
        say: told in one sentence why the board was not reached and when the next try is.

    Attributes:
        troubles: what went wrong and was tried again -> how often.
    """

    def __init__(
        self,
        shell: Shell,
        *,
        needs: Sequence[str] = ("numpy", "onnxruntime"),
        pauses_s: Sequence[float] = PAUSES_SECONDS,
        first_pauses_s: Sequence[float] = FIRST_PAUSES_SECONDS,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.shell = shell
        self.troubles: Counter[str] = Counter()
        self._needs, self._say = tuple(needs), say
        self._pauses_s, self._first_pauses_s = tuple(pauses_s), tuple(first_pauses_s)
        self._token = uuid.uuid4().hex
        self._reached = self._may_hang = False
        self._abandoned = threading.Event()
        self._inner: _Runner | None = None

    def open(self) -> None:
        """Deploy and greet the runner; does nothing when already open.

        Raises:
            NotReadyError: Python or a package is missing there, or the board does not let us in.
            BoardLostError: it cannot be reached, after all the tries.
        """
        self._check_abandoned()
        if self._inner is not None:
            return
        pauses = self._pauses_s if self._reached else self._first_pauses_s
        for pause in (*pauses, None):
            try:
                self._inner = self._connect()
            except (ChannelError, RefusedError) as error:
                self._count(error)
                if pause is None:
                    self._may_hang &= not isinstance(error, ConnectionLostError)
                    self.close()
                    raise BoardLostError(f"{error} ({len(pauses) + 1} tries)") from error
                self._say(f"{error}; next try in {pause:g} s")
                self._pause(pause)
            else:
                self._reached = True
                self._check_abandoned()
                return

    def request(self, message: Mapping[str, Any], *, timeout_s: float) -> dict[str, Any]:
        """Send `message` and wait for its answer; see `Channel.request`."""
        if self._inner is None:
            raise ConnectionLostError(f"{self.shell.name} is not open")
        try:
            return self._inner.request(message, timeout_s=timeout_s)
        except RefusedError:
            raise
        except ChannelError as error:
            self._may_hang = True
            self._check_abandoned()
            self._count(error)
            self._say(str(error))
            raise
        except BaseException:
            self._may_hang = True
            raise

    def close(self) -> None:
        """End the runner, also one that hangs; does nothing when already closed."""
        self._drop()
        if self._may_hang:
            self._may_hang = False
            with contextlib.suppress(ArchcastError):  # it stays, and the next one who comes is told of it
                end_left_behind(self.shell, self._token)

    def reopen(self) -> None:
        """Open anew, which ends a runner that hangs."""
        self._drop()
        self.open()

    def abandon(self) -> None:
        """End the connection from another thread; the one that uses it gets BoardLostError and closes it."""
        self._abandoned.set()
        inner = self._inner
        if inner is not None:
            inner.kill()

    def _drop(self) -> None:
        inner, self._inner = self._inner, None
        if inner is not None:
            inner.close()

    def _connect(self) -> _Runner:
        self._check_abandoned()
        command = deploy(self.shell, needs=self._needs, token=self._token, say=self._say)
        inner = _Runner(command, name=self.shell.name)
        inner.open()
        try:
            inner.request({"command": "hello"}, timeout_s=HELLO_SECONDS)
        except BaseException:
            self._may_hang = True
            inner.close()
            raise
        self._may_hang = False
        return inner

    def _pause(self, seconds: float) -> None:
        self._abandoned.wait(seconds)

    def _check_abandoned(self) -> None:
        if self._abandoned.is_set():
            raise BoardLostError(f"{self.shell.name} was given up")

    def _count(self, error: ArchcastError) -> None:
        self.troubles[_TROUBLES[type(error)]] += 1


def open_shell(address: Address) -> Shell:
    """The shell of the board at an address; nothing is connected yet."""
    return SshShell(address) if isinstance(address, SshAddress) else AdbShell(address)


def packages_for(device: MeasuredDevice) -> tuple[str, ...]:
    """Python packages that a board needs to measure as `device`."""
    return ("numpy", "torch" if device.runtime == "torch" else "onnxruntime")
