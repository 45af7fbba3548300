"""The shell of a board: what SSH and adb have in common."""

from __future__ import annotations

import shlex
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence

from archcast.collect.measure.channel import ChannelTimeoutError, ConnectionLostError
from archcast.core.errors import ArchcastError

PREPARE_SECONDS = 60.0
OLDEST_PYTHON = (3, 8)
NO_PYTHON, CUT = 97, 98
"""Exit codes on the board: no such Python; a file did not arrive whole."""


class NotReadyError(ArchcastError):
    """A board can be reached but lacks something, or does not let us in; trying again does not help."""


class Shell(ABC):
    """Runs commands of a POSIX shell on a board.

    Attributes:
        name: what messages call the board.
        python: Python program on the board.
        cache: folder on the board for the runner; empty for the default.
        lost_codes: exit codes by which the local program tells that the connection failed.
        refusals: texts on standard error by which it tells that trying again does not help.
    """

    name: str
    python: str
    cache: str = ""
    lost_codes: tuple[int, ...] = ()
    refusals: tuple[str, ...] = ()

    @abstractmethod
    def local_command(self, command: str) -> list[str]:
        """Program and arguments that run `command` in the board's shell, without a terminal."""

    @abstractmethod
    def typed(self, command: str) -> str:
        """What a person types here to run `command` on the board."""

    @abstractmethod
    def send(self, data: bytes, path: str) -> None:
        """Write a file on the board, which may end up cut; its folder is made.

        Raises:
            NotReadyError: the board does not take it.
            ConnectionLostError: the connection failed.
        """

    def python_word(self) -> str:
        """The Python program, quoted for the board's shell."""
        if self.python.startswith("~/"):
            return '"$HOME"/' + shlex.quote(self.python[2:])
        return shlex.quote(self.python)

    def run_python(self, script: str, arguments: Sequence[str]) -> str:
        """Run a script by the board's Python.

        Returns:
            Its standard output.

        Raises:
            NotReadyError: there is no such Python, the script failed, or the board does not let us in.
            ConnectionLostError: the connection failed.
            ChannelTimeoutError: it took longer than `PREPARE_SECONDS`.
        """
        python = self.python_word()
        return self.run(
            f"command -v {python} >/dev/null 2>&1 || exit {NO_PYTHON}; "
            f"exec {python} -c {shlex.quote(script)} {shlex.join(arguments)}"
        )

    def run(self, command: str, *, data: bytes = b"") -> str:
        """Run a command in the board's `sh`; returns and raises as `run_python` does."""
        return self.run_here(self.local_command(f"sh -c {shlex.quote(command)}"), data=data)

    def run_here(self, argv: Sequence[str], *, data: bytes = b"") -> str:
        """Run a local program that reaches the board; returns and raises as `run_python` does."""
        try:
            done = subprocess.run(argv, input=data, capture_output=True, timeout=PREPARE_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise ChannelTimeoutError(f"{self.name} did not answer within {PREPARE_SECONDS:g} s") from None
        except OSError as error:
            raise NotReadyError(f"{argv[0]} cannot be started here: {error}") from error
        if done.returncode:
            self._explain(done.returncode, done.stderr.decode(errors="replace").strip())
        return done.stdout.decode(errors="replace")

    def _explain(self, code: int, errors: str) -> None:
        last = errors.rpartition("\n")[2] or f"exit code {code}"
        if code == NO_PYTHON:
            raise NotReadyError(
                f"{self.name} has no program {self.python!r}: install Python {version_text(OLDEST_PYTHON)} "
                "or newer there, or name it by the address's option python"
            )
        if code == CUT:
            raise ConnectionLostError(f"the runner did not arrive whole at {self.name}")
        if any(text in errors for text in self.refusals):
            raise NotReadyError(f"{self.name} cannot be used: {last}")
        if code in self.lost_codes:
            raise ConnectionLostError(f"{self.name} cannot be reached: {last}")
        raise NotReadyError(f"{self.name} cannot be prepared: {last}")


def version_text(version: Sequence[int]) -> str:
    """`3.8` of (3, 8)."""
    return ".".join(map(str, version))
