from itertools import groupby

import numpy as np
import pytest

from archcast.featurize.cost import nodes_cost
from archcast.featurize.encoders.packed import PackedGraphs, log_costs, pack, pack_chains
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.builder import NetworkBuilder
from archcast.featurize.spaces.nasbench201 import NONE
from archcast.featurize.spaces.nasbench201_notation import EDGES

EVERY = pytest.mark.parametrize("space", SPACES.values(), ids=lambda s: s.name)


def split(graphs: PackedGraphs):
    """Node types, node features and own edges of each graph."""
    for start, end in zip(graphs.ptr[:-1], graphs.ptr[1:], strict=True):
        own = (graphs.edge_index[0] >= start) & (graphs.edge_index[0] < end)
        yield (
            graphs.node_type[start:end],
            graphs.node_features[start:end],
            graphs.edge_index[:, own] - start,
        )


def edge_set(edges):
    return sorted(map(tuple, edges.T.tolist()))


def test_slots_by_hand():
    present = np.array([[True, True, False, True], [True, False, False, True]])
    types = np.array([[0, 1, 2, 3], [4, 5, 6, 7]])
    features = np.arange(16.0).reshape(2, 4, 2)
    template = np.array([[0, 0, 1, 0], [1, 2, 3, 3]])
    found = pack(present, types, features, template, types=8)
    np.testing.assert_array_equal(found.ptr, [0, 3, 5])
    np.testing.assert_array_equal(found.batch, [0, 0, 0, 1, 1])
    np.testing.assert_array_equal(found.node_type, [0, 1, 3, 4, 7])
    np.testing.assert_array_equal(found.node_features[:, 0], [0, 2, 6, 8, 14])
    assert edge_set(found.edge_index) == [(0, 1), (0, 2), (1, 2), (3, 4)]
    assert found.types == 8


def test_chains_by_hand():
    present = np.array([[True, False, True], [False, True, False], [True, True, True]])
    types = np.broadcast_to(np.arange(3), (3, 3))
    found = pack_chains(present, types, np.zeros((3, 3, 1)), types=3)
    np.testing.assert_array_equal(found.ptr, [0, 2, 3, 6])
    np.testing.assert_array_equal(found.node_type, [0, 2, 1, 0, 1, 2])
    assert edge_set(found.edge_index) == [(0, 1), (3, 4), (4, 5)]


def test_log_costs_keep_the_leading_axes():
    costs = np.arange(24.0).reshape(2, 3, 2, 2)
    found = log_costs(costs)
    assert found.shape == (2, 3, 4)
    np.testing.assert_allclose(found[1, 2], np.log1p([20, 21, 22, 23]))


@EVERY
def test_batches_of_every_space_are_whole(space):
    codes = space.sample(60, seed=0)
    found = space.dag(codes)
    assert (found.ptr[0], found.ptr[-1], len(found.ptr)) == (0, len(found.node_type), 61)
    assert (np.diff(found.ptr) > 0).all()
    assert [a.dtype for a in (found.node_type, found.edge_index, found.ptr)] == [np.int64] * 3
    assert found.node_features.dtype == np.float32
    assert len(found.node_features) == len(found.node_type)
    assert np.isfinite(found.node_features).all()
    assert found.node_type.min() == 0
    assert found.node_type.max() < found.types
    source, target = found.edge_index
    assert (source < target).all(), "edges must follow the order of nodes, so that there is no cycle"
    np.testing.assert_array_equal(found.batch[source], found.batch[target])
    pairs = edge_set(found.edge_index)
    assert len(set(pairs)) == len(pairs)


@EVERY
def test_batch_is_the_concatenation_of_singles(space):
    codes = space.sample(25, seed=1)
    whole = space.dag(codes)
    singles = [space.dag(codes[i : i + 1]) for i in range(len(codes))]
    for (types, features, edges), single in zip(split(whole), singles, strict=True):
        np.testing.assert_array_equal(types, single.node_type)
        np.testing.assert_array_equal(features, single.node_features)
        assert edge_set(edges) == edge_set(single.edge_index)
        assert single.types == whole.types
    assert sum(s.edge_index.shape[1] for s in singles) == whole.edge_index.shape[1]


def renamed(codes):
    """Cells with inner nodes 1 and 2 swapped, which needs no edge between them."""
    return codes[:, [1, 0, 2, 3, 5, 4]]


def test_renaming_the_nodes_of_a_cell_changes_no_node():
    space = SPACES["nasbench201"]
    codes = space.sample(2000, seed=2)
    codes = codes[codes[:, 2] == NONE][:150]
    others = renamed(codes)
    assert (codes != others).any(axis=1).sum() > 50
    np.testing.assert_array_equal(space.canonical(space.live(codes)), space.canonical(space.live(others)))
    for one, other in zip(split(space.dag(codes)), split(space.dag(others)), strict=True):
        rows = [sorted(zip(t.tolist(), f.tolist(), strict=True)) for t, f, _ in (one, other)]
        assert rows[0] == rows[1]
        ends = [sorted(zip(t[e[0]].tolist(), t[e[1]].tolist(), strict=True)) for t, _, e in (one, other)]
        assert ends[0] == ends[1]


def operation_cost(operation):
    """Log-costs of an operation in all 15 cells of the CIFAR-10 network, built layer by layer."""
    b = NetworkBuilder()
    for channels, side in ((16, 32), (32, 16), (64, 8)):
        for _ in range(5):
            x = b.input(channels, side)
            if operation in (2, 3):
                x = b.conv(b.pointwise(x, "relu"), channels, kernel=1 if operation == 2 else 3)
                b.pointwise(x, "batch_norm")
            elif operation == 4:
                b.pool(x, "avg_pool", kernel=3, stride=1)
    return np.log1p(nodes_cost(b.nodes, b.values)).reshape(-1)


def test_cells_equal_a_slow_construction():
    space = SPACES["nasbench201"]
    codes = space.sample(60, seed=3)
    assert len(codes) == 60
    costs = {op: operation_cost(op) for op in range(5)}
    for code, (types, features, edges) in zip(codes.tolist(), split(space.dag(codes)), strict=True):
        kept = [e for e in range(6) if code[e] != NONE]
        live = space.live(np.array([code], dtype=np.int8))[0]
        assert types.tolist() == [0, *(code[e] + 1 for e in kept), 1]
        assert not features[[0, -1]].any()
        for row, e in enumerate(kept, start=1):
            np.testing.assert_allclose(features[row, :-1], costs[code[e]], rtol=1e-6)
            assert features[row, -1] == (live[e] != NONE)
        place = {e: row for row, e in enumerate(kept, start=1)}
        expected = [(0, place[e]) for e in kept if EDGES[e][0] == 0]
        expected += [(place[e], place[f]) for e in kept for f in kept if EDGES[e][1] == EDGES[f][0]]
        expected += [(place[e], len(kept) + 1) for e in kept if EDGES[e][1] == 3]
        assert edge_set(edges) == sorted(expected)


@pytest.mark.parametrize("name", ["macro", "fbnet", "ofa_mbv3"])
def test_chains_equal_a_slow_construction(name):
    space = SPACES[name]
    codes = space.sample(12, seed=4)
    assert len(codes) == 12
    order = [part.name for part in space.parts(space.datasets[0])]
    for code, (types, features, edges) in zip(codes, split(space.dag(codes)), strict=True):
        network = space.network(code)
        parts = [(part, list(own)) for part, own in groupby(network.nodes, key=lambda node: node.part)]
        assert types.tolist() == [order.index(part) for part, _ in parts]
        for row, (_, own) in enumerate(parts):
            np.testing.assert_allclose(
                features[row], np.log1p(nodes_cost(own, network.values)).reshape(-1), rtol=1e-6
            )
        assert edge_set(edges) == [(i, i + 1) for i in range(len(parts) - 1)]


def test_a_translation_model_is_a_chain_of_its_layers():
    space = SPACES["hat"]
    codes = space.sample(20, seed=5)
    assert len(codes) == 20
    for code, (types, features, edges) in zip(codes.tolist(), split(space.dag(codes)), strict=True):
        assert types.tolist() == [0] * 6 + [1] * (code[5] + 1)
        assert edge_set(edges) == [(i, i + 1) for i in range(len(types) - 1)]
        np.testing.assert_array_equal(features[:6], np.repeat(features[:1], 6, axis=0))
        np.testing.assert_allclose(np.expm1(features[0, 1]), 512 * code[2] / 6, rtol=1e-5)
        np.testing.assert_allclose(np.expm1(features[-1, 4]), code[9] / (code[5] + 1), rtol=1e-5)
