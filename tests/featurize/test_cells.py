"""Cells of any network against the closed forms that spaces have."""

import numpy as np
import pytest

from archcast.featurize.cells import topology
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.blocks import conv_bn, squeeze_excite
from archcast.featurize.spaces.builder import NetworkBuilder


def whole(part):
    return part


def stage(part):
    return part.partition(".")[0]


CELLS = {
    "nasbench201": (".cell", whole),
    "fbnet": ("stage", stage),
    "ofa_mbv3": ("stage", stage),
    "mnasnet": ("block", whole),
    "macro": ("stage", stage),
    "skipnet": ("cell", stage),
}
"""Space -> what the parts of its cells are called by, and a part's cell."""


@pytest.mark.parametrize("name", CELLS)
def test_cells_told_by_their_parts_are_those_of_the_closed_form(name):
    mark, cell = CELLS[name]
    space = SPACES[name]
    codes = space.sample(12, seed=3)
    closed = space.cells(codes)
    rows = [np.broadcast_to(sizes, closed.depth.shape) for sizes in (closed.width, closed.depth, closed.skip)]
    compared = 0
    for i, code in enumerate(codes):
        network = space.network(code, live=True)
        found = topology(network, lambda node: cell(node.part) if mark in node.part else None).cells
        assert found.concatenated == closed.concatenated
        there, expected = found.depth[0] > 0, closed.depth[i] > 0  # a cell that is identity has no nodes
        for made, wanted in zip((found.width, found.depth, found.skip), rows, strict=True):
            np.testing.assert_array_equal(made[0][there], wanted[i][expected])
        compared += expected.sum()
    assert compared > len(codes)


def test_the_gate_of_squeeze_excite_is_a_side_branch():
    b = NetworkBuilder()
    x = conv_bn(b, b.input(4, 8), 8, kernel=3)
    b.add(x, conv_bn(b, squeeze_excite(b, x, 4, act="relu", gate="hsigmoid"), 8, kernel=3))
    cells = topology(b.network(), lambda _: "all").cells
    assert (cells.width.tolist(), cells.depth.tolist(), cells.skip.tolist()) == ([[8]], [[2]], [[8]])
