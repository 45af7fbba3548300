"""Addresses of boards: `ssh://user@host:port?option=value` and `adb://SERIAL?option=value`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

from archcast.core.errors import InputError, UnknownNameError, shorten

SCHEMES = ("adb", "ssh")
HOST_KEYS = ("accept-new", "no", "yes")
_HOST = re.compile(r"[A-Za-z0-9_.:%][A-Za-z0-9_.:%-]*")
_USER = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.@\\-]*")


@dataclass(frozen=True, slots=True)
class SshAddress:
    """A board reached by OpenSSH's client.

    Attributes:
        host: name or number, or an alias of the SSH configuration.
        user: None leaves it to the SSH configuration.
        port: None leaves it to the SSH configuration.
        python: program on the board; `~/` at its start is the home there.
        key: file of the private key; None leaves it to the SSH configuration.
        config: SSH configuration file instead of the user's own.
        cache: folder on the board for the runner; None takes `archcast` in its cache folder.
        host_keys: OpenSSH's `StrictHostKeyChecking`; None leaves it to the SSH configuration.
    """

    host: str
    user: str | None = None
    port: int | None = None
    python: str = "python3"
    key: str | None = None
    config: str | None = None
    cache: str | None = None
    host_keys: str | None = None

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"ssh://{user}{host}" + (f":{self.port}" if self.port else "")


@dataclass(frozen=True, slots=True)
class AdbAddress:
    """An Android device reached by `adb`.

    Attributes:
        serial: as `adb devices` lists it; may be `host:port`.
        python: program on the device that the user of `adb shell` may run.
        cache: folder on the device for the runner.
    """

    serial: str
    python: str = "python3"
    cache: str = "/data/local/tmp/archcast"

    def __str__(self) -> str:
        return f"adb://{self.serial}"


Address = SshAddress | AdbAddress


def parse_address(text: str) -> Address:
    """Read an address.

    Raises:
        InputError: it is no address; says which part must be what.
    """
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise InputError(f"an address must be a URL, got {shorten(text)}: {error}") from error
    if parts.scheme not in SCHEMES or not text.startswith(f"{parts.scheme}://"):
        raise InputError(f"an address must begin with ssh:// or adb://, got {shorten(text)}")
    if parts.path not in ("", "/") or parts.fragment:
        extra = parts.path if parts.path not in ("", "/") else f"#{parts.fragment}"
        raise InputError(f"an address must have nothing after its host but ?options, got {shorten(extra)}")
    return _ssh(parts) if parts.scheme == "ssh" else _adb(parts)


def _ssh(parts: SplitResult) -> SshAddress:
    options = _options(parts, ("cache", "config", "host_keys", "key", "python"))
    user, at, place = parts.netloc.rpartition("@")
    if ":" in user:
        raise InputError("an SSH address must hold no password: log in with a key (ssh-copy-id)")
    if at and not _USER.fullmatch(user):
        raise InputError(f"the user of an SSH address must be a name, got {shorten(user)}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or place.endswith(":"):
        raise InputError(f"the port of an SSH address must be 1 to 65535, got {shorten(place)}")
    host = place.removesuffix(f":{port}").strip("[]")
    if not _HOST.fullmatch(host):
        raise InputError(
            f"an SSH address must name a host (ssh://user@host:port), got {shorten(parts.netloc)}"
        )
    host_keys = options.pop("host_keys", None)
    if host_keys is not None and host_keys not in HOST_KEYS:
        raise UnknownNameError("host_keys", host_keys, HOST_KEYS)
    files = {name: _own_file(name, options.pop(name)) for name in ("key", "config") if name in options}
    return SshAddress(host, user or None, port, host_keys=host_keys, **files, **options)


def _adb(parts: SplitResult) -> AdbAddress:
    options = _options(parts, ("cache", "python"))
    if not _HOST.fullmatch(parts.netloc):
        raise InputError(
            f"an adb address must be adb://SERIAL as `adb devices` lists it, got {shorten(parts.netloc)}"
        )
    return AdbAddress(parts.netloc, **options)


def _options(parts: SplitResult, known: tuple[str, ...]) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in known:
            raise UnknownNameError(f"an option of an {parts.scheme} address", name, known)
        if name in options:
            raise InputError(f"the option {name} of an address must be given once")
        if not value or any(ord(c) < 32 for c in value) or value.startswith("-"):
            raise InputError(f"the option {name} of an address must have a value, got {shorten(value)}")
        options[name] = value
    if parts.query and not options:
        raise InputError(f"options of an address must be name=value, got {shorten(parts.query)}")
    return options


def _own_file(name: str, value: str) -> str:
    """A file on this machine, as an absolute path."""
    path = Path(value).expanduser()
    if not path.is_file():
        raise InputError(f"the option {name} of an address must be a file here, got {shorten(value)}")
    return str(path.absolute())
