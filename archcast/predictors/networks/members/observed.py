"""The kernels of members, each with the path of its place in the network.

| symbol | meaning |
|---|---|
| k | decisions |
"""

from __future__ import annotations

import pickle
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.network import Network
from archcast.featurize.encoders.kernel_table import KernelTable
from archcast.featurize.spaces import Space

Path: TypeAlias = tuple[str | int, ...]
"""Names of parts from the outermost, numbers where parts are numbered."""
Held: TypeAlias = tuple[tuple[Path, int], ...]
"""Paths of places, and what stands in each: a number of `Members.contents`."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member that was built.

    Shapes:
        code: (k,)

    Attributes:
        paths: of its kernels, in their order; the last number is that of the kernel in its part.
        kernels: which kernels they are; equal numbers, equal kernels.
    """

    code: Codes
    paths: tuple[Path, ...]
    kernels: tuple[int, ...]


class Members:
    """Members of a space as kernels; each is built once.

    Args:
        tables: gives the kernels of a network.
        terms: gives what a predictor says of networks, (n, q), which is asked while they are at hand.

    Attributes:
        contents: what stands in a place, kernels in order of their numbers; the first is nothing.
    """

    def __init__(
        self,
        space: Space,
        dataset: str,
        tables: Callable[[Network], KernelTable],
        terms: Callable[[Sequence[Network]], Doubles],
    ) -> None:
        self.space, self.dataset, self._tables, self._terms = space, dataset, tables, terms
        self._told: dict[bytes, Doubles] = {}
        self._numbers: dict[bytes, int] = {}
        self._seen: dict[bytes, Member] = {}
        self._packed: dict[bytes, bytes] = {}
        self.contents: list[tuple[int, ...]] = [()]
        self._of_content: dict[tuple[int, ...], int] = {(): 0}

    @property
    def built(self) -> int:
        """Number of members that were built."""
        return len(self._seen)

    def see(self, code: Codes) -> Member:
        """A member's kernels."""
        key = code.tobytes()
        if key not in self._seen:
            network = self.space.network(code, self.dataset)
            self._seen[key] = self._read(code, self._tables(network))
            self._told[key] = self._terms([network])[0]
        return self._seen[key]

    def terms(self, code: Codes, by: Callable[[Sequence[Network]], Doubles]) -> Doubles:
        """What a predictor says of a member, (q,)."""
        self.see(code)
        return self._told[code.tobytes()] if by == self._terms else by([self.network(code)])[0]

    def network(self, code: Codes) -> Network:
        """A member's network, with its kernels worked out."""
        key = code.tobytes()
        if key in self._packed:
            kept: Network = pickle.loads(zlib.decompress(self._packed[key]))
            return kept
        made = self.space.network(code, self.dataset)
        self._tables(made)
        if not self.space.keeps_networks:
            self._packed[key] = zlib.compress(pickle.dumps(made, pickle.HIGHEST_PROTOCOL), 1)
        return made

    def held(self, seen: Member, *, apart: bool) -> Held:
        """What stands in the places of a member.

        Args:
            apart: whether each kernel is in a place of its own, or all of a part are in one.
        """
        found: dict[Path, tuple[int, ...]] = {}
        for path, kernel in zip(seen.paths, seen.kernels, strict=True):
            own = path if apart else path[:-1]
            found[own] = (*found.get(own, ()), kernel)
        return tuple((path, self._number(tuple(sorted(kernels)))) for path, kernels in found.items())

    def _number(self, kernels: tuple[int, ...]) -> int:
        number = self._of_content.setdefault(kernels, len(self.contents))
        if number == len(self.contents):
            self.contents.append(kernels)
        return number

    def has(self, code: Codes) -> bool:
        """Whether a member was built."""
        return code.tobytes() in self._seen

    def _read(self, code: Codes, table: KernelTable) -> Member:
        paths, kernels, within = [], [], Counter[str]()
        for place, part in enumerate(table.parts):
            row = bytes([table.classes[place]]) + table.fields[place].tobytes()
            kernels.append(self._numbers.setdefault(row, len(self._numbers) + 1))
            names = [int(name) if name.isdigit() else name for name in part.split(".")]
            paths.append((*names, within[part]))
            within[part] += 1
        return Member(np.array(code), tuple(paths), tuple(kernels))
