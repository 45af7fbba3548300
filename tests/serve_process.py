"""`archcast serve` as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit


class Served:
    """A running service.

    Attributes:
        url, host, port: where it listens.
        process: to be sent signals.
    """

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url
        parts = urlsplit(url)
        self.host, self.port = str(parts.hostname), int(parts.port or 0)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Exit code after a signal."""
        self.process.send_signal(number)
        return self.process.wait(timeout=60)


_ALONE = """
import sys
from pathlib import Path
import archcast.serving.store
from archcast.cli import main
archcast.serving.store.zoo_folder = lambda: Path("none")
sys.argv[0] = "archcast"
main()
"""


def command(*words: str, alone: bool = False) -> list[str]:
    """The command's words, run by this Python; `alone`: without what ships, which takes seconds to load."""
    return [sys.executable, *(("-c", _ALONE) if alone else ("-m", "archcast.cli")), "serve", *words]


@contextmanager
def served(
    home: Path, *words: str, port: int = 0, alone: bool = False, **environment: str
) -> Iterator[Served]:
    """A service over a home folder; killed at the end if it still runs."""
    env = {**os.environ, "ARCHCAST_HOME": str(home), "OMP_NUM_THREADS": "1", **environment}
    started = command("--port", str(port), *words, alone=alone)
    with subprocess.Popen(
        started, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert " at http" in line, line
            yield Served(process, line.split(" at ")[1].split(" ")[0])
        finally:
            if process.poll() is None:
                process.kill()
