"""Doubts about measurements that can be used but hardly are what was meant, and how they are told."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from archcast.core.errors import ArchcastWarning, InputError

_NAMED = 5
Where = Callable[[int], str]
"""Where the item at a place of the batch stands, such as `item 3` or `line 5`."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing that is likely wrong.

    Attributes:
        kind: `unit`, `mixed`, `rows`, `swapped`, `order`, `inverse`, `repeats` or `fraction`.
        items: places of the measurements in the batch; empty where all of them are meant.
        text: the sentence about them.
    """

    kind: str
    items: tuple[int, ...]
    text: str

    def sentence(self, where: Where | None = None) -> str:
        """The sentence, with where the first of the items stand."""
        if not self.items:
            return self.text
        named = [(where or _item)(item) for item in self.items[:_NAMED]]
        more = len(self.items) - len(named)
        return f"{self.text} ({', '.join(named)}{f' and {more} more' if more else ''})"


class DoubtWarning(ArchcastWarning):
    """A doubt about measurements, told once they are used."""

    def __init__(self, doubt: Doubt) -> None:
        self.doubt = doubt
        super().__init__(doubt.sentence())


class DoubtError(InputError):
    """Measurements that are in doubt, where the caller wants none."""

    def __init__(self, doubts: Sequence[Doubt]) -> None:
        self.doubts = tuple(doubts)
        super().__init__("; ".join(doubt.sentence() for doubt in self.doubts))


def tell(doubts: Sequence[Doubt], *, strict: bool, stacklevel: int = 3) -> None:
    """Warn of each doubt.

    Args:
        stacklevel: whose line the warnings name, as of `warnings.warn`.

    Raises:
        DoubtError: there are doubts and `strict` is true.
    """
    if doubts and strict:
        raise DoubtError(doubts)
    for doubt in doubts:
        warnings.warn(DoubtWarning(doubt), stacklevel=stacklevel)


@contextmanager
def strictly(strict: bool) -> Iterator[None]:
    """Refuse what is told as a doubt meanwhile, where `strict` is true.

    Raises:
        DoubtError: of the first doubt.
    """
    if not strict:
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error", DoubtWarning)
        try:
            yield
        except DoubtWarning as warning:
            raise DoubtError([warning.doubt]) from warning


@contextmanager
def placed(where: Where) -> Iterator[None]:
    """Tell doubts by where their items stand, instead of by their places in the batch."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DoubtWarning)
        try:
            yield
        except DoubtError as error:
            raise DoubtError([_placed(doubt, where) for doubt in error.doubts]) from error
    for warning in caught:
        if isinstance(warning.message, DoubtWarning):
            warnings.warn(DoubtWarning(_placed(warning.message.doubt, where)), stacklevel=3)
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _placed(doubt: Doubt, where: Where) -> Doubt:
    return replace(doubt, items=(), text=doubt.sentence(where))


def _item(item: int) -> str:
    return f"item {item}"
