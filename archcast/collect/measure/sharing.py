"""The networks that boards of one device have still to measure, shared among threads."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """A network to be measured.

    Attributes:
        text: the architecture.
        owner: the only board that may measure it, because it has measured the network's other metrics;
            None when any may.
        begun: the board that has readings of it already, which it is offered to first; None when none has.
    """

    text: str
    owner: str | None = None
    begun: str | None = None


class Share:
    """Hands out networks to the boards of one device, and takes back those of a board that is lost.

    Args:
        items: what is to be measured.
        boards: names of the boards.
        block: most networks handed out at once.
    """

    def __init__(self, items: Iterable[Item], boards: Collection[str], *, block: int) -> None:
        self._waiting = list(items)
        self._boards, self._block = set(boards), block
        self._busy: dict[str, list[Item]] = {}
        self._changed = threading.Condition()

    def undone(self) -> list[str]:
        """Architectures that nobody has measured."""
        with self._changed:
            busy = [item for items in self._busy.values() for item in items]
            return [item.text for item in (*self._waiting, *busy)]

    def take(self, board: str) -> list[Item]:
        """The next networks for a board, which has done with those before; empty when none will come.

        Waits while another board is at work, because it may be lost and its networks come back.
        """
        with self._changed:
            self._busy.pop(board, None)
            self._changed.notify_all()
            while True:
                mine = [item for item in self._waiting if item.owner in (None, board)]
                if mine:
                    break
                if not self._busy:
                    return []
                self._changed.wait()
            fair = -(-len(self._waiting) // len(self._boards))
            mine.sort(key=lambda item: (item.begun != board, item.begun is not None))
            taken = mine[: min(self._block, fair)]
            self._waiting = [item for item in self._waiting if item not in taken]
            self._busy[board] = taken
            return list(taken)

    def done(self, board: str, text: str) -> None:
        """A network that the board has taken is measured."""
        with self._changed:
            self._busy[board] = [item for item in self._busy[board] if item.text != text]

    def leave(self, board: str) -> None:
        """The board takes no more; what it has not measured waits for another."""
        with self._changed:
            self._waiting = [*self._busy.pop(board, ()), *self._waiting]
            self._boards.discard(board)
            self._changed.notify_all()
