"""The work of a network's nodes, with what is not understood told apart instead of left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from archcast.core.errors import InputError, shorten
from archcast.core.network import Network, Node
from archcast.featurize.operators.base import OPERATORS, Values, Work

UNKNOWN = "unknown"
"""Kind of the work of operators that are not understood: data moved, as far as its size is known."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A node with its work.

    Attributes:
        node, work: what was counted.
        times: how often it runs when the network runs once: more than once inside loops.
        understood: whether its operator is known.
    """

    node: Node
    work: Work
    times: int = 1
    understood: bool = True


def counted(network: Network) -> tuple[Counted, ...]:
    """Work of every node, those of sub-graphs after the node that holds them.

    Of an `If` the branch with more multiply-adds (then more bytes) counts; a `Loop` turns as often as its
    first input says, a `Scan` as long as what it scans, both once where that is not known.

    Raises:
        InputError: a shape is not known or not bound; names the node.
    """
    return tuple(_counted(network, network.values, 1))


_MOST = 2**14
_seen: dict[tuple[Any, ...], tuple[Work, tuple[int, ...]]] = {}
"""What is the same of like nodes -> their work, and which of their inputs are trained."""


def _counted(network: Network, values: Values, times: int) -> Iterator[Counted]:
    for place, node in enumerate(network.nodes):
        yield _of(node, place, values, times, has_bodies=place in network.bodies)
        if place not in network.bodies:
            continue
        inside = [
            tuple(_counted(body, {**values, **body.values}, times * _turns(node, values)))
            for body in network.bodies[place]
        ]
        if node.op == "If":
            inside = [max(inside, key=_dearness)]
        for body in inside:
            yield from body


def _of(node: Node, place: int, values: Values, times: int, *, has_bodies: bool) -> Counted:
    if node.op not in OPERATORS:
        return Counted(node, _moved(node, values), times, understood=False)
    try:
        work = OPERATORS[node.op].work(node, values) if has_bodies else _work(node, values)
        return Counted(node, work, times)
    except InputError as error:
        where = f" in {node.part}" if node.part else ""
        raise InputError(f"node {place} ({node.op}{where}): {error}") from error
    except (ValueError, LookupError, TypeError) as error:  # operands of other shapes than it has
        raise InputError(f"node {place} ({node.op}): its operands do not fit ({error})") from error


def _work(node: Node, values: Values) -> Work:
    """Work of a node; that of one like it, but for names, where there was one."""
    inputs = node.inputs
    if len({*inputs}) < len(inputs):
        return OPERATORS[node.op].work(node, values)
    kinds = tuple(
        [
            (v.shape, v.dtype, v.constant, v.learned, v.data) if (v := values.get(name)) else name
            for name in (*inputs, *node.outputs)
        ]
    )
    alike = (node.op, len(inputs), kinds, tuple(node.attributes.items()) if node.attributes else ())
    try:
        counted = _seen.get(alike)
    except TypeError:  # an attribute that no reader makes
        return OPERATORS[node.op].work(node, values)
    if counted is None:
        work = OPERATORS[node.op].work(node, values)
        if all(name in inputs for name in work.learned):
            if len(_seen) >= _MOST:
                _seen.clear()
            _seen[alike] = work, tuple(inputs.index(name) for name in work.learned)
        return work
    work, trained = counted
    if not trained:
        return work
    names = tuple([inputs[p] for p in trained])
    return Work(work.kind, work.macs, work.read, work.weights, work.written, names, work.loops)


def _moved(node: Node, values: Values) -> Work:
    """Bytes of what a node reads and writes, of values whose shape is known."""
    read = weights = 0
    for name in dict.fromkeys(node.inputs):
        if name and values[name].is_bound:
            if values[name].constant:
                weights += values[name].bytes
            else:
                read += values[name].bytes
    out = sum(values[name].bytes for name in node.outputs if name and values[name].is_bound)
    return Work(UNKNOWN, 0, read, weights, out)


def _dearness(counted: tuple[Counted, ...]) -> tuple[int, int]:
    return sum(c.work.macs * c.times for c in counted), sum(c.work.bytes * c.times for c in counted)


def _turns(node: Node, values: Values) -> int:
    """How often the body of a node runs."""
    if node.op == "Loop" and node.inputs and node.inputs[0]:
        turns = values[node.inputs[0]].data
        return int(turns[0]) if turns and isinstance(turns[0], int) and 0 <= turns[0] < 2**31 else 1
    if node.op == "Scan":
        scanned = node.attributes.get("num_scan_inputs", 1)
        if not isinstance(scanned, int) or not 1 <= scanned <= len(node.inputs):
            raise InputError(
                f"num_scan_inputs of Scan must be 1 to {len(node.inputs)}, got {shorten(scanned)}"
            )
        axes = node.attributes.get("scan_input_axes", ())
        axis = axes[0] if isinstance(axes, tuple) and axes and isinstance(axes[0], int) else 0
        dims = values[node.inputs[-scanned]].dims
        return dims[axis] if -len(dims) <= axis < len(dims) else 1
    return 1
