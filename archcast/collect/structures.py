"""Structures of the networks that published tables measured: one file of this package, read as it is needed.

The file begins with its index: records of the tables' networks, and where the blocks of networks lie (see
`archcast.featurize.packed`). `benchmarks/make_networks.py` writes it.

| name | meaning |
|---|---|
| family | the family that a network's own table counts it to, such as a module of timm |
| coarse | joins relatives: everything like ResNet, everything mobile with depthwise blocks, ... |
| group | near-copies: the same structure with other weights, image size or name; in one coarse family |
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from archcast.core.device import DeviceName
from archcast.core.errors import DataError, UnknownNameError
from archcast.core.files import atomic_write
from archcast.core.network import Network
from archcast.featurize.packed import Block, pack

FILE = "shipped/networks.bin"
REPARAMETERIZED = "reparameterized"
"""Variant of a network whose branches were merged before it was measured."""
MERGED_SINCE = (2, 9)
"""Version of PyTorch from which on timm's networks were measured with their branches merged."""
_MAGIC = b"archcast networks 1\n"
_BLOCK = 32
_OPEN = 4
"""Blocks that are kept open."""


@dataclass(frozen=True, slots=True)
class Structure:
    """A network of a table.

    Attributes:
        name, table: as the table calls it, and the table.
        key: of the network as it is stored, `as_stored(network).key`.
        family, coarse, group: see above.
        variant: `REPARAMETERIZED`, or empty.
        size: side of the image; 0 where the network takes none.
        macs, params: of the network.
    """

    name: str
    table: str
    key: str
    family: str
    coarse: str
    group: int
    variant: str
    size: int
    macs: int
    params: int

    @property
    def row_name(self) -> str:
        """What rows of its table call it, after the table's name and a colon."""
        return f"{self.name}@{self.size}" if self.table == "timm" else self.name


def form_run(forms: Mapping[str, Structure], device: str) -> Structure:
    """The form of a network that a device ran.

    Args:
        forms: by their variants, at least one.
    """
    runtime = DeviceName.parse(device).runtime.removeprefix("torch").split("_")[0]
    version = tuple(int(part) for part in runtime.split(".") if part.isdigit())
    wanted = REPARAMETERIZED if version >= MERGED_SINCE else ""
    return forms.get(wanted) or next(iter(forms.values()))


class Structures:
    """The networks of a file of structures.

    Raises:
        DataError: the file is foreign or damaged.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        start = len(_MAGIC) + 4
        size = int.from_bytes(content[len(_MAGIC) : start], "little")
        if not content.startswith(_MAGIC) or len(content) < start + size:
            raise DataError("this is no file of structures of networks")
        try:
            index = json.loads(lzma.decompress(content[start : start + size]))
            self.made_with: Mapping[str, str] = index["made_with"]
            self.records = tuple(Structure(*row) for row in zip(*index["records"], strict=True))
            self._blocks: Sequence[tuple[int, int]] = index["blocks"]
            self._at: Mapping[str, tuple[int, int]] = {
                key: (block, place)
                for block, keys in enumerate(index["keys"])
                for place, key in enumerate(keys)
            }
        except (lzma.LZMAError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"a file of structures of networks is damaged: {error}") from error
        self._start = start + size
        self._open = lru_cache(_OPEN)(self._block)
        self._made: WeakValueDictionary[str, Network] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self.records)

    def __contains__(self, key: object) -> bool:
        return key in self._at

    def network(self, asked: Structure | str) -> Network:
        """The network of a record or of a key; the same object as long as somebody holds it.

        Raises:
            UnknownNameError: there is none.
            DataError: the file is damaged.
        """
        key = asked if isinstance(asked, str) else asked.key
        network = self._made.get(key)
        if network is None:
            if key not in self._at:
                raise UnknownNameError("network", key, tuple(self._at)[:8])
            block, place = self._at[key]
            network = self._made[key] = self._open(block)[place]
        return network

    def of(self, table: str) -> tuple[Structure, ...]:
        """The records of a table; raise UnknownNameError where there is no such table."""
        if table not in self._tables:
            raise UnknownNameError("table of networks", table, tuple(self._tables))
        return self._tables[table]

    def by_key(self, key: str) -> tuple[Structure, ...]:
        """The records of one network, none where it is not known."""
        return self._keys.get(key, ())

    def rows_of(self, key: str, device: str) -> list[str]:
        """Architectures of tables' rows that are of a network, where the device ran it in that form."""
        rows = []
        for record in self.by_key(key):
            alike = (r for r in self.of(record.table) if r.row_name == record.row_name)
            if form_run({r.variant: r for r in alike}, device) is record:
                rows.append(f"{record.table}:{record.row_name}")
        return rows

    @cached_property
    def _tables(self) -> Mapping[str, tuple[Structure, ...]]:
        return _grouped(self.records, "table")

    @cached_property
    def _keys(self) -> Mapping[str, tuple[Structure, ...]]:
        return _grouped(self.records, "key")

    def _block(self, number: int) -> Block:
        begin, end = (self._start + place for place in self._blocks[number])
        return Block(self._content[begin:end])


@lru_cache(1)
def structures() -> Structures:
    """Those of this package."""
    return Structures(files("archcast.collect").joinpath(FILE).read_bytes())


def write_structures(
    path: Path,
    records: Iterable[Structure],
    networks: Mapping[str, Network],
    *,
    made_with: Mapping[str, str],
) -> None:
    """Write a file of structures.

    Args:
        networks: by their keys; those that stand together are packed together, so sort them by family.
        made_with: versions of the packages that made the networks.
    """
    keys = [list(networks)[start : start + _BLOCK] for start in range(0, len(networks), _BLOCK)]
    blocks = [pack([networks[key] for key in some]) for some in keys]
    ends = [0]
    for block in blocks:
        ends.append(ends[-1] + len(block))
    rows = [astuple(record) for record in records]
    index: dict[str, Any] = {
        "made_with": dict(made_with),
        "records": [list(column) for column in zip(*rows, strict=True)],
        "blocks": [list(span) for span in pairwise(ends)],
        "keys": keys,
    }
    head = lzma.compress(json.dumps(index, separators=(",", ":")).encode(), preset=9)
    with atomic_write(path) as partial:
        partial.write_bytes(b"".join([_MAGIC, len(head).to_bytes(4, "little"), head, *blocks]))


def _grouped(records: Iterable[Structure], name: str) -> dict[str, tuple[Structure, ...]]:
    by_group: dict[str, list[Structure]] = {}
    for record in records:
        by_group.setdefault(getattr(record, name), []).append(record)
    return {key: tuple(some) for key, some in by_group.items()}
