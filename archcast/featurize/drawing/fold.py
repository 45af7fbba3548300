"""Boxes cut into pieces of which one arrow alone leads on, and equal runs of pieces told once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archcast.featurize.drawing.boxes import Box

_LONGEST = 32
_MOST = 80


@dataclass(frozen=True, slots=True)
class Run:
    """Pieces of a drawing that come several times one after another.

    Attributes:
        boxes: of the first time.
        times: how often they come.
        alike: whether all times are equal; else they differ in sizes.
        last: number of the last box of the last time.
    """

    boxes: tuple[Box, ...]
    times: int
    alike: bool
    last: int


def folded(boxes: Sequence[Box], *, most: int = _MOST) -> list[Run]:
    """The runs that make a network, in their order.

    Args:
        most: boxes up to which repeats must be equal; of a longer drawing those that differ in sizes are
            told once too.
    """
    pieces = _pieces(boxes)
    exact = _runs(pieces, [tuple(box.likeness for box in piece) for piece in pieces], alike=True)
    if sum(len(run.boxes) for run in exact) <= most:
        return exact
    rough = _runs(pieces, [tuple(box.form for box in piece) for piece in pieces], alike=False)
    return [_checked(run, boxes) for run in rough]


def _pieces(boxes: Sequence[Box]) -> list[tuple[Box, ...]]:
    """Boxes cut after each one from which alone arrows lead on."""
    last_read = {b: box.number for box in boxes for b in box.before}
    pieces, start, reach = [], 0, -1
    for place in range(len(boxes)):
        if reach <= place:
            pieces.append(tuple(boxes[start : place + 1]))
            start = place + 1
        reach = max(reach, last_read.get(place, -1))
    if start < len(boxes):
        pieces.append(tuple(boxes[start:]))
    return pieces


def _runs(pieces: Sequence[tuple[Box, ...]], signs: Sequence[object], *, alike: bool) -> list[Run]:
    """Repeats of up to some pieces, those that cover most first at each place."""
    runs, place = [], 0
    while place < len(pieces):
        length, times = max(
            ((length, _times(signs, place, length)) for length in range(1, _LONGEST + 1)),
            key=lambda found: (found[0] * found[1] if found[1] > 1 else 1, -found[0]),
        )
        if times == 1:
            length = 1
        end = place + length * times
        inside = tuple(box for piece in pieces[place : place + length] for box in piece)
        runs.append(Run(inside, times, alike, pieces[end - 1][-1].number))
        place = end
    return runs


def _times(signs: Sequence[object], place: int, length: int) -> int:
    """How often a run of some pieces stands at a place, one time after another."""
    once = signs[place : place + length]
    times = 1
    while once and signs[place + times * length : place + (times + 1) * length] == once:
        times += 1
    return times


def _checked(run: Run, boxes: Sequence[Box]) -> Run:
    """A run that says whether its times are equal after all."""
    size = len(run.boxes)
    first = run.boxes[0].number
    every = boxes[first : run.last + 1]
    alike = all(box.likeness == run.boxes[i % size].likeness for i, box in enumerate(every))
    return Run(run.boxes, run.times, alike, run.last)
