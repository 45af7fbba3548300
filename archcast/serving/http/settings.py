"""How the service is run: addresses, limits and deadlines."""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from archcast.core.errors import InputError, UnknownNameError, shorten

TOKEN_VARIABLE = "ARCHCAST_TOKEN"
_NAMES = {"localhost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Settings of the service; a file or the command line may give each but the token.

    Attributes:
        host, port: where it listens; port 0 takes a free one.
        insecure: listen beyond this machine although no token is asked for.
        deadline_ms: time within which a request is answered or refused.
        max_body_bytes: largest body of a request.
        max_batch: most architectures in a request.
        queue_bytes: most bytes of bodies that are held at once, those still arriving included.
        batch_architectures: most architectures that are predicted in one go.
        max_network_bytes: largest body with the file of a network.
        network_queue_bytes: most bytes of such bodies that are held at once.
        network_deadline_ms: time within which a network is read and answered for, or given up.
        network_memory_bytes: memory that reading a network may take.
        network_workers: processes that read networks and answer for them; where there are several, one is
            kept for networks that are known.
        known_networks, known_bytes: most networks, and bytes of them, that are kept to be asked for by key.
        inline_ms: batches expected to take longer are predicted in a thread, off the event loop.
        refresh_s: how often new versions are looked for.
        keep_versions: versions of a model that stay addressable by number, the served one included.
        drain_s: after a signal to stop, how long connections that are open are still answered.
        grace_s: after that, how long answers under way are waited for.
        token: what callers must show; taken from `ARCHCAST_TOKEN`.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    insecure: bool = False
    deadline_ms: int = 1000
    max_body_bytes: int = 8 * 2**20
    max_batch: int = 65_536
    queue_bytes: int = 64 * 2**20
    batch_architectures: int = 16_384
    max_network_bytes: int = 128 * 2**20
    network_queue_bytes: int = 512 * 2**20
    network_deadline_ms: int = 10_000
    network_memory_bytes: int = 2 * 2**30
    network_workers: int = 2
    known_networks: int = 1024
    known_bytes: int = 64 * 2**20
    inline_ms: float = 2.0
    refresh_s: float = 1.0
    keep_versions: int = 2
    drain_s: float = 0.5
    grace_s: float = 30.0
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            value = getattr(self, name)
            allowed = (int, float) if kind is float else (kind,)
            if not isinstance(value, allowed) or (kind is not bool and isinstance(value, bool)):
                raise InputError(f"{name} must be of type {kind.__name__}, got {shorten(value)}")
        for name, (lowest, highest) in _RANGES.items():
            number: float = getattr(self, name)
            if not lowest <= number <= highest:
                raise InputError(f"{name} must be {lowest:g} to {highest:g}, got {shorten(number)}")
        if self.token is not None and not (self.token.isascii() and self.token.strip() == self.token != ""):
            raise InputError(f"{TOKEN_VARIABLE} must be ASCII text without spaces around it, and not empty")
        for longest, held in _WITHIN.items():
            body, queue = getattr(self, longest), getattr(self, held)
            if body > queue:
                raise InputError(f"{longest} must be at most {held} ({queue}), got {body}")
        if not (self.token or self.insecure or is_loopback(self.host)):
            raise InputError(
                f"host {self.host!r} can be reached from other machines, so {TOKEN_VARIABLE} must be set "
                "(or insecure be said)"
            )


_WITHIN = {"max_body_bytes": "queue_bytes", "max_network_bytes": "network_queue_bytes"}
_KINDS: Mapping[str, type] = {
    f.name: {"int": int, "float": float, "str": str, "bool": bool}[str(f.type)]
    for f in fields(ServeSettings)
    if f.name != "token"
}
_RANGES: Mapping[str, tuple[float, float]] = {
    "port": (0, 65_535),
    **dict.fromkeys(("deadline_ms", "network_deadline_ms"), (1, 600_000)),
    "max_body_bytes": (1024, 2**31),
    **dict.fromkeys(("max_network_bytes", "network_queue_bytes", "queue_bytes"), (1024, 2**40)),
    "network_memory_bytes": (2**26, 2**40),
    "network_workers": (1, 64),
    "known_networks": (1, 2**20),
    "known_bytes": (1024, 2**40),
    **dict.fromkeys(("max_batch", "batch_architectures"), (1, 2**31)),
    "keep_versions": (1, 100),
    "inline_ms": (0, 1000),
    "refresh_s": (0.05, 86_400),
    "drain_s": (0, 600),
    "grace_s": (0, 3600),
}


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host in _NAMES


def make_settings(file: Path | None = None, **given: Any) -> ServeSettings:
    """Settings of a TOML file, then what was given beside it (None counts as not given), with the token.

    Raises:
        InputError: the file cannot be read, or a value is out of range.
        UnknownNameError: the file has a key that is no setting; lists those there are.
    """
    values = {} if file is None else _read(file)
    known = [f.name for f in fields(ServeSettings) if f.name != "token"]
    for name in values:
        if name not in known:
            raise UnknownNameError(f"setting in {file}", name, known)
    chosen = {name: value for name, value in given.items() if value is not None}
    return ServeSettings(**(values | chosen), token=os.environ.get(TOKEN_VARIABLE))


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"settings file {str(file)!r} cannot be read: {error}") from error
