"""Relatives among networks: families by `network_families.csv`, near-copies by shapes of weights."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from math import prod
from pathlib import Path

from archcast.core.network import Network

_MOVED = ("Transpose", "Reshape", "Identity", "Cast", "Squeeze", "Unsqueeze")
_PRODUCTS = ("Conv", "ConvTranspose", "MatMul", "Gemm")


@dataclass(frozen=True)
class Kind:
    """Families of a network: its table's, what it is called across tables, and relatives."""

    family: str
    kind: str
    coarse: str


def kind_of(table: str, published: str, name: str) -> Kind:
    """The first line that fits.

    Raises:
        KeyError: none does.
    """
    for row in _lines():
        fits = fnmatchcase(published or "", row["published"]) and fnmatchcase(name, row["name"])
        if table in row["table"].split() and fits:
            return Kind(row["family"], row["kind"], row["coarse"])
    raise KeyError(f"network_families.csv has no line for {table}, {published}, {name}")


def shape_of(network: Network) -> str:
    """The same for near-copies: weights of products but the last, which follows the number of classes."""
    body = sorted(Counter(_weights(network)[:-1]).items())
    return hashlib.sha256(repr(body).encode()).hexdigest()


class Groups:
    """What belongs together, as pairs tell."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    def join(self, a: str, b: str) -> None:
        """These two belong together, with all that belong to either."""
        self._above[self._top(a)] = self._top(b)

    def number(self, name: str) -> int:
        """Number of the group that a name is in."""
        return self._numbers.setdefault(self._top(name), len(self._numbers))

    def _top(self, name: str) -> str:
        while (above := self._above.get(name, name)) != name:
            name = above
        return name


def _weights(network: Network) -> list[tuple[bool, tuple[int, ...], object]]:
    via: Mapping[str, tuple[int, ...]] = {n: v.dims for n, v in network.values.items() if v.constant}
    via, found = dict(via), []
    for node in network.nodes:
        if node.op in _MOVED and node.inputs[0] in via:
            via[node.outputs[0]] = via[node.inputs[0]]
        if node.op not in _PRODUCTS:
            continue
        for shape in (via[name] for name in node.inputs[:2] if len(via.get(name, ())) > 1):
            wide = node.op.startswith("Conv") and prod(shape[2:]) > 1
            sides = tuple(sorted(d for d in shape if d > 1))
            found.append((wide, sides, node.attributes.get("group", 1)))
    return found


@lru_cache
def _lines() -> list[dict[str, str]]:
    with Path(__file__).with_name("network_families.csv").open() as file:
        return list(csv.DictReader(file))
