"""What a network holds and costs, counted from its shapes.

| name | meaning |
|---|---|
| `params` | elements of the constants that are trained, each once however many nodes read it |
| `macs` | multiply-adds |
| `bytes` | bytes that nodes read and write, weights included, each node by itself |
| `peak_bytes` | most bytes of activations alive at once, in the order in which the nodes stand |
| `intensity` | multiply-adds a byte |
| `depth` | nodes that do work on the longest path |
| `nn_degree`, `nn_mass` | see `archcast.featurize.cells` |

A value is alive from the node that writes it (an input: from the start) to the last one that reads it (an
output: to the end); a view shares the memory of what it shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape

from archcast.core.network import Network, Value
from archcast.featurize.cells import Topology, topology
from archcast.featurize.fusion.unquantized import unquantized
from archcast.featurize.operators.counted import Counted, counted
from archcast.featurize.operators.movement import VIEWS


@dataclass(frozen=True)
class Summary:
    """A network's counts; see the module's table.

    Attributes:
        network: what was counted.
        works: its nodes with their work.
    """

    network: Network
    works: tuple[Counted, ...]

    @cached_property
    def operators(self) -> Mapping[str, int]:
        """Nodes by operator, most first."""
        return dict(Counter(c.node.op for c in self.works).most_common())

    @cached_property
    def params(self) -> int:
        """Trained parameters."""
        return sum(value.elements for value in self._trained.values())

    @cached_property
    def weight_bytes(self) -> int:
        """Bytes of the trained parameters as they are stored."""
        return sum(value.bytes for value in self._trained.values())

    @cached_property
    def macs(self) -> int:
        """Multiply-adds."""
        return sum(c.work.macs * c.times for c in self.works)

    @cached_property
    def bytes(self) -> int:
        """Bytes read and written by the nodes."""
        return sum(c.work.bytes * c.times for c in self.works)

    @cached_property
    def peak_bytes(self) -> int:
        """Most bytes of activations alive at once."""
        return peak_bytes(self.network)

    @property
    def intensity(self) -> float:
        """Multiply-adds a byte moved; 0 where nothing is moved."""
        return self.macs / self.bytes if self.bytes else 0.0

    @cached_property
    def depth(self) -> int:
        """Nodes that do work on the longest path."""
        return depth(self.network)

    @property
    def nn_degree(self) -> float:
        """Widths and skips of the cells."""
        return self._topology.nn_degree

    @property
    def nn_mass(self) -> float:
        """Widths, depths and density of skips of the cells."""
        return self._topology.nn_mass

    @cached_property
    def _topology(self) -> Topology:
        return topology(self.network, works=self.works)

    @cached_property
    def unknown(self) -> Mapping[str, float]:
        """Operators that are not understood, with the share of all bytes that they move."""
        moved: Counter[str] = Counter()
        for c in self.works:
            if not c.understood:
                moved[c.node.op] += c.work.bytes * c.times
        return {op: count / self.bytes if self.bytes else 1.0 for op, count in moved.most_common()}

    @cached_property
    def _trained(self) -> Mapping[str, Value]:
        """Trained constants by name: as their source says, else as the operators that read them take them."""
        plain = unquantized(self.network).network
        works = self.works if plain is self.network else counted(plain)
        learned = {name for c in works for name in c.work.learned}
        networks = [self.network, *(body for node, _ in self.network.walk() for body in node.bodies)]
        return {
            name: value
            for network in networks
            for name, value in network.values.items()
            if value.constant and (value.learned or (value.learned is None and name in learned))
        }

    def to_dict(self) -> dict[str, object]:
        """The counts as plain types."""
        network = self.network
        sides = {"inputs": network.inputs, "outputs": network.outputs}
        shown = {side: [_described(network.values[name]) for name in names] for side, names in sides.items()}
        return shown | {
            "nodes": len(self.works),
            "operators": dict(self.operators),
            "params": self.params,
            "macs": self.macs,
            "bytes": self.bytes,
            "weight_bytes": self.weight_bytes,
            "peak_bytes": self.peak_bytes,
            "intensity": self.intensity,
            "depth": self.depth,
            "nn_degree": self.nn_degree,
            "nn_mass": self.nn_mass,
            "unknown": dict(self.unknown),
            "key": network.key,
        }

    def __str__(self) -> str:
        return "\n".join(f"{name:<16}{value}" for name, value in self._rows())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th><td>{escape(value)}</td></tr>"
            for name, value in self._rows()
        )
        return f"<table>{rows}</table>"

    def _rows(self) -> list[tuple[str, str]]:
        network = self.network
        rows = [
            ("inputs", ", ".join(_shown(network.values[name]) for name in network.inputs)),
            ("outputs", ", ".join(_shown(network.values[name]) for name in network.outputs)),
            ("nodes", f"{len(self.works):,}"),
            ("operators", ", ".join(f"{op} {count}" for op, count in self.operators.items())),
            ("parameters", f"{self.params:,} ({self.weight_bytes / 2**20:,.1f} MiB)"),
            ("multiply-adds", f"{self.macs:,}"),
            ("bytes moved", f"{self.bytes / 2**20:,.1f} MiB"),
            ("peak memory", f"{self.peak_bytes / 2**20:,.1f} MiB of activations"),
            ("intensity", f"{self.intensity:.1f} multiply-adds a byte"),
            ("depth", f"{self.depth:,} nodes"),
            ("NN-Degree", f"{self.nn_degree:,.2f}, NN-Mass {self.nn_mass:,.2f}"),
        ]
        for op, share in self.unknown.items():
            rows.append(("not understood", f"{op}: counted as data moved, {share:.1%} of all bytes"))
        return rows


def summarize(network: Network) -> Summary:
    """The counts of a network.

    Raises:
        InputError: a shape is not known or a dimension not bound; names the node.
    """
    return Summary(network, counted(network))


def peak_bytes(network: Network) -> int:
    """Most bytes of activations alive at once, in the order in which the nodes stand."""
    origin = _origins(network)
    last: dict[str, int] = {}
    for place, names in enumerate(network.reads):
        for name in names:
            if name in origin:
                last[origin[name]] = place
    last |= {origin[name]: len(network.nodes) for name in network.outputs if name in origin}
    alive = {name: _bytes(network.values[name]) for name in network.inputs}
    now = most = sum(alive.values())
    for place, node in enumerate(network.nodes):
        for name in node.outputs:
            if name and origin[name] == name:
                alive[name] = size = _bytes(network.values[name])
                now += size
        inside = sum(peak_bytes(body) for body in network.bodies.get(place, ()))
        if now + inside > most:
            most = now + inside
        for name in (*network.reads[place], *node.outputs):
            held = origin.get(name)
            if held is not None and last.get(held, -1) <= place:
                now -= alive.pop(held, 0)
    return most


def depth(network: Network) -> int:
    """Nodes that do work on the longest path."""
    reach = dict.fromkeys(network.inputs, 0)
    for place, node in enumerate(network.nodes):
        own = 0
        for name in node.inputs:
            before = reach.get(name, 0)
            if before > own:
                own = before
        own += node.op not in VIEWS
        if place in network.bodies:
            own += max(depth(body) for body in network.bodies[place])
        for name in node.outputs:
            reach[name] = own
    return max((reach.get(name, 0) for name in network.outputs), default=0)


def _origins(network: Network) -> dict[str, str]:
    """Values that are no constants -> the value in whose memory they lie."""
    origin = {name: name for name in network.inputs}
    for node in network.nodes:
        shown = node.inputs[0] if node.inputs and node.op in VIEWS else ""
        for name in node.outputs:
            if name:
                origin[name] = origin.get(shown, name)
    return origin


def _bytes(value: Value) -> int:
    return value.bytes if value.is_bound else 0


def _shown(value: Value) -> str:
    shape = "?" if value.shape is None else "x".join(map(str, value.shape))
    return f"{value.name} {value.dtype} {shape}"


def _described(value: Value) -> dict[str, object]:
    shape = None if value.shape is None else list(value.shape)
    return {"name": value.name, "dtype": value.dtype, "shape": shape}
