"""Brings the runner to a board.

The board is asked once what it has (`_PROBE`), and the runner is installed when its file is not there yet
(`_INSTALL`). The started runner leaves its process number in a file, because a runner that hangs survives its
connection: the next deployment ends it, so that it disturbs no other measurement.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Callable, Sequence
from typing import Any

from archcast.collect.measure.board_shell import CUT, OLDEST_PYTHON, NotReadyError, Shell, version_text
from archcast.collect.measure.bundle import runner_bytes
from archcast.core.errors import shorten

_MARK = "archcast-board "

# Runs on the board under whatever Python is there, so that an old one can still say its version.
_PROBE = """
import glob, hashlib, importlib, json, os, signal, sys
folder, name, digest, token = sys.argv[1:5]
home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
folder = os.path.expanduser(folder) if folder else os.path.join(home, "archcast")
def runs(pid):
    try:
        os.kill(pid, 0)
        return b"runner-" in open("/proc/%d/cmdline" % pid, "rb").read()
    except (OSError, IOError):
        return False
others = []
for path in glob.glob(os.path.join(folder, "run-*.pid")):
    try:
        pid = int(open(path).read())
    except (ValueError, OSError, IOError):
        continue
    if runs(pid) and token not in os.path.basename(path):
        others.append(pid)
        continue
    try:
        if runs(pid):
            group = os.getpgid(pid)
            if group == os.getpgid(0):
                os.kill(pid, signal.SIGKILL)
            else:
                os.killpg(group, signal.SIGKILL)
        os.remove(path)
    except OSError:
        pass
missing = []
for module in sys.argv[5:]:
    try:
        found = importlib.util.find_spec(module) if importlib.import_module("importlib.util") else None
    except (ImportError, AttributeError, ValueError):
        found = None
    if found is None:
        missing.append(module)
try:
    there = hashlib.sha256(open(os.path.join(folder, name), "rb").read()).hexdigest() == digest
except (OSError, IOError):
    there = False
print("archcast-board " + json.dumps({"folder": os.path.abspath(folder), "there": there, "others": others,
    "missing": missing, "python": list(sys.version_info[:3])}))
"""

# A connection that is cut looks like the end of the file, so the hash is checked before the name is given.
_INSTALL = f"""
import hashlib, os, sys
partial, final, digest = sys.argv[1:4]
with open(partial, "rb") as file:
    whole = hashlib.sha256(file.read()).hexdigest() == digest
if not whole:
    os.remove(partial)
    sys.exit({CUT})
os.replace(partial, final)
"""


def deploy(shell: Shell, *, needs: Sequence[str], token: str, say: Callable[[str], None]) -> list[str]:
    """Have the runner on a board, and no runner there that was started with this token.

    Args:
        needs: Python packages that must be there.
        token: of letters and digits; one a channel.
        say: told when somebody else measures there.

    Returns:
        The local command that starts the runner.

    Raises:
        NotReadyError: Python or a package is missing there, or the board does not let us in.
        ConnectionLostError: the connection failed.
        ChannelTimeoutError: the board did not answer.
    """
    content = runner_bytes()
    digest = hashlib.sha256(content).hexdigest()
    name = f"runner-{digest[:16]}.pyz"
    output = shell.run_python(_PROBE, [shell.cache, name, digest, token, *needs])
    about = _checked(shell, output)
    for process in about["others"]:
        say(f"another runner measures on {shell.name} (process {process}): the two disturb each other")
    folder = str(about["folder"])
    runner = f"{folder}/{name}"
    if not about["there"]:
        partial = f"{folder}/.{token}.partial"
        shell.send(content, partial)
        shell.run_python(_INSTALL, [partial, runner, digest])
    start = (
        f"echo $$ > {shlex.quote(f'{folder}/run-{token}.pid')} && "
        f"exec {shell.python_word()} {shlex.quote(runner)}"
    )
    return shell.local_command(f"sh -c {shlex.quote(start)}")


def end_left_behind(shell: Shell, token: str) -> None:
    """End the runner that was started with this token, if it hangs and so survived its connection.

    Raises:
        NotReadyError, ConnectionLostError, ChannelTimeoutError: see `deploy`.
    """
    shell.run_python(_PROBE, [shell.cache, "", "", token])


def _checked(shell: Shell, output: str) -> dict[str, Any]:
    """What the probe found; NotReadyError when the runner cannot work there."""
    before, mark, line = output.rpartition(_MARK)
    if not mark:
        raise NotReadyError(f"{shell.name} answered nonsense: {shorten(output)}")
    if before.strip():
        raise NotReadyError(
            f"the login shell of {shell.name} prints {shorten(before.strip())}: "
            "make it print nothing for commands that are not interactive"
        )
    about: dict[str, Any] = json.loads(line)
    if tuple(about["python"]) < OLDEST_PYTHON:
        raise NotReadyError(
            f"{shell.python} of {shell.name} must be Python {version_text(OLDEST_PYTHON)} or newer, "
            f"got {version_text(about['python'])}: name another by the address's option python"
        )
    if about["missing"]:
        install = f"{shell.python_word()} -m pip install {' '.join(about['missing'])}"
        raise NotReadyError(
            f"{shell.name} lacks {' and '.join(about['missing'])}: run {shell.typed(install)}"
        )
    return about
