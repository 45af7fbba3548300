"""The network's answers with every state that is known to repeat computed once.

| symbol | meaning |
|---|---|
| n, N | architectures; nodes of all of them, see `nodes` |
| M, H | forms of nodes; hidden width |
| D | rows of a table of states; row D stands for no node |

After r rounds a node's state depends on what lies within r edges of it. Before the first round there are M
different states, for which everything is worked out once. After the first there is one for each form
with its neighbours' forms: those that were met before are looked up in a bounded table. From the second
round on states hardly repeat, so every node's is computed, in parts that stay in the processor's cache.
The mathematics is the network's own, see `network` and `weights`; only the order of sums differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from archcast.core.arrays import Codes, Floats, Ints
from archcast.predictors.families.gnn.nodes import Layout, Nodes
from archcast.predictors.families.gnn.seen import Seen
from archcast.predictors.families.gnn.weights import Round, Weights, normed, silu_of_twice

_PART = 1024
"""Nodes that are worked out at once: their states stay in the processor's cache."""
_ROWS = 2**15
"""States after the first round that are kept: 32 MiB at a width of 64."""
_MOST_KEY = 2**63 - 1


@dataclass(frozen=True, slots=True)
class States:
    """States and what they send in the next round, in one table or in two, one after the other.

    Shapes:
        own: (D, H), with the shift of the round to come; sent: (D + 1, 3 H), to the node itself, its
        successors and its predecessors; more_own, more_sent: the same for rows from D + 1 on

    Every node is taken to have P predecessors and Q successors. Row D is sent by those that are not there: it
    takes back the constant that a neighbour would bring.
    """

    own: Floats
    sent: Floats
    more_own: Floats | None = None
    more_sent: Floats | None = None

    @property
    def none(self) -> int:
        """D."""
        return len(self.sent) - 1

    def state(self, rows: Ints | None) -> Floats:
        """(N,) -> (N, H), to be read only; None for every row but D."""
        return self.own if rows is None else _rows(self.own, self.more_own, rows, beyond=len(self.sent))

    def message(self, rows: Ints | None, kind: int) -> Floats:
        """What goes to the node itself (0), to its successors (1) or predecessors (2): (N,) -> (N, H)."""
        width = self.own.shape[1]
        if rows is None:
            return self.sent[:-1, kind * width : (kind + 1) * width].copy()
        sent = self.sent.reshape(-1, width)
        more = None if self.more_sent is None else self.more_sent.reshape(-1, width)
        return _rows(sent, more, 3 * rows + kind, beyond=len(sent))


def _rows(table: Floats, more: Floats | None, rows: Ints, *, beyond: int) -> Floats:
    found: Floats = table.take(rows, axis=0, mode="clip")
    if more is not None:
        outside = np.flatnonzero(rows >= beyond)
        found[outside] = more[rows[outside] - beyond]
    return found


@dataclass(frozen=True, slots=True)
class Around:
    """The rows of nodes and of their neighbours in a table of states.

    Shapes:
        node: (N,), None where the table has a row for every node in turn; predecessors: (P, N);
        successors: (Q, N)
    """

    node: Ints | None
    predecessors: Ints
    successors: Ints

    def part(self, nodes: Ints | slice) -> Around:
        """Those of some nodes."""
        node = None if self.node is None else self.node[nodes]
        return Around(node, self.predecessors[:, nodes], self.successors[:, nodes])

    def among(self, rows: Ints, none: int) -> Around:
        """The same nodes in another table, whose row of each node is given.

        Shapes:
            rows: (N,)
        """
        place = np.append(rows, none)
        return Around(rows, place[self.predecessors], place[self.successors])

    def within(self, start: int, count: int) -> Around:
        """Neighbours in a table of the `count` nodes from `start` on, which holds all that are linked."""
        own, others = (np.minimum(rows - start, count) for rows in (self.predecessors, self.successors))
        return Around(None, own, others)


class SharedNetwork:
    """What the ONNX file computes, from codes.

    Args:
        weights: of the network; nodes: mean number of nodes that it divides sums by.
        layout: of the space's graphs.
        features: the layout's forms, standardised, (M, F).
    """

    def __init__(self, weights: Weights, *, nodes: float, layout: Layout, features: Floats) -> None:
        self._weights, self._nodes, self._layout = weights, nodes, layout
        rounds, width = weights.rounds, weights.read.matrix.shape[0]
        states = weights.kinds[layout.types] + weights.features(features)
        self._forms = _table(states, rounds[0], layout.neighbours) if rounds else States(states, states)
        self._seen: Seen | None = None
        if len(rounds) > 1:
            own, sent = (np.empty((_ROWS + 1, wide), dtype=np.float32) for wide in (width, 3 * width))
            sent[-1] = -rounds[1].shifts.reshape(-1)
            self._seen = Seen(own, sent)

    def run(self, codes: Codes, graph_features: Floats) -> tuple[Floats, Floats]:
        """Scaled values and embeddings.

        Shapes:
            codes: (n, k); graph_features: (n, d); output: (n, m) and (n, H)
        """
        weights, nodes = self._weights, self._layout.nodes(codes)
        total = self._total(nodes)
        count = np.diff(nodes.ptr).astype(np.float32)[:, None]
        joined = np.concatenate([total / self._nodes, total / count, graph_features], axis=1)
        hidden = silu_of_twice(weights.trunk_in(joined))
        h = silu_of_twice(weights.trunk_out(hidden))
        return weights.answer(h) + graph_features @ weights.lines, h

    def _total(self, nodes: Nodes) -> Floats:
        """Sums over the nodes of each architecture of what is read of them: (n, H)."""
        states, rounds = self._forms, self._weights.rounds
        linked = Around(None, nodes.predecessors, nodes.successors)
        around = linked.among(nodes.form, states.none)
        keys = None if self._seen is None else _keys(around, states.none + 1)
        if self._seen is not None and keys is not None:
            states, around = self._first_round(self._seen, keys, linked, around)
            rounds = rounds[1:]
        total = []
        step = max(1, _PART * (len(nodes.ptr) - 1) // len(nodes.form))
        for first in range(0, len(nodes.ptr) - 1, step):
            ptr = nodes.ptr[first : first + step + 1]
            part = slice(ptr[0], ptr[-1])
            inner = linked.part(part).within(ptr[0], ptr[-1] - ptr[0])
            values = self._read(states, around.part(part), inner, rounds)
            total.append(np.add.reduceat(values, ptr[:-1] - ptr[0], axis=0))
        return np.concatenate(total)

    def _read(self, states: States, around: Around, linked: Around, rounds: tuple[Round, ...]) -> Floats:
        """What the readout sums, of the nodes of whole graphs: (N, H)."""
        for last, following in pairwise(rounds):
            states, around = self._table(_after(states, around, last), following), linked
        state = _after(states, around, rounds[-1]) if rounds else states.state(around.node)
        return silu_of_twice(self._weights.read(normed(state)))

    def _first_round(self, seen: Seen, keys: Ints, linked: Around, around: Around) -> tuple[States, Around]:
        """States after the first round: those seen before, then those that are new."""
        first, second = self._weights.rounds[:2]
        rows, found = seen.find(keys)
        own, sent = seen.tables
        new = np.flatnonzero(~found)
        if not len(new):
            return States(own, sent), linked.among(rows, len(sent) - 1)
        distinct, example, which = np.unique(keys[new], return_index=True, return_inverse=True)
        made = self._table(_after(self._forms, around.part(new[example]), first), second)
        seen.keep(distinct, made.own, made.sent[:-1])
        rows[new] = len(sent) + which
        return States(own, sent, made.own, made.sent), linked.among(rows, len(sent) - 1)

    def _table(self, made: Floats, following: Round) -> States:
        return _table(made, following, self._layout.neighbours)


def _table(made: Floats, following: Round, neighbours: tuple[int, int]) -> States:
    """States, and what they send in the round to come.

    Args:
        neighbours: P and Q; all constants of the round go with what a node sends to itself.
    """
    width = made.shape[1]
    sent = np.empty((len(made) + 1, 3 * width), dtype=np.float32)
    np.matmul(normed(made), following.mix, out=sent[:-1])
    sent[-1] = -following.shifts.reshape(-1)
    sent[:-1, :width] += following.shifts[0] + np.array(neighbours, dtype=np.float32) @ following.shifts[1:]
    return States(made + following.out_shift, sent)


def _after(states: States, around: Around, last: Round) -> Floats:
    """States after a round.

    Shapes:
        output: (N, H)
    """
    received = states.message(around.node, 0)
    for sources, kind in ((around.predecessors, 1), (around.successors, 2)):
        for rows in sources:
            received += states.message(rows, kind)
    made: Floats = silu_of_twice(received) @ last.out
    made += states.state(around.node)
    return made


def _keys(around: Around, base: int) -> Ints | None:
    """One number for each node's row with those of its neighbours; None where it would be too large."""
    rows = [row for row in (around.node, *around.predecessors, *around.successors) if row is not None]
    if base ** len(rows) > _MOST_KEY:
        return None
    keys: Ints = np.zeros(len(rows[0]), dtype=np.int64)
    for row in rows:
        keys *= base
        keys += row
    return keys
