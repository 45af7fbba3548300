"""A form that others write networks in: told by its full form, named in a sentence, read where it can be."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from archcast.core.arrays import Arch
from archcast.core.errors import InputError, ParseError, shorten
from archcast.featurize.spaces.checks import MAX_TEXT

Looks: TypeAlias = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Form:
    """A form that is told and named, and not read.

    Attributes:
        seen: what it is, as in `NATS-Bench's size space`.
        looks: whether an item has the whole form; never raises.
        remedy: what to do.
    """

    seen: str
    looks: Looks
    remedy: str

    def sentence(self, item: Any) -> str:
        """What an item looks like, and what to do."""
        return f"architecture {shorten(item)} looks like {self.seen}: {self.remedy}"


@dataclass(frozen=True, slots=True)
class Foreign:
    """A notation of others for members of a space, read where it is asked for by name.

    Attributes:
        name: of `notation=`.
        seen, looks: as of `Form`.
        read: gives an item in the space's own notation; raises InputError where it cannot.
        accepts: whether an item can be read, where that is more than what surely has the form.
        beside: what else the sentence has to say.
        whole: whether a file holds one architecture.
        is_text: whether text is itself, and not decoded first.
    """

    name: str
    seen: str
    looks: Looks
    read: Callable[[Any], Arch]
    accepts: Looks | None = None
    beside: str = ""
    whole: bool = False
    is_text: bool = False

    def sentence(self, item: Any) -> str:
        """What an item looks like, and how to read it."""
        how = f'read it with notation="{self.name}" (--notation {self.name}){self.beside}'
        return f"architecture {shorten(item)} looks like {self.seen}: {how}"

    def own(self, items: Sequence[Any]) -> list[Arch]:
        """Items in the space's own notation.

        Raises:
            ParseError: one is not in this notation; names it.
        """
        return [self._own(item, i) for i, item in enumerate(items)]

    def inside(self, item: list[Any]) -> list[Any] | None:
        """The entries of a list that is no architecture of this notation, and each entry is; else None."""
        accepts = self.accepts or self.looks
        return item if item and not accepts(item) and all(map(accepts, item)) else None

    def _own(self, item: Any, i: int) -> Arch:
        value = item if self.is_text else decoded(item)
        try:
            if not (self.accepts or self.looks)(value):
                raise InputError(f"architecture must be {self.seen}, got {shorten(item)}")
            return self.read(value)
        except InputError as error:
            raise ParseError(f"{error}, as {self.name} is read", item=i) from None


Known: TypeAlias = Form | Foreign


def recognised(item: Any, forms: Iterable[Known]) -> str | None:
    """The sentence of the first form that an item has; None where it has none."""
    values = [item] if (value := decoded(item)) is item else [item, value]
    for form in forms:
        if any(form.looks(v) for v in values):
            return form.sentence(item)
    return None


def decoded(item: Any) -> Any:
    """The value that text of JSON or of Python's literals writes, arrays as lists; others as they are."""
    if isinstance(item, np.ndarray):
        return item.tolist()
    if not isinstance(item, str) or len(item) > MAX_TEXT or item.strip()[:1] not in ("[", "{", "("):
        return item
    for read in (json.loads, ast.literal_eval):
        try:
            return read(item.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return item


def is_whole(value: Any, below: int) -> bool:
    """Whether something is a whole number of at least 0 and below another; True and 1.0 are not."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return whole and 0 <= int(value) < below


def listed(value: Any, length: int) -> bool:
    """Whether something is a list or tuple of so many entries."""
    return isinstance(value, list | tuple) and len(value) == length
