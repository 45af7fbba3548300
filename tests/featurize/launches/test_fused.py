"""Steps that a compiler runs as one."""

from __future__ import annotations

import torch
from torch import nn

import archcast
from archcast.featurize.encoders.kernel_records import CLASSES
from archcast.featurize.encoders.kernel_table import kernel_table
from archcast.featurize.encoders.program import Program
from archcast.featurize.launches.fused import fused
from archcast.featurize.launches.run import launched

COMPILED = Program("compiled", "amp")


class _Block(nn.Module):
    """A convolution, batch normalisation, a gate of channels and a shortcut."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.gate, self.last = nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1, bias=False)

    def forward(self, x):
        y = self.norm(self.conv(x)).relu()
        y = y * self.gate(y.mean((2, 3), keepdim=True)).sigmoid()
        return self.last(y) + x


def _groups(module, shape):
    network = archcast.network(module.eval(), example=shape)
    run = launched(network, COMPILED)
    return fused(run.steps, [run.tensor(name).source for name in network.outputs])


def test_what_stands_between_products_is_one_kernel():
    groups = [g for g in _groups(_Block(), (1, 8, 6, 6)) if not all(s.once for s in g.steps)]
    operators = sorted([s.node.op for s in g.steps] for g in groups)
    assert operators == [
        ["Add"],
        ["BatchNormalization", "Relu", "ReduceMean"],
        *(["Conv"], ["Conv"], ["Conv"]),
        ["Conv"],  # the cast of the input
        ["Conv", "Conv", "Sigmoid", "Mul"],  # a bias, cast and added
    ]


def test_only_what_passes_its_border_is_read_and_written():
    groups = [g for g in _groups(_Block(), (1, 8, 6, 6)) if not all(s.once for s in g.steps)]
    norm, gate = (next(g for g in groups if op in [s.node.op for s in g.steps]) for op in ("Relu", "Mul"))
    assert norm.reads == 2 * 8 * 36
    assert norm.written == 2 * 8 * 36 + 2 * 8
    assert gate.reads == 2 * 8 * 36 + 2 * 8
    assert gate.written == 2 * 8 * 36


def test_products_are_never_joined():
    groups = _groups(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), (1, 3, 4))
    assert sorted(sum(step.outside for step in group.steps) for group in groups)[-3:] == [0, 1, 1]


def test_a_compiled_table_has_fewer_kernels_and_as_many_multiply_adds():
    network = archcast.network(_Block().eval(), example=(1, 8, 6, 6))
    eager, compiled = (kernel_table(network, Program(rules, "amp")) for rules in ("eager", "compiled"))
    assert len(compiled) < len(eager)
    assert compiled.field("macs").sum() == eager.field("macs").sum() == network.summary().macs
    assert compiled.field("written").sum() < eager.field("written").sum()
    assert "fused" in {CLASSES[c] for c in compiled.classes}


def test_curved_elements_of_a_group_are_summed():
    network = archcast.network(nn.Sequential(nn.GELU(), nn.Sigmoid()), example=(1, 10))
    table = kernel_table(network, COMPILED)
    assert table.field("curved").tolist() == [20]
    assert table.field("joined").tolist() == [2]


def test_a_layout_follows_from_the_convolutions():
    grouped = nn.Sequential(nn.Conv2d(128, 128, 3, groups=4), nn.Conv2d(128, 128, 3, groups=4))
    dense = nn.Sequential(nn.Conv2d(128, 128, 3), nn.Conv2d(128, 128, 3))
    tables = [
        kernel_table(archcast.network(m, example=torch.empty(1, 128, 8, 8)), COMPILED)
        for m in (grouped, dense)
    ]
    assert [t.field("last")[t.field("macs") > 0].tolist() for t in tables] == [[0, 0], [1, 1]]
