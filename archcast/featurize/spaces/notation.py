"""How a space's architectures are written: notation, text and codes.

| symbol | meaning |
|---|---|
| n | architectures in a batch |
| k | decisions (columns of codes) |
"""

from __future__ import annotations

import json
from abc import ABC
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Arch, ArchBatch, Bools, Codes
from archcast.core.errors import InputError, ParseError, shorten
from archcast.featurize.spaces.checks import check_batch, check_choice, check_keys, from_json
from archcast.featurize.spaces.foreign.catalog import sentence_of
from archcast.featurize.spaces.foreign.form import Foreign

MAX_VALUES = int(np.iinfo(np.int8).max) + 1
"""Values that one decision may have, as codes are int8."""
_TEXT, _NO_TEXT = frozenset({str}), frozenset({list, tuple, dict})


class Notation(ABC):
    """Reading and writing architectures; a dict of decisions and their values unless a space has its own.

    Attributes:
        name: the space's name.
        choices: decision -> its values, in the order of their codes; gives `columns` and `cardinalities`. A
            space with a notation of its own may give those two instead.
        keys: of the dict that is the notation, if it is one; by default the decisions.
        columns: names of the k decisions.
        cardinalities: number of values of each decision; codes run from 0 to cardinality - 1.
        notations: of others, which name members too and are read where they are asked for by name.
        text_notation: whether the notation is a string; otherwise text is read as its JSON.
        numbers_of: positions (n,) of a list of members in their notation, where those are quicker than codes;
            None when any item is not a plain member, which `parse` then tells of.
    """

    name: str
    choices: ClassVar[Mapping[str, Sequence[Any]]] = {}
    keys: tuple[str, ...] = ()
    columns: tuple[str, ...]
    cardinalities: tuple[int, ...]
    notations: tuple[Foreign, ...] = ()
    text_notation: bool = False
    numbers_of: Callable[[Sequence[Arch]], NDArray[np.integer[Any]] | None] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "choices" in cls.__dict__:
            cls.columns, cls.cardinalities = tuple(cls.choices), tuple(map(len, cls.choices.values()))
            cls.keys = cls.__dict__.get("keys", cls.columns)

    def matches(self, item: Arch) -> bool:
        """Whether `item` has the outer form of this space's notation; cheap, not a full check."""
        return isinstance(item, dict) and not item.keys().isdisjoint(self.keys)

    def parse_items(self, items: Sequence[Arch]) -> Codes:
        """Codes of a checked, non-empty list; raise ParseError with item and position."""
        rows = []
        for i, item in enumerate(items):
            check_keys(item, self.columns, space=self.name, index=i)
            rows.append(
                [
                    check_choice(item[column], values, what=f"{self.name} {column}", item=i, position=column)
                    for column, values in self.choices.items()
                ]
            )
        return np.array(rows, dtype=np.int8)

    def format(self, codes: Codes) -> list[Arch]:
        """Architectures in the space's notation.

        Shapes:
            codes: (n, k)
        """
        items = list(self.choices.items())
        return [
            {name: values[v] for (name, values), v in zip(items, row, strict=True)} for row in codes.tolist()
        ]

    def parse(self, batch: ArchBatch) -> Codes:
        """Codes of a batch in the space's notation, in its text, or already in codes.

        Shapes:
            output: int8 (n, k), C-contiguous; never the array that was given

        Raises:
            ParseError: an item is not of this space; names the item, the position and the choices, or the
                form of others that it has and what to do.
            InputError: the batch is empty, is one architecture instead of a list, or holds codes
                out of range.
        """
        return self.parse_checked(check_batch(batch))

    def parse_checked(self, items: Sequence[Arch] | NDArray[Any]) -> Codes:
        """The same of what `check_batch` gave."""
        if max(self.cardinalities) > MAX_VALUES or min(self.cardinalities) < 1:
            self.check_decisions()
        if isinstance(items, np.ndarray):
            return self.check_codes(items)
        try:
            plain = _TEXT if self.text_notation else _NO_TEXT
            return self.parse_items(
                items if plain.issuperset(map(type, items)) else self._without_text(items)
            )
        except ParseError as error:
            self._raise_foreign(items, error)
            raise

    def _raise_foreign(self, items: Sequence[Arch], error: ParseError) -> None:
        """Raise what is known of the form of the item that was refused; return where nothing is."""
        item = None if error.item is None else items[error.item]
        if isinstance(item, dict) and item.keys() == set(self.columns):
            return  # its own form, with a value that it has not
        known = None if item is None else sentence_of(item, self.notations)
        if known is not None:
            raise ParseError(known, item=error.item) from error

    def to_text(self, codes: Codes) -> list[str]:
        """One line of text an architecture: the notation if it is a string, else its JSON."""
        return [a if isinstance(a, str) else json.dumps(a) for a in self.format(codes)]

    def _without_text(self, items: Sequence[Arch]) -> Sequence[Arch]:
        """Items with text decoded where the notation is not text; only text where it is."""
        if not self.text_notation:
            return [from_json(item, i) if isinstance(item, str) else item for i, item in enumerate(items)]
        for i, item in enumerate(items):
            if not isinstance(item, str):
                raise ParseError(f"{self.name} architecture must be a string, got {shorten(item)}", item=i)
        return items

    # -- codes --------------------------------------------------------------------------------------

    def check_codes(self, codes: np.ndarray[Any, Any]) -> Codes:
        """Codes as int8 of members, a new array; raise ParseError or InputError for any other array."""
        k = len(self.columns)
        if codes.ndim != 2 or codes.shape[1] != k:
            raise InputError(f"{self.name} codes must have shape (n, {k}), got {codes.shape}")
        if len(codes) == 0:
            raise InputError("arch_batch must hold at least one architecture, got none")
        if not np.issubdtype(codes.dtype, np.integer):
            remedy = ": give batch.astype(int)" if codes.dtype.kind == "f" else ""
            raise InputError(f"{self.name} codes must be integers, got dtype {codes.dtype}{remedy}")
        self._check_range(codes)
        out = self.normalise(np.array(codes, dtype=np.int8, order="C"))
        if type(self).valid is not Notation.valid:  # which would only look at the range again
            bad = ~self.valid(out)
            if bad.any():
                raise ParseError(f"{self.name} codes must name a member of the space", item=int(bad.argmax()))
        return out

    def _check_range(self, codes: np.ndarray[Any, Any]) -> None:
        """Raise ParseError for a code that its column does not have."""
        least = min(self.cardinalities)
        if codes.min() >= 0 and codes.max() < least:
            return
        top = np.array(self.cardinalities)
        wrong = (codes < 0) | (codes >= top)
        if wrong.any():
            item, column = (int(v) for v in np.argwhere(wrong)[0])
            raise ParseError(
                f"{self.name} code of {self.columns[column]} must be 0 to {top[column] - 1}, "
                f"got {codes[item, column]}",
                item=item,
                position=self.columns[column],
            )

    def check_decisions(self) -> None:
        """Raise InputError, which names the decision, where one has no value or more than codes can hold."""
        for column, top in zip(self.columns, self.cardinalities, strict=True):
            if not 1 <= top <= MAX_VALUES:
                raise InputError(
                    f"decision {column} of {self.name} must have 1 to {MAX_VALUES} values, got {top}"
                )

    def normalise(self, codes: Codes) -> Codes:
        """Codes with entries that no layer uses set to 0; may write into its argument.

        Shapes:
            codes, output: (n, k)
        """
        return codes

    def valid(self, codes: Codes) -> Bools:
        """Whether each row of codes is a member.

        Shapes:
            codes: (n, k); output: (n,)
        """
        inside: Bools = np.all((codes >= 0) & (codes < np.array(self.cardinalities)), axis=1)
        return inside
