"""What every search space offers: notation, codes, costs, topology.

| symbol | meaning |
|---|---|
| n | architectures in a batch |
| k | decisions (columns of codes) |
| m | one-edit neighbours |
"""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Arch, ArchBatch, Bools, Codes, Doubles, Ints
from archcast.core.errors import InputError, ParseError, UnknownNameError, shorten
from archcast.core.layers import LayerGraph
from archcast.featurize.encoders.onehot import one_hot
from archcast.featurize.encoders.packed import PackedGraphs
from archcast.featurize.spaces.checks import check_batch, check_count, from_json, is_codes
from archcast.featurize.topology import Cells

MAX_COUNTED = 2**40
MAX_VALUES = int(np.iinfo(np.int8).max) + 1
"""Values that one decision may have, as codes are int8."""


class Space(ABC):
    """A set of architectures with one notation.

    Attributes:
        name: the space's name.
        columns: names of the k decisions.
        cardinalities: number of values of each decision; codes run from 0 to cardinality - 1.
        datasets: data sets the networks are defined for; the first is the default.
        has_graph: whether `graph` can expand an architecture to layers.
        has_dead_layers: whether networks may hold layers on no path from input to output.
        text_notation: whether the notation is a string; otherwise text is read as its JSON.
        term_groups: groups of columns such that every one of `terms` is a sum of functions of one group
            each; groups may share columns; None where that is not known.
        cost_groups: the same for `costs`.
    """

    name: str
    columns: tuple[str, ...]
    cardinalities: tuple[int, ...]
    datasets: tuple[str, ...]
    has_graph: bool = True
    text_notation: bool = False
    has_dead_layers: bool = False
    term_groups: tuple[tuple[int, ...], ...] | None = None
    cost_groups: tuple[tuple[int, ...], ...] | None = None

    # -- notation ---------------------------------------------------------------------------------

    @abstractmethod
    def matches(self, item: Arch) -> bool:
        """Whether `item` has the outer form of this space's notation; cheap, not a full check."""

    @abstractmethod
    def _parse_items(self, items: Sequence[Arch]) -> Codes:
        """Codes of a checked, non-empty list; raise ParseError with item and position."""

    @abstractmethod
    def format(self, codes: Codes) -> list[Arch]:
        """Architectures in the space's notation.

        Shapes:
            codes: (n, k)
        """

    def parse(self, batch: ArchBatch) -> Codes:
        """Codes of a batch in the space's notation, in its text, or already in codes.

        Shapes:
            output: int8 (n, k), C-contiguous; never the array that was given

        Raises:
            ParseError: an item is not of this space; names the item, the position and the choices.
            InputError: the batch is empty, is one architecture instead of a list, or holds codes
                out of range.
        """
        self.check_decisions()
        if is_codes(batch):
            return self._check_codes(np.asarray(batch))
        return self._parse_items(self._without_text(check_batch(batch)))

    def numbers_of(self, items: Sequence[Arch]) -> NDArray[np.integer[Any]] | None:
        """Positions of a list of members in their notation, where that is quicker than by their codes.

        Shapes:
            output: (n,); None when any item is not a plain member, which `parse` then tells of
        """
        del items
        return None

    def to_text(self, codes: Codes) -> list[str]:
        """One line of text an architecture: the notation if it is a string, else its JSON."""
        return [a if isinstance(a, str) else json.dumps(a) for a in self.format(codes)]

    def _without_text(self, items: Sequence[Arch]) -> Sequence[Arch]:
        """Items with text decoded where the notation is not text; only text where it is."""
        if not self.text_notation:
            if not any(isinstance(item, str) for item in items):
                return items
            return [from_json(item, i) if isinstance(item, str) else item for i, item in enumerate(items)]
        if set(map(type, items)) != {str}:
            for i, item in enumerate(items):
                if not isinstance(item, str):
                    raise ParseError(
                        f"{self.name} architecture must be a string, got {shorten(item)}", item=i
                    )
        return items

    def _check_codes(self, codes: np.ndarray[Any, Any]) -> Codes:
        k = len(self.columns)
        if codes.ndim != 2 or codes.shape[1] != k:
            raise InputError(f"{self.name} codes must have shape (n, {k}), got {codes.shape}")
        if len(codes) == 0:
            raise InputError("arch_batch must hold at least one architecture, got none")
        if not np.issubdtype(codes.dtype, np.integer):
            raise InputError(f"{self.name} codes must be integers, got dtype {codes.dtype}")
        self._check_range(codes)
        out = self._normalise(np.array(codes, dtype=np.int8, order="C"))
        if type(self).valid is not Space.valid:  # which would only look at the range again
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

    def _normalise(self, codes: Codes) -> Codes:
        """Codes with entries that no layer uses set to 0; may write into its argument."""
        return codes

    def check_decisions(self) -> None:
        """Raise InputError, which names the decision, where one has no value or more than codes can hold."""
        if min(self.cardinalities) >= 1 and max(self.cardinalities) <= MAX_VALUES:
            return
        for column, top in zip(self.columns, self.cardinalities, strict=True):
            if not 1 <= top <= MAX_VALUES:
                raise InputError(
                    f"decision {column} of {self.name} must have 1 to {MAX_VALUES} values, got {top}"
                )

    # -- the set ----------------------------------------------------------------------------------

    @cached_property
    def size(self) -> int:
        """Number of members."""
        return math.prod(self.cardinalities)

    def valid(self, codes: Codes) -> Bools:
        """Whether each row of codes is a member.

        Shapes:
            codes: (n, k); output: (n,)
        """
        inside: Bools = np.all((codes >= 0) & (codes < np.array(self.cardinalities)), axis=1)
        return inside

    def numbers(self, codes: Codes) -> Ints:
        """Position of each member when codes are read as one number, first decision first.

        Shapes:
            codes: (n, k); output: (n,), 0 to size - 1

        Raises:
            InputError: the space is no plain product of its decisions, or too large to count so.
        """
        numbers: Ints = np.ravel_multi_index(tuple(codes.T), self._countable()).astype(np.int64)
        return numbers

    def members(self, numbers: Ints) -> Codes:
        """Codes of members by their position; the inverse of `numbers`.

        Shapes:
            numbers: (n,), 0 to size - 1; output: (n, k)
        """
        return np.stack(np.unravel_index(numbers, self._countable()), axis=1).astype(np.int8)

    def _countable(self) -> tuple[int, ...]:
        if self.size != math.prod(self.cardinalities) or self.size > MAX_COUNTED:
            raise InputError(f"{self.name} has too many members to number them")
        return self.cardinalities

    def sample(self, n: int, *, seed: int) -> Codes:
        """`n` members drawn uniformly, with replacement; the same for the same seed.

        Shapes:
            output: (n, k)
        """
        check_count(n)
        self.check_decisions()
        rng = np.random.default_rng(seed)
        return rng.integers(0, self.cardinalities, size=(n, len(self.columns))).astype(np.int8)

    def neighbours(self, codes: Codes) -> tuple[Codes, Ints]:
        """All members one edit away: those that differ in exactly one decision.

        Shapes:
            codes: (n, k); output: (m, k) and (m,), the row each neighbour belongs to
        """
        codes = self._check_codes(np.asarray(codes))
        moves = [(c, s) for c, top in enumerate(self.cardinalities) for s in range(1, top)]
        column, shift = np.array(moves).T
        out = np.repeat(codes[:, None, :], len(moves), axis=1)
        rows = np.arange(len(moves))
        tops = np.array(self.cardinalities)[column]
        out[:, rows, column] = (out[:, rows, column] + shift) % tops
        owner = np.repeat(np.arange(len(codes)), len(moves))
        flat = out.reshape(-1, len(self.columns))
        keep = self.valid(flat)
        return flat[keep], owner[keep]

    def live(self, codes: Codes) -> Codes:
        """Codes without decisions that no path from input to output sees; most spaces have none.

        Shapes:
            codes: (n, k); output: (n, k)
        """
        return codes.copy()

    def connected(self, codes: Codes) -> Bools:
        """Whether the output depends on the input; in most spaces it always does.

        Shapes:
            codes: (n, k); output: (n,)
        """
        return np.ones(len(codes), dtype=bool)

    def canonical(self, codes: Codes) -> Codes:
        """The representative of each architecture's class of equals; most spaces have no equals.

        Shapes:
            codes: (n, k); output: (n, k)
        """
        return codes.copy()

    def groups(self, codes: Codes) -> Ints:
        """A number for each architecture, equal where `canonical` is equal; for splits.

        Shapes:
            codes: (n, k); output: (n,), dense from 0
        """
        _, inverse = np.unique(self.canonical(codes), axis=0, return_inverse=True)
        return inverse.reshape(-1).astype(np.int64)

    # -- the networks -----------------------------------------------------------------------------

    def check_dataset(self, dataset: str | None) -> str:
        """`dataset`, or the default when it is None; raise UnknownNameError when it has no network."""
        if dataset is None:
            return self.datasets[0]
        if dataset not in self.datasets:
            raise UnknownNameError(f"dataset of {self.name}", dataset, self.datasets)
        return dataset

    @abstractmethod
    def graph(self, code: Codes, dataset: str | None = None, *, live: bool = False) -> LayerGraph:
        """The whole network of one architecture.

        Args:
            code: (k,) or (1, k).
            dataset: fixes input side and classes; default the space's first.
            live: leave out layers on no path from input to output.

        Raises:
            InputError: the space has no layer graph.
        """

    @abstractmethod
    def costs(self, codes: Codes, dataset: str | None = None, *, live: bool = False) -> Doubles:
        """Summed layer costs, vectorised; equal to `layers_cost` of each graph.

        Shapes:
            codes: (n, k); output: (n, C, Q), see `archcast.featurize.cost`
        """

    @abstractmethod
    def cells(self, codes: Codes) -> Cells:
        """Width, depth and skip channels of each architecture's cells, see `featurize.topology`."""

    def decision_counts(self, codes: Codes) -> tuple[tuple[str, ...], Doubles]:
        """Names and counts of decisions that layers do not show; most spaces have none.

        Shapes:
            codes: (n, k); output: (names,) and (n, names)
        """
        return (), np.zeros((len(codes), 0))

    def terms(self, codes: Codes) -> tuple[tuple[str, ...], Doubles]:
        """Names and values of terms whose weighted sum can express a cost; decisions one-hot by default.

        Shapes:
            codes: (n, k); output: (d,) and (n, d)
        """
        pairs = zip(self.columns, self.cardinalities, strict=True)
        names = tuple(f"{column}={value}" for column, top in pairs for value in range(top))
        return names, one_hot(codes, self.cardinalities).astype(np.float64)

    @abstractmethod
    def dag(self, codes: Codes, dataset: str | None = None) -> PackedGraphs:
        """The architectures as small DAGs for a graph network, one node a part or operation.

        Shapes:
            codes: (n, k); output: n graphs, see `archcast.featurize.encoders.packed`
        """

    @abstractmethod
    def published_counts(self, codes: Codes, dataset: str | None = None) -> tuple[Doubles, Doubles]:
        """Parameters and FLOPs under the counting rule of the space's public table, in single units.

        Shapes:
            codes: (n, k); output: (n,) and (n,)
        """
