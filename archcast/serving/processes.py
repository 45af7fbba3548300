"""How processes of archcast's own are started: with its packages, without its secrets, one thread each."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_KEPT_BACK = ("ARCHCAST_TOKEN",)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARCHCAST_THREADS")


def command(module: str, *words: str) -> list[str]:
    """The words that run a module by this Python."""
    return [sys.executable, "-P", "-m", module, *words]


def environment() -> dict[str, str]:
    """This process's, without its secrets, with one thread for arithmetic and the same packages."""
    own = {name: value for name, value in os.environ.items() if name not in _KEPT_BACK}
    paths = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
    return own | dict.fromkeys(_THREADS, "1") | {"PYTHONPATH": paths}
