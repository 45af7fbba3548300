import json
from itertools import combinations, product

import numpy as np
import pytest
import torch
from torch import nn

from archcast.core.errors import ParseError
from archcast.featurize.cost import network_cost, nodes_cost
from archcast.featurize.features import feature_names, feature_values
from archcast.featurize.spaces.catalog import spaces
from archcast.featurize.spaces.skipnet import sources
from archcast.featurize.topology import nn_degree, nn_mass

SKIPNET = spaces("skipnet")
EXAMPLE = {"depth": [5, 3, 7], "width": [8, 21, 48], "skips": [2, 0, 5]}
SMALLEST = {"depth": [3] * 3, "width": [4, 8, 16], "skips": [0] * 3}
LARGEST = {"depth": [12] * 3, "width": [20, 40, 80], "skips": [5] * 3}


class ByHand(nn.Module):
    """The network written without its nodes."""

    def __init__(self, arch, channels):
        super().__init__()
        self.cells = nn.ModuleList()
        for c, (depth, width, skips) in enumerate(zip(*arch.values(), strict=True)):
            cell = nn.ModuleList()
            for i in range(1, depth + 1):
                read = channels if i == 1 else width * (1 + min(skips, i - 2))
                conv = nn.Conv2d(read, width, 3, stride=2 if c and i == 1 else 1, padding=1, bias=False)
                cell.append(nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU()))
            self.cells.append(cell)
            channels = width
        self.head = nn.Linear(channels, 10)
        self.skips = arch["skips"]

    def forward(self, x):
        for cell, skips in zip(self.cells, self.skips, strict=True):
            made = []
            for i, layer in enumerate(cell, start=1):
                if i > 2:
                    m = min(skips, i - 2)
                    x = torch.cat([x, *(made[k * (i - 2) // m] for k in range(m))], dim=1)
                x = layer(x)
                made.append(x)
        return self.head(x.mean(dim=(2, 3)))


def counted(network, shape):
    """Parameters, and multiply-adds of convolutions and the linear layer in one pass."""
    macs = []

    def count(module, given, out):
        del given
        macs.append(module.weight.numel() * (out[0, 0].numel() if out.ndim == 4 else 1))

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    network.eval()(torch.zeros(1, *shape))
    return sum(p.numel() for p in network.parameters()), sum(macs)


@pytest.mark.parametrize(
    ("dataset", "shape"), [("digits", (1, 8, 8)), ("cifar10", (3, 32, 32)), ("shapes", (16, 8, 8))]
)
def test_counts_equal_those_of_a_torch_module(dataset, shape):
    archs = [EXAMPLE, SMALLEST, LARGEST, *SKIPNET.format(SKIPNET.sample(12, seed=0))]
    codes = SKIPNET.parse(archs)
    published = SKIPNET.published_counts(codes, dataset)
    for arch, code, params, macs in zip(archs, codes, *published, strict=True):
        expected = counted(ByHand(arch, shape[0]), shape)
        _, own, products, *_ = network_cost(SKIPNET.network(code, dataset)).sum(axis=0)
        assert (own, products) == (params, macs) == expected


def cells_of_the_graph(graph):
    """Width, depth and skip channels of each cell, counted on the edges of the graph."""
    found = {}
    place = {}
    for node in graph.nodes:
        if not node.part.startswith("cell"):
            continue
        cell, number = node.part.split(".layer")
        (made,) = node.outputs
        place[made] = (cell, int(number))
        width, depth, skip = found.setdefault(cell, (set(), set(), []))
        if node.op == "Conv":
            width.add(graph.values[made].dims[1])
            depth.add(int(number))
        for name in node.inputs:
            if place.get(name, ("", 0))[0] == cell and int(number) - place[name][1] > 1:
                skip.append(graph.values[name].dims[1])
    rows = [(width.pop(), max(depth), sum(skip)) for width, depth, skip in found.values()]
    return np.array(rows, dtype=np.float64).T


def test_topology_equals_a_count_on_the_edges():
    codes = np.concatenate([SKIPNET.parse([EXAMPLE, SMALLEST, LARGEST]), SKIPNET.sample(60, seed=1)])
    cells = SKIPNET.cells(codes)
    degree, mass = nn_degree(cells), nn_mass(cells)
    assert degree.shape == mass.shape == (63,)
    for row, code in enumerate(codes):
        w, d, skip = cells_of_the_graph(SKIPNET.network(code))
        np.testing.assert_array_equal(cells.width[row], w)
        np.testing.assert_array_equal(cells.depth[row], d)
        np.testing.assert_array_equal(cells.skip[row], skip)
        np.testing.assert_allclose(degree[row], (w + skip / (w * d)).sum(), rtol=1e-14)
        np.testing.assert_allclose(mass[row], (w * d * skip / (w * (d - 1) * (d - 2) / 2)).sum(), rtol=1e-14)


def test_topology_by_hand():
    codes = SKIPNET.parse([EXAMPLE])
    # cell 1: 5 layers of 8, layers 3 to 5 read 1, 2, 2 others; cell 3: 7 layers of 48, 1 + 2 + 3 + 4 + 5 = 15
    np.testing.assert_array_equal(SKIPNET.cells(codes).skip, [[5 * 8, 0, 15 * 48]])
    np.testing.assert_allclose(nn_degree(SKIPNET.cells(codes)), [8 + 1 + 21 + 48 + 15 / 7], rtol=1e-14)
    # 15 is every pair of the third cell, whose mass is then w d; the first cell has 5 of 6 pairs
    np.testing.assert_allclose(nn_mass(SKIPNET.cells(codes)), [8 * 5 * 5 / 6 + 48 * 7], rtol=1e-14)


def test_sources_are_spread_and_never_the_predecessor():
    assert [sources(7, skips) for skips in range(7)] == [
        (),
        (1,),
        (1, 3),
        (1, 2, 4),
        (1, 2, 3, 4),
        (1, 2, 3, 4, 5),
        (1, 2, 3, 4, 5),
    ]
    for i in range(1, 13):
        for skips in range(6):
            found = sources(i, skips)
            assert len(set(found)) == len(found) == min(skips, max(i - 2, 0))
            assert all(1 <= j <= i - 2 for j in found)


def test_canonical_is_the_same_network():
    deep = EXAMPLE | {"skips": [5, 4, 5]}
    codes = SKIPNET.parse([deep])
    canonical = SKIPNET.canonical(codes)
    assert SKIPNET.format(canonical) == [EXAMPLE | {"skips": [3, 1, 5]}]
    assert SKIPNET.network(codes[0]) == SKIPNET.network(canonical[0])
    # (depth, skips) pairs that differ: 2 + 3 + 4 + 5 for depths 3 to 6, 6 for each of 7 to 12
    depth, skips = (a.ravel() for a in np.meshgrid(range(3, 13), range(6), indexing="ij"))
    pairs = np.full((60, 9), 0, dtype=np.int8)
    pairs[:, 0], pairs[:, 6] = depth - 3, skips
    assert len(np.unique(SKIPNET.canonical(pairs), axis=0)) == 50
    assert SKIPNET.size == 60**3 * 17 * 33 * 33


def test_terms_express_costs_exactly():
    codes = SKIPNET.sample(600, seed=2)
    names, terms = SKIPNET.terms(codes)
    assert len(names) == terms.shape[1] == len(set(names))
    features = dict(zip(feature_names(SKIPNET), feature_values(SKIPNET, codes).T, strict=True))
    design = np.concatenate([terms, np.ones((600, 1))], axis=1)
    for name in ("params", "macs", "bytes"):
        weights = np.linalg.lstsq(design[:400], features[name][:400], rcond=None)[0]
        np.testing.assert_allclose(design[400:] @ weights, features[name][400:], rtol=1e-6)


def test_terms_and_costs_are_sums_over_their_groups():
    start = SKIPNET.sample(200, seed=4)
    other = SKIPNET.sample(200, seed=5)
    together = {pair for group in SKIPNET.cost_groups for pair in product(group, group)}
    assert SKIPNET.cost_groups == SKIPNET.term_groups
    seen = {True: 0.0, False: 0.0}
    for a, b in combinations(range(9), 2):
        one, two, both = start.copy(), start.copy(), start.copy()
        one[:, a] = both[:, a] = other[:, a]
        two[:, b] = both[:, b] = other[:, b]
        for values in (SKIPNET.costs, lambda codes: SKIPNET.terms(codes)[1]):
            mixed = np.abs(values(both) - values(one) - values(two) + values(start)).max()
            seen[(a, b) in together] = max(seen[(a, b) in together], float(mixed))
    assert seen[False] < 1e-9 < seen[True]


def test_dag_has_the_links_of_the_graph():
    codes = np.concatenate([SKIPNET.parse([EXAMPLE]), SKIPNET.sample(15, seed=3)])
    packed = SKIPNET.dag(codes)
    assert len(packed.ptr) == 1 + len(codes) == 17
    for row, code in enumerate(codes):
        graph = SKIPNET.network(code)
        parts = list(dict.fromkeys(node.part for node in graph.nodes))
        part_of = {name: node.part for node in graph.nodes for name in node.outputs}
        number = {part: i for i, part in enumerate(parts)}
        expected = {
            (number[part_of[name]], number[node.part])
            for node in graph.nodes
            for name in node.inputs
            if name in part_of and part_of[name] != node.part
        }
        start, end = packed.ptr[row : row + 2]
        own = (packed.edge_index[0] >= start) & (packed.edge_index[0] < end)
        assert set(map(tuple, (packed.edge_index[:, own] - start).T.tolist())) == expected
        assert end - start == len(parts)
        kinds = [3 if part == "head" else int(part[4]) - 1 for part in parts]
        assert packed.node_type[start:end].tolist() == kinds
        for node, part in enumerate(parts, start=start):
            cost = nodes_cost([node for node in graph.nodes if node.part == part], graph.values)
            np.testing.assert_allclose(
                packed.node_features[node], np.log1p(cost).reshape(-1).astype(np.float32), rtol=1e-6
            )


@pytest.mark.parametrize(
    ("key", "index", "value", "allowed"),
    [
        ("depth", 0, 2, "3, 4, 5"),
        ("depth", 2, 13, "3, 4, 5"),
        ("depth", 1, 5.0, "3, 4, 5"),
        ("width", 0, 21, "4, 5, 6"),
        ("width", 1, 7, "8, 9, 10"),
        ("width", 2, 17, "16, 18, 20"),
        ("width", 2, 10**30, "16, 18, 20"),
        ("skips", 1, 6, "0, 1, 2, 3, 4, 5"),
        ("skips", 0, True, "0, 1, 2, 3, 4, 5"),
        ("skips", 0, "1", "0, 1, 2, 3, 4, 5"),
    ],
)
def test_mistakes_are_located(key, index, value, allowed):
    wrong = list(EXAMPLE[key])
    wrong[index] = value
    position = f"{key}[{index}]"
    with pytest.raises(ParseError, match="must be one of " + allowed) as caught:
        SKIPNET.parse([EXAMPLE, EXAMPLE | {key: wrong}])
    assert str(caught.value).startswith(f"skipnet {position} ")
    assert (caught.value.item, caught.value.position) == (1, position)


def test_missing_keys_and_lengths_are_named():
    with pytest.raises(ParseError, match="keys depth, width, skips, got one without 'skips'"):
        SKIPNET.parse([{"depth": [3] * 3, "width": [4, 8, 16]}])
    with pytest.raises(ParseError, match="unknown key 'kernel'"):
        SKIPNET.parse([EXAMPLE | {"kernel": 3}])
    with pytest.raises(ParseError, match="skipnet width must be 3 integers, got 2 entries"):
        SKIPNET.parse([EXAMPLE | {"width": [4, 8]}])


def test_numpy_integers_and_tuples_are_read():
    codes = SKIPNET.parse([EXAMPLE])
    for other in (
        {key: np.array(value) for key, value in EXAMPLE.items()},
        {key: tuple(map(np.int64, value)) for key, value in EXAMPLE.items()},
        dict(reversed(EXAMPLE.items())),
        json.dumps(EXAMPLE),
    ):
        np.testing.assert_array_equal(SKIPNET.parse([other]), codes)
