"""Farm files: which boards there are, what device each is, and how it is reached.

```toml
[[board]]
name = "pi-1"
device = "pi4-ort-1t"
address = "ssh://pi@10.0.0.11"
timeout_s = 300
```
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archcast.collect.measure.address import Address, parse_address
from archcast.collect.measure.devices import MeasuredDevice, parse_device
from archcast.collect.measure.rows import TIMEOUT_SECONDS
from archcast.core.errors import InputError, UnknownNameError, shorten

_TEXTS = ("address", "device", "name")
_KEYS = (*_TEXTS, "timeout_s")


@dataclass(frozen=True, slots=True)
class Board:
    """One board of a farm.

    Attributes:
        name: goes into the environment of every row that it measures.
        device: what it is; boards of one device share the work.
        address: how it is reached.
        timeout_s: longest wait for the answer about one network.
    """

    name: str
    device: MeasuredDevice
    address: Address
    timeout_s: float = TIMEOUT_SECONDS


def read_farm(path: Path) -> tuple[Board, ...]:
    """The boards of a farm file.

    Raises:
        InputError: the file cannot be read or is no TOML, it lists no board, a board lacks a key or has an
            unknown one, or two boards have one name or one address; names the board.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # TOML's and Unicode's errors are ValueErrors
        raise InputError(f"the farm file {path} must be readable TOML: {error}") from error
    for key in content:
        if key != "board":
            raise UnknownNameError("a key of a farm file", key, ["board"])
    listed = content.get("board")
    if not isinstance(listed, list) or not listed or not all(isinstance(b, dict) for b in listed):
        raise InputError(f"the farm file {path} must list its boards, each under a line [[board]]")
    boards = tuple(_board(entry, i) for i, entry in enumerate(listed))
    for i, board in enumerate(boards):
        for other in boards[:i]:
            if board.name == other.name:
                raise InputError(f"boards must have different names, got {board.name!r} twice", item=i)
            if str(board.address) == str(other.address):
                raise InputError(
                    f"boards must have different addresses, got {board.address} for {other.name!r} and "
                    f"{board.name!r}: they would disturb each other",
                    item=i,
                )
    return boards


def _board(entry: dict[str, Any], i: int) -> Board:
    for key in entry:
        if key not in _KEYS:
            raise UnknownNameError("a key of a board", key, _KEYS)
    for key in _TEXTS:
        if not isinstance(entry.get(key), str) or not entry[key]:
            raise InputError(f"a board must have the text {key}, got {shorten(entry.get(key))}", item=i)
    timeout_s = entry.get("timeout_s", TIMEOUT_SECONDS)
    if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or not timeout_s > 0:
        raise InputError(f"timeout_s of a board must be above 0, got {shorten(timeout_s)}", item=i)
    try:
        device, address = parse_device(entry["device"]), parse_address(entry["address"])
    except InputError as error:
        raise InputError(f"board {entry['name']!r}: {error}", item=i) from error
    return Board(entry["name"], device, address, float(timeout_s))
