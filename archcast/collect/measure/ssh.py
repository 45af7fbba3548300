"""Boards by SSH, through the system's OpenSSH client, so that its keys and configuration hold."""

from __future__ import annotations

import shlex

from archcast.collect.measure.address import SshAddress
from archcast.collect.measure.board_shell import Shell

CONNECT_SECONDS = 10
ALIVE_SECONDS = 5
"""After three of these without an answer the link counts as dead."""
_OPTIONS = {
    "BatchMode": "yes",
    "ClearAllForwardings": "yes",
    "ConnectTimeout": str(CONNECT_SECONDS),
    "ControlPath": "none",  # a shared connection would keep its own idea of when a link is dead
    "RemoteCommand": "none",
    "ServerAliveCountMax": "3",
    "ServerAliveInterval": str(ALIVE_SECONDS),
}


class SshShell(Shell):
    """The shell of a board reached by SSH."""

    lost_codes = (255,)
    refusals = (
        "Permission denied",
        "Host key verification failed",
        "Bad configuration option",
        "terminating, 1 bad configuration",
        "Too many authentication failures",
    )

    def __init__(self, address: SshAddress) -> None:
        self.address = address
        self.name = str(address)
        self.python = address.python
        self.cache = address.cache or ""

    def local_command(self, command: str) -> list[str]:
        """`ssh` with its options; see `Shell.local_command`."""
        options = dict(_OPTIONS)
        if self.address.host_keys:
            options["StrictHostKeyChecking"] = self.address.host_keys
        if self.address.key:
            options["IdentitiesOnly"] = "yes"
        settings = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return ["ssh", "-T", *settings, *self._place(), command]

    def send(self, data: bytes, path: str) -> None:
        """See `Shell.send`."""
        folder = shlex.quote(path.rpartition("/")[0])
        self.run(f"mkdir -p {folder} && exec cat > {shlex.quote(path)}", data=data)

    def typed(self, command: str) -> str:
        """See `Shell.typed`."""
        return shlex.join(["ssh", *self._place(), command])

    def _place(self) -> list[str]:
        address = self.address
        words = ["-F", address.config] if address.config else []
        words += ["-i", address.key] if address.key else []
        words += ["-p", str(address.port)] if address.port else []
        words += ["-l", address.user] if address.user else []
        return [*words, "--", address.host]
