"""How long a search may go on."""

from __future__ import annotations

from dataclasses import dataclass

from archcast.core.checks import check_whole
from archcast.core.errors import InputError, shorten
from archcast.core.numbers import is_number


@dataclass(frozen=True, slots=True)
class Budget:
    """Evaluations, seconds, or both: the first that is used up ends the search.

    One evaluation is one architecture scored. An architecture that comes again is not scored again and not
    counted. Evaluations are never exceeded; when the seconds are over, no further batch is begun.

    Attributes:
        evaluations: most architectures to score; None for any number.
        seconds: most seconds, those before a resumed search was stopped among them; None for any number.
    """

    evaluations: int | None = 1000
    seconds: float | None = None

    def __post_init__(self) -> None:
        n, s = self.evaluations, self.seconds
        if n is None and s is None:
            raise InputError("budget must be given in evaluations or seconds")
        if n is not None:
            check_whole(n, "evaluations", least=1)
        if s is not None and (not is_number(s) or s <= 0):
            raise InputError(f"seconds must be above 0 and finite, got {shorten(s)}")
