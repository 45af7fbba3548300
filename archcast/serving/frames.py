"""Messages between a process and its workers: a head in JSON and parts of bytes, each behind its length.

| bytes | what |
|---|---|
| 4 | length of the head, least significant byte first |
| that many | the head, a JSON object whose `sizes` are the lengths of the parts |
| as `sizes` says | the parts |
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from asyncio import StreamReader

_LENGTH = 4
ORDER: Any = "little"


class Frame(NamedTuple):
    """A message."""

    head: Mapping[str, Any]
    parts: Sequence[bytes]


def head_bytes(head: Mapping[str, Any], sizes: Sequence[int]) -> bytes:
    """What stands before the parts."""
    text = json.dumps({**head, "sizes": list(sizes)}).encode()
    return len(text).to_bytes(_LENGTH, ORDER) + text


def write_frame(to: IO[bytes], frame: Frame) -> None:
    """Send a message."""
    to.write(head_bytes(frame.head, [len(part) for part in frame.parts]))
    for part in frame.parts:
        to.write(part)
    to.flush()


def read_frame(of: IO[bytes]) -> Frame | None:
    """The next message; None where there are no more."""
    start = of.read(_LENGTH)
    if len(start) < _LENGTH:
        return None
    head = json.loads(of.read(int.from_bytes(start, ORDER)))
    return Frame(head, [of.read(size) for size in head["sizes"]])


async def receive_frame(of: StreamReader) -> Frame:
    """The next message; raise IncompleteReadError where there is none."""
    start = await of.readexactly(_LENGTH)
    head = json.loads(await of.readexactly(int.from_bytes(start, ORDER)))
    return Frame(head, [await of.readexactly(size) for size in head["sizes"]])


def answer_messages(answer: Callable[[Frame], Frame], asked: IO[bytes], answered: IO[bytes]) -> None:
    """Answer messages until there are no more, or until an answer says that it is the `last`."""
    while (frame := read_frame(asked)) is not None:
        reply = answer(frame)
        write_frame(answered, reply)
        if reply.head.get("last"):
            return


def taken_over() -> tuple[IO[bytes], IO[bytes]]:
    """Standard input and output for messages alone; whatever else is printed goes nowhere."""
    streams = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for place in (0, 1):
        os.dup2(nowhere, place)
    return streams
