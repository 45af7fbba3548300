"""Android devices by `adb`, the Android debug bridge."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path

from archcast.collect.measure.address import AdbAddress
from archcast.collect.measure.board_shell import Shell


class AdbShell(Shell):
    """The shell of an Android device, as `adb -s SERIAL shell` gives it.

    `adb` ends with code 1 both when the device is gone and when a command there ended so, so every 1 is
    taken as a lost connection, which is tried again a few times.
    """

    lost_codes = (1,)
    refusals = ("unauthorized", "no permissions")

    def __init__(self, address: AdbAddress) -> None:
        self.address = address
        self.name = str(address)
        self.python = address.python
        self.cache = address.cache

    def local_command(self, command: str) -> list[str]:
        """`adb shell` without a terminal; see `Shell.local_command`."""
        return ["adb", "-s", self.address.serial, "shell", "-T", command]

    def send(self, data: bytes, path: str) -> None:
        """Push a file; see `Shell.send`."""
        self.run(f"mkdir -p {shlex.quote(path.rpartition('/')[0])}")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "runner.pyz"
            file.write_bytes(data)
            self.run_here(["adb", "-s", self.address.serial, "push", str(file), path])

    def typed(self, command: str) -> str:
        """See `Shell.typed`."""
        return shlex.join(["adb", "-s", self.address.serial, "shell", command])
