"""NAS-Bench-201 (Dong and Yang, ICLR 2020): a cell of four nodes and six edges, repeated 15 times.

Node 0 is the cell's input, node 3 its output; every later node is the sum of its incoming edges. Codes
have one column an edge in the order 0-1, 0-2, 1-2, 0-3, 1-3, 2-3 and one value an operation in the order
of `OPERATIONS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from archcast.core.arrays import Arch, ArchBatch, Bools, Codes, Doubles, Ints
from archcast.core.errors import InputError, shorten
from archcast.core.network import Network
from archcast.featurize.cost import COST_SHAPE, network_cost, nodes_cost, quantity
from archcast.featurize.encoders.packed import PackedGraphs, log_costs, pack
from archcast.featurize.spaces.base import Space, Summand
from archcast.featurize.spaces.blocks import classifier, conv_bn
from archcast.featurize.spaces.builder import NetworkBuilder
from archcast.featurize.spaces.foreign import cells
from archcast.featurize.spaces.nasbench201_forms import canonical_forms, live_edges, published_forms
from archcast.featurize.spaces.nasbench201_function import function_blocks
from archcast.featurize.spaces.nasbench201_notation import (
    EDGES,
    NONE,
    OPERATIONS,
    SKIP,
    all_codes,
    all_texts,
    numbers_by_index,
    numbers_of_texts,
    parse_slowly,
)
from archcast.featurize.spaces.nasbench201_paths import cell_terms
from archcast.featurize.spaces.nasbench201_structure import cell_groups
from archcast.featurize.spaces.places import Places, column_places
from archcast.featurize.summary import peak_bytes
from archcast.featurize.topology import Cells

CELLS_A_STAGE = 5
CHANNELS = (16, 32, 64)
INPUTS = {"cifar10": (32, 10), "cifar100": (32, 100), "imagenet16-120": (16, 120)}
"""Data set -> input side, classes."""
_MEETING = np.array(
    [(0, 1 + e) for e, (u, _) in enumerate(EDGES) if u == 0]
    + [(1 + e, 1 + f) for e, (_, v) in enumerate(EDGES) for f, (u, _) in enumerate(EDGES) if u == v]
    + [(1 + e, 1 + len(EDGES)) for e, (_, v) in enumerate(EDGES) if v == 3]
).T
"""(2, T): slots are the input, the six edges and the output."""


class NASBench201(Space):
    """The 15,625 cells of NAS-Bench-201 and their CIFAR and ImageNet16-120 networks."""

    name = "nasbench201"
    columns = tuple(f"edge_{u}_{v}" for u, v in EDGES)
    cardinalities = (len(OPERATIONS),) * len(EDGES)
    datasets = tuple(INPUTS)
    text_notation = True
    has_dead_layers = True
    notations = cells.NOTATIONS

    def matches(self, item: Arch) -> bool:
        return isinstance(item, str) and item[:1] == "|"

    def parse_items(self, items: Sequence[Arch]) -> Codes:
        numbers = numbers_of_texts(items)
        if numbers is None:
            return all_codes()[[parse_slowly(item.strip(), i) for i, item in enumerate(items)]]
        return all_codes()[numbers]

    numbers_of = staticmethod(numbers_of_texts)

    def format(self, codes: Codes) -> list[Arch]:
        texts = all_texts()
        return [texts[number] for number in self.numbers(codes).tolist()]

    # -- the benchmark's index ----------------------------------------------------------------------

    def from_index(self, index: str | Sequence[int] | Ints) -> Codes:
        """Codes of cells given by their NAS-Bench-201 index (0 to 15,624).

        Shapes:
            output: (n, 6), with n = 1 for a single number
        """
        given = np.atleast_1d(np.asarray(index))
        if not np.issubdtype(given.dtype, np.integer) or given.ndim != 1:
            raise InputError(f"NAS-Bench-201 index must be whole numbers, got {shorten(index)}")
        wrong = (given < 0) | (given >= self.size)
        if wrong.any():
            item = int(wrong.argmax())
            raise InputError(
                f"NAS-Bench-201 index must be 0 to {self.size - 1}, got {given[item]}", item=item
            )
        codes: Codes = all_codes()[numbers_by_index()[given]]
        return codes

    def to_index(self, batch: ArchBatch) -> Ints:
        """NAS-Bench-201 index of each architecture.

        Shapes:
            output: (n,)
        """
        order = np.empty(self.size, dtype=np.int64)
        order[numbers_by_index()] = np.arange(self.size)
        return order[self.numbers(self.parse(batch))]

    def order(self, codes: Codes) -> Ints:
        """By the benchmark's index."""
        return np.argsort(self.to_index(codes), kind="stable")

    def places(self) -> Places:
        """One cell of six edges, each with the five operations."""
        layers = tuple(f"{u}-{v}" for u, v in EDGES)
        return column_places(("cell",), (range(len(EDGES)),), tuple(OPERATIONS), layers)

    def _shown(self, column: int) -> list[str]:
        return list(OPERATIONS)

    # -- equal cells --------------------------------------------------------------------------------

    def live(self, codes: Codes) -> Codes:
        """Codes with the edges on no path from input to output set to `none`."""
        return np.where(live_edges(codes), codes, np.int8(NONE))

    def connected(self, codes: Codes) -> Bools:
        connected: Bools = np.any(live_edges(codes), axis=1)
        return connected

    def canonical(self, codes: Codes) -> Codes:
        """Least of the isomorphic cells once dead edges and nodes are gone: 8,765 classes.

        Two cells are isomorphic when renaming the inner nodes turns one live graph into the other. The
        published count of 6,466 also takes as one the cells in which a `skip_connect` merges two nodes,
        but keeps some sums with dead terms apart; neither count refines the other. See `function_groups`.
        """
        return all_codes()[_canonical_numbers(False)[self.numbers(codes)]]

    def function_groups(self, codes: Codes) -> Ints:
        """Cells that compute the same function, `skip_connect` read as identity: 4,930 classes.

        Both `canonical` (8,765) and the published classes (6,466) refine it, so a split by it leaks
        under none of the three.
        """
        return _canonical_numbers(True)[self.numbers(codes)]

    def measured_as(self, codes: Codes) -> Codes:
        """The first cell by index of each cell's class among the published 6,466.

        Tables that measure one cell of a class give its value to all of them, whatever their dead edges.
        """
        return all_codes()[_representatives()[self.numbers(codes)]]

    # -- the network --------------------------------------------------------------------------------

    def network(self, code: Codes, dataset: str | None = None, *, live: bool = False) -> Network:
        code = self.check_codes(np.asarray(code).reshape(1, -1))
        operations = (self.live(code) if live else code)[0].tolist()
        side, classes = INPUTS[self.check_dataset(dataset)]
        b = NetworkBuilder()
        b.part = "stem"
        x = _stem(b, b.input(3, side))
        for stage, channels in enumerate(CHANNELS):
            if stage:
                b.part = f"reduction{stage}"
                x = _reduction(b, x, channels)
            for cell in range(CELLS_A_STAGE):
                b.part = f"stage{stage + 1}.cell{cell}"
                x = _cell(b, x, operations, live)
        b.part = "head"
        x = b.pointwise(b.pointwise(x, "batch_norm"), "relu")
        classifier(b, x, classes)
        return b.network()

    def summands(
        self, codes: Codes, dataset: str | None = None, *, live: bool = False
    ) -> tuple[Summand, ...]:
        """The network of `none` edges, and what each edge's operation adds to it: edges add."""
        if live:
            return super().summands(codes, dataset, live=live)
        empty = np.full(len(EDGES), NONE, dtype=np.int8)
        frame = self.network(empty, dataset)
        summands = [Summand("", np.zeros(len(codes), dtype=np.int64), (frame,))]
        for edge, top in enumerate(self.cardinalities):
            alone = np.repeat(empty[None], top, axis=0)
            alone[:, edge] = np.arange(top)
            graphs = tuple(self.network(code, dataset) for code in alone)
            summands.append(Summand("", codes[:, edge].astype(np.int64), graphs, frame))
        return tuple(summands)

    def costs(self, codes: Codes, dataset: str | None = None, *, live: bool = False) -> Doubles:
        frame, edge, sums, dead = _cost_tables(self.check_dataset(dataset))
        chosen = self.live(codes) if live else codes
        used = chosen != NONE
        total = frame + np.zeros((len(codes), *COST_SHAPE))
        for column in range(len(EDGES)):
            row = edge[chosen[:, column]]
            total += np.where(used[:, column, None, None], row, 0.0) if live else row
        arriving = [np.full(len(codes), 2), np.full(len(codes), 3)]
        if live:
            arriving = [used[:, 1:3].sum(axis=1), used[:, 3:6].sum(axis=1)]
            total += np.where(used.any(axis=1), 0.0, 1.0)[:, None, None] * dead
        for count in arriving:
            total += sums[count]
        return total

    def peak_bytes(self, codes: Codes, dataset: str | None = None) -> Doubles:
        """That of the first cell, which has the largest maps, or of what stands around cells.

        Both convolutions hold the same.
        """
        dataset = self.check_dataset(dataset)
        alike = np.where(codes == OPERATIONS.index("nor_conv_3x3"), OPERATIONS.index("nor_conv_1x1"), codes)
        forms, own = np.unique(alike, axis=0, return_inverse=True)
        side, _ = INPUTS[dataset]
        peaks = np.array([_cell_peak(tuple(form), side) for form in forms.tolist()], dtype=np.float64)
        return np.maximum(peaks[own.reshape(-1)], peak_bytes(_frame(dataset)))

    def cells(self, codes: Codes) -> Cells:
        """One cell of the space is one cell here (15 in all); the reductions are the same everywhere.

        Width is the stage's channel count. A level is the longest live path from the cell's input,
        where a convolution or pool is one layer and `skip_connect` none; depth is the output's level.
        A live edge is a skip when it jumps over at least one layer, i.e. when the level of its end
        exceeds that of its start by more than its own layer; it carries the width in channels.
        """
        chosen = self.live(codes)
        layer = (chosen > SKIP).astype(np.int64)
        level = np.zeros((len(codes), 4), dtype=np.int64)
        for e, (u, v) in enumerate(EDGES):
            reach = np.where(chosen[:, e] != NONE, level[:, u] + layer[:, e], 0)
            level[:, v] = np.maximum(level[:, v], reach)
        starts, ends = (np.array(side) for side in zip(*EDGES, strict=True))
        jumps = (level[:, ends] - level[:, starts] - layer > 0) & (chosen != NONE)
        width = np.repeat(np.array(CHANNELS, dtype=np.float64), CELLS_A_STAGE)
        shape = (len(codes), len(width))
        return Cells(
            width=np.broadcast_to(width, shape),
            depth=np.broadcast_to(level[:, 3:4].astype(np.float64), shape),
            skip=jumps.sum(axis=1)[:, None] * width,
        )

    def decision_counts(self, codes: Codes) -> tuple[tuple[str, ...], Doubles]:
        """Edges by operation, all (`edges_O`) and on a live path (`live_edges_O`)."""
        live = self.live(codes)
        names = [f"edges_{op}" for op in OPERATIONS] + [f"live_edges_{op}" for op in OPERATIONS[1:]]
        counts = [(codes == op).sum(axis=1) for op in range(len(OPERATIONS))]
        counts += [(live == op).sum(axis=1) for op in range(1, len(OPERATIONS))]
        return tuple(names), np.stack(counts, axis=1).astype(np.float64)

    def structure(self, codes: Codes, dataset: str | None = None) -> dict[str, Doubles]:
        return cell_groups(codes, self.live(codes), self.measured_as(codes))

    def function_columns(self, codes: Codes) -> dict[str, Doubles]:
        return function_blocks(self, codes)

    def terms(self, codes: Codes) -> tuple[tuple[str, ...], Doubles]:
        return cell_terms(codes, self.live(codes))

    def dag(self, codes: Codes, dataset: str | None = None) -> PackedGraphs:
        """One node an edge of the cell that is not `none`, between a node of input and one of output.

        Types are input, output and the operations; features are the operation's costs and whether it
        is live. An edge of the DAG joins operations that meet at a node of the cell.
        """
        _, operation, _, _ = _cost_tables(self.check_dataset(dataset))
        n, slots = len(codes), len(EDGES) + 2
        present, node_type = np.ones((n, slots), dtype=bool), np.zeros((n, slots), dtype=np.int64)
        present[:, 1:-1] = codes != NONE
        node_type[:, 1:-1], node_type[:, -1] = codes + 1, 1
        table = log_costs(operation)
        node_features = np.zeros((n, slots, table.shape[1] + 1))
        node_features[:, 1:-1, :-1] = table[codes]
        node_features[:, 1:-1, -1] = live_edges(codes)
        return pack(present, node_type, node_features, _MEETING, types=len(OPERATIONS) + 1)

    def published_counts(self, codes: Codes, dataset: str | None = None) -> tuple[Doubles, Doubles]:
        """Convolutions and the linear layer with its bias, dead edges charged."""
        costs = self.costs(codes, dataset)
        bias = quantity(costs, "outputs", "linear")
        return quantity(costs, "params"), quantity(costs, "macs") + bias


def _stem(b: NetworkBuilder, x: str) -> str:
    return conv_bn(b, x, CHANNELS[0], kernel=3)


def _reduction(b: NetworkBuilder, x: str, channels: int) -> str:
    main = conv_bn(b, b.pointwise(x, "relu"), channels, kernel=3, stride=2)
    main = conv_bn(b, b.pointwise(main, "relu"), channels, kernel=3)
    short = b.conv(b.pool(x, "avg_pool", kernel=2, stride=2), channels, kernel=1)
    return b.add(main, short)


def _operation(b: NetworkBuilder, x: str, operation: int) -> str:
    if operation == NONE:
        return b.pointwise(x, "zero")
    if operation == SKIP:
        return x
    if OPERATIONS[operation] == "avg_pool_3x3":
        return b.pool(x, "avg_pool", kernel=3, stride=1)
    kernel = 1 if OPERATIONS[operation] == "nor_conv_1x1" else 3
    return conv_bn(b, b.pointwise(x, "relu"), b.shape(x)[0], kernel=kernel)


def _cell(b: NetworkBuilder, x: str, operations: list[int], live: bool) -> str:
    nodes: list[str | None] = [x, None, None, None]
    for node in (1, 2, 3):
        arriving = []
        for (u, v), operation in zip(EDGES, operations, strict=True):
            source = nodes[u]
            if v != node or source is None or (live and operation == NONE):
                continue
            arriving.append(_operation(b, source, operation))
        if arriving:
            nodes[node] = arriving[0] if len(arriving) == 1 else b.add(*arriving)
    out = nodes[3]
    return b.pointwise(x, "zero") if out is None else out


@lru_cache(maxsize=8)
def _frame(dataset: str) -> Network:
    """What stands around the cells."""
    side, classes = INPUTS[dataset]
    b = NetworkBuilder()
    x = _stem(b, b.input(3, side))
    for channels in CHANNELS[1:]:
        x = _reduction(b, x, channels)
    classifier(b, b.pointwise(b.pointwise(x, "batch_norm"), "relu"), classes)
    return b.network()


@lru_cache(maxsize=2**13)
def _cell_peak(operations: tuple[int, ...], side: int) -> int:
    """Most bytes alive in a cell of the first stage."""
    b = NetworkBuilder()
    return peak_bytes(b.network(_cell(b, b.input(CHANNELS[0], side), list(operations), live=False)))


@lru_cache(maxsize=8)
def _cost_tables(dataset: str) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Costs of the frame, of each operation, of a sum of 0 to 3 edges, of a disconnected cell."""
    side, _ = INPUTS[dataset]
    operation, sums = np.zeros((len(OPERATIONS), *COST_SHAPE)), np.zeros((4, *COST_SHAPE))
    for stage, channels in enumerate(CHANNELS):
        for op in range(len(OPERATIONS)):
            part = NetworkBuilder()
            _operation(part, part.input(channels, side >> stage), op)
            operation[op] += CELLS_A_STAGE * nodes_cost(part.nodes, part.values)
        for arriving in (2, 3):
            part = NetworkBuilder()
            part.add(*[part.input(channels, side >> stage) for _ in range(arriving)])
            sums[arriving] += CELLS_A_STAGE * nodes_cost(part.nodes, part.values)
    return network_cost(_frame(dataset)), operation, sums, operation[NONE]


@lru_cache(maxsize=1)
def _representatives() -> Ints:
    """(15,625,): number of the first cell by index of the published class, by number."""
    ordered = numbers_by_index()
    first = np.empty_like(ordered)
    first[ordered] = ordered[published_forms(all_codes()[ordered], OPERATIONS)]
    return first


@lru_cache(maxsize=2)
def _canonical_numbers(skips_merge: bool) -> Ints:
    return canonical_forms(all_codes(), skips_merge=skips_merge)
