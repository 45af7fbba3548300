"""Groups of a network's nodes, each with one node that ends it and no other node that is read outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archcast.core.errors import InputError
from archcast.core.network import Network, Node
from archcast.featurize.fusion.unquantized import unquantized


class Groups:
    """Nodes by position, joined step by step.

    Attributes:
        network: whose nodes.
        constant: names of values that do not depend on an input; grows as constants are folded.
        outputs: names that leave the network.
        stands: of each node, the positions that it stands for in the network that was given.
    """

    def __init__(self, network: Network) -> None:
        self._take(network)
        self.stands: tuple[tuple[int, ...], ...] = tuple((place,) for place in self.places())

    def undo_quantization(self) -> None:
        """Go on with the plain operators of a quantised network; nothing may be joined before.

        Raises:
            InputError: something is.
        """
        if len(self._members) < len(self.network.nodes) or self._kind:
            raise InputError("the rule quantized must stand before all others")
        plain = unquantized(self.network, narrow=True)
        if plain.network is not self.network:
            self._take(plain.network)
            self.stands = plain.stands

    def _take(self, network: Network) -> None:
        self.network = network
        self.outputs = frozenset(network.outputs)
        self.constant = {name for name, value in network.values.items() if value.constant}
        self._writer: dict[str, int] = {}
        self._readers: dict[str, set[int]] = {}
        for place, node in enumerate(network.nodes):
            self._writer.update(dict.fromkeys(node.outputs, place))
            for name in network.reads[place]:
                self._readers.setdefault(name, set()).add(place)
        self._group = list(range(len(network.nodes)))
        self._members: dict[int, list[int]] = {place: [place] for place in self._group}
        self._kind: dict[int, str] = {}

    def node(self, place: int) -> Node:
        """The node at a position."""
        return self.network.nodes[place]

    def places(self) -> range:
        """Positions of all nodes."""
        return range(len(self.network.nodes))

    def writer(self, name: str) -> int | None:
        """Position of the node that writes a value, None for inputs and constants."""
        return self._writer.get(name)

    def readers(self, name: str) -> set[int]:
        """Positions of the nodes that read a value; not to be changed."""
        return self._readers.get(name, set())

    def data(self, place: int) -> list[str]:
        """What a node reads that is no constant."""
        return [name for name in dict.fromkeys(self.node(place).inputs) if name and name not in self.constant]

    def sole_reader(self, place: int) -> int | None:
        """The only node that reads what a node of one output writes; None where there are others."""
        outputs = [name for name in self.node(place).outputs if name]
        if len(outputs) != 1 or outputs[0] in self.outputs:
            return None
        readers = self.readers(outputs[0])
        return next(iter(readers)) if len(readers) == 1 else None

    def of(self, place: int) -> list[int]:
        """Members of a node's group."""
        return self._members[self._group[place]]

    def end(self, place: int) -> int:
        """The node that ends a node's group."""
        return max(self.of(place))

    def kind(self, place: int) -> str:
        """What a node's group is together; empty where its dearest node says it."""
        return self._kind.get(self._group[place], "")

    def join(self, places: Iterable[int], kind: str = "") -> None:
        """Join the groups of nodes, which must keep the groups' form; see `may_join`."""
        owners = sorted({self._group[place] for place in places})
        first, *others = owners
        for owner in others:
            members = self._members.pop(owner)
            self._members[first] += members
            for place in members:
                self._group[place] = first
            self._kind.pop(owner, None)
        if others or kind:
            self._kind.pop(first, None)
        if kind:
            self._kind[first] = kind

    def may_join(self, places: Iterable[int]) -> bool:
        """Whether the groups of nodes together would end in one node and be read nowhere else."""
        members = {member for place in places for member in self.of(place)}
        end = max(members)
        for place in members:
            if place == end:
                continue
            for name in self.node(place).outputs:
                if name and (name in self.outputs or not self.readers(name) <= members):
                    return False
        return True

    def listed(self) -> Iterator[tuple[tuple[int, ...], str]]:
        """Groups with their kinds, in the order of the nodes that end them."""
        for owner in sorted(self._members, key=lambda o: max(self._members[o])):
            yield tuple(sorted(self._members[owner])), self._kind.get(owner, "")
