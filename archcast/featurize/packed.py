"""Many networks in few bytes: what repeats within a block of networks is written once.

A block begins with tables in JSON: kinds of nodes (operator, attributes, number of inputs and outputs), types
of values (type of elements, shape, elements) and names of parts. A network is two rows of 16-bit numbers, of
parts and of nodes with their values, in which blocks that repeat look alike: a value is told by how many
places back it was written. A block is compressed as a whole. Names of values but inputs are not kept, as they
say nothing of what a network is.
"""

from __future__ import annotations

import json
import lzma
import re
import sys
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from archcast.core.errors import DataError, InputError, shorten
from archcast.core.network import Attribute, Network, Node, Value

_FILTERS = ({"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 0, "lp": 1, "pb": 1},)
_NEW, _NONE, _BACK = 0, 1, 2
"""What a node reads: a constant that nothing read before, nothing, or a value so many places back."""
_LEARNED = (None, False, True)
_MOST = 2**16 - 1
_OWN = re.compile(r"[cv]\d+")


def pack(networks: Sequence[Network]) -> bytes:
    """A block of networks.

    Raises:
        InputError: one has sub-graphs, constants as attributes, an input named like `v1`, or more than 65,534
            values.
    """
    writer = _Writer()
    rows = [writer.network(network) for network in networks]
    tables = [list(table) for table in (writer.kinds, writer.types, writer.parts)]
    text = _json([*tables, [head for head, _, _ in rows]]).encode()
    text += b" " * (len(text) % 2)
    parts, nodes = (b"".join(map(_bytes, side)) for side in zip(*(r[1:] for r in rows), strict=True))
    body = b"".join([len(text).to_bytes(4, "little"), text, parts, nodes])
    return lzma.compress(body, lzma.FORMAT_RAW, filters=list(_FILTERS))


class Block:
    """Networks of a packed block, made as they are asked for.

    Raises:
        DataError: it is damaged.
    """

    def __init__(self, packed: bytes) -> None:
        try:
            body = lzma.decompress(packed, lzma.FORMAT_RAW, filters=list(_FILTERS))
            end = 4 + int.from_bytes(body[:4], "little")
            kinds, types, self._parts, self._heads = json.loads(body[4:end])
            self._kinds = [_kind(*json.loads(kind)) for kind in kinds]
            self._types = [_type(*json.loads(type_)) for type_ in types]
            self._numbers = _numbers(body[end:])
        except (lzma.LZMAError, ValueError, TypeError) as error:
            raise DataError(f"a block of packed networks is damaged: {error}") from error
        self._starts, place = [], 0
        for size in [head[which] for which in (0, 1) for head in self._heads]:
            self._starts.append(slice(place, place + size))
            place += size

    def __len__(self) -> int:
        return len(self._heads)

    def __getitem__(self, place: int) -> Network:
        parts, numbers = (iter(self._numbers[self._starts[at]]) for at in (place, place + len(self)))
        try:
            return self._network(self._heads[place], parts, numbers)
        except (IndexError, StopIteration, InputError) as error:
            raise DataError(f"network {place} of a block is damaged: {error}") from error

    def _network(self, head: Sequence[Any], parts: Iterator[int], numbers: Iterator[int]) -> Network:
        _, _, opset, inputs, outputs, count = head
        values = [Value(name, *self._types[next(numbers) - 1]) for name in inputs]
        nodes = []
        listed: list[str] = []
        for _ in range(count):
            op, attributes, reads, writes = self._kinds[next(numbers)]
            step = next(parts)
            if step:
                listed.append(self._parts[next(parts)] if step == 1 else listed.pop(1 - step))
            names = [self._read(next(numbers), numbers, values) for _ in range(reads)]
            made = [self._made("v", next(numbers), values) for _ in range(writes)]
            nodes.append(Node(op, tuple(names), tuple(made), attributes, listed[-1]))
        every = {value.name: value for value in values}
        ends = tuple(values[place].name for place in outputs)
        return Network(every, tuple(nodes), tuple(inputs), ends, opset=opset)

    def _read(self, back: int, numbers: Iterator[int], values: list[Value]) -> str:
        if back == _NEW:
            return self._made("c", next(numbers), values)
        return "" if back == _NONE else values[1 - back].name

    def _made(self, letter: str, type_: int, values: list[Value]) -> str:
        if type_ == 0:
            return ""
        values.append(Value(f"{letter}{len(values)}", *self._types[type_ - 1]))
        return values[-1].name


class _Writer:
    """Tables that the networks of a block share, filled as they are written."""

    def __init__(self) -> None:
        self.kinds: dict[str, int] = {}
        self.types: dict[str, int] = {}
        self.parts: dict[str, int] = {}

    def network(self, network: Network) -> tuple[list[Any], list[int], list[int]]:
        if taken := [name for name in network.inputs if _OWN.fullmatch(name)]:
            raise InputError(
                f"inputs of a network to pack must not be named like v1, got {shorten(taken[0])}"
            )
        numbers = [self._type(network.values[name]) for name in network.inputs]
        places = {name: place for place, name in enumerate(network.inputs)}
        parts: list[int] = []
        listed: list[str] = []
        for node in network.nodes:
            parts += self._part(node.part, listed)
            numbers.append(self._kind(node))
            for name in node.inputs:
                if not name or name in places:
                    numbers.append(len(places) - places[name] + _BACK - 1 if name else _NONE)
                    continue
                numbers += [_NEW, self._type(network.values[name])]
                places[name] = len(places)
            for name in node.outputs:
                numbers.append(self._type(network.values[name]) if name else 0)
                if name:
                    places[name] = len(places)
        ends = [places[name] for name in network.outputs]
        if len(places) >= _MOST or max(map(len, (self.kinds, self.types, self.parts))) >= _MOST:
            raise InputError(f"a network to pack must have fewer than {_MOST} values, got {len(places)}")
        sizes = [len(parts), len(numbers)]
        return [*sizes, network.opset, network.inputs, ends, len(network)], parts, numbers

    def _part(self, part: str, listed: list[str]) -> list[int]:
        """Numbers of a part: the one before (0), a new one (1), or one so many places back in `listed`."""
        if listed and part == listed[-1]:
            return [0]
        if part not in listed:
            listed.append(part)
            return [1, self.parts.setdefault(part, len(self.parts))]
        step = len(listed) - listed.index(part) + 1
        listed.append(listed.pop(1 - step))
        return [step]

    def _type(self, value: Value) -> int:
        form: list[Any] = [value.dtype, value.shape]
        if value.constant:
            form += [_LEARNED.index(value.learned), *([] if value.data is None else [value.data])]
        return self.types.setdefault(_json(form), len(self.types)) + 1

    def _kind(self, node: Node) -> int:
        for name, value in node.attributes.items():
            if isinstance(value, Value | Network):
                raise InputError(f"{node.op} has a tensor or a sub-graph as {name}, which is not packed")
        form = [node.op, dict(node.attributes), len(node.inputs), len(node.outputs)]
        return self.kinds.setdefault(_json(form), len(self.kinds))


def _json(form: Any) -> str:
    return json.dumps(form, separators=(",", ":"))


def _kind(op: str, attributes: dict[str, Any], reads: int, writes: int) -> tuple[str, Any, int, int]:
    read: dict[str, Attribute] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in attributes.items()
    }
    return op, read, reads, writes


def _type(dtype: str, shape: Any, learned: int | None = None, data: Any = None) -> tuple[Any, ...]:
    elements = None if data is None else tuple(data)
    known = None if learned is None else _LEARNED[learned]
    return None if shape is None else tuple(shape), dtype, learned is not None, elements, known


def _bytes(row: Sequence[int]) -> bytes:
    made = array("H", row)
    if sys.byteorder == "big":
        made.byteswap()
    return made.tobytes()


def _numbers(body: bytes) -> array[int]:
    made = array("H")
    made.frombytes(body)
    if sys.byteorder == "big":
        made.byteswap()
    return made
