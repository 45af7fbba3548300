"""What is launched for small networks."""

from __future__ import annotations

import pytest
import torch
from made_up_networks import plain_network
from torch import nn
from torch.nn import functional

import archcast
from archcast.core.errors import InputError
from archcast.core.network import Network, Node, Value
from archcast.featurize.encoders.kernel_launched import compiled_table, eager_table
from archcast.featurize.encoders.program import Program
from archcast.featurize.launches.run import launched
from archcast.featurize.networks import network
from archcast.featurize.onnx_model import to_onnx

AMP = Program("eager", "amp")


class _Function(nn.Module):
    """A function with a linear layer of 8 channels, a convolution and a scale."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.linear, self.norm, self.scale = nn.Linear(8, 8), nn.LayerNorm(8), nn.Parameter(torch.ones(8))
        self.conv = nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x):
        return self.function(self, x)


def _steps(function, shape=(1, 6, 8), program=AMP):
    network = archcast.network(_Function(function).eval(), example=shape)
    return launched(network, program).steps


def _kinds(steps):
    return [step.kind for step in steps if not step.once]


def test_products_are_cast_to_half_and_normalisation_to_single_precision():
    steps = _steps(lambda m, x: m.linear(m.norm(m.linear(x))))
    assert _kinds(steps) == ["cast", "linear", "cast", "layer_norm", "cast", "linear"]
    assert [s.written // s.elements for s in steps if not s.once] == [2, 2, 4, 4, 2, 2]


def test_weights_are_cast_once_in_a_pass():
    steps = _steps(lambda m, x: m.linear(m.linear(x)))
    once = [step for step in steps if step.once]
    assert [step.kind for step in once] == ["cast", "cast"]
    assert sorted(sum(step.weights.values()) for step in once) == [4 * 8, 4 * 64]


def test_a_parameter_in_single_precision_widens_what_it_scales():
    steps = _steps(lambda m, x: m.linear(x) * m.scale + m.linear(x))
    scaled, summed = (next(s for s in steps if s.kind == kind) for kind in ("multiply", "add"))
    assert scaled.written == 4 * 48
    assert summed.written == 4 * 48
    assert sum(summed.reads.values()) == (4 + 2) * 48


@pytest.mark.parametrize("precision", ["", "bf16"])
def test_one_format_for_all_needs_no_casts(precision):
    steps = _steps(lambda m, x: m.linear(m.norm(m.linear(x))), program=Program("eager", precision))
    assert _kinds(steps) == ["linear", "layer_norm", "linear"]
    assert {s.written // s.elements for s in steps} == {2 if precision else 4}


def test_a_value_times_its_sigmoid_is_one_kernel_and_a_gate_is_not():
    assert _kinds(_steps(lambda m, x: functional.silu(x))) == ["activation"]
    assert _kinds(_steps(lambda m, x: x * x.mean(-1, keepdim=True).sigmoid())) == [
        *("reduction", "activation", "multiply")
    ]


def test_views_launch_nothing_and_what_they_cannot_tell_is_copied():
    assert _kinds(_steps(lambda m, x: x.transpose(1, 2).reshape(1, 8, 2, 3))) == []
    steps = _steps(lambda m, x: x.transpose(1, 2).reshape(1, 48) + 1)
    assert _kinds(steps) == ["turned", "add"]


def test_heads_of_a_batch_are_copied_before_they_are_multiplied():
    def attend(m, x):
        q, k, v = (t.reshape(1, 6, 2, 4).transpose(1, 2) for t in (m.linear(x), m.linear(x), m.linear(x)))
        return (q @ k.transpose(-1, -2)).softmax(-1) @ v

    kinds = _kinds(_steps(attend))
    assert kinds.count("copy") + kinds.count("turned") == 3
    assert kinds[-1] == "matmul"


def test_attention_is_one_kernel_or_its_parts():
    def attend(m, x):
        q = x.reshape(1, 6, 2, 4).transpose(1, 2)
        return functional.scaled_dot_product_attention(q, q, q).transpose(1, 2).reshape(1, 6, 8) + 1

    assert _kinds(_steps(attend)) == [*["cast"] * 3, "attention", "add"]
    kinds = _kinds(_steps(attend, program=Program("eager", "amp", "", "parts")))
    assert kinds.count("matmul") == 2
    assert kinds.count("softmax") == 1
    assert kinds.count("attention") == 0


def test_attention_of_five_axes_is_exact_where_the_program_says_so():
    def attend(m, x):
        q = m.linear(x).reshape(1, 3, 2, 2, 4).transpose(2, 3)
        return functional.scaled_dot_product_attention(q, q, q)

    widths = {
        how: {s.width for s in _steps(attend, program=Program("eager", "amp", "", how)) if s.kind == "matmul"}
        for how in ("whole", "exact")
    }
    assert widths == {"whole": {2}, "exact": {4}}


def test_a_bias_of_a_convolution_is_added_by_itself():
    assert _kinds(_steps(lambda m, x: m.conv(x), (1, 8, 6, 6))) == ["cast", "conv_kxk", "add"]


def test_maps_stay_in_the_layout_that_a_convolution_gives():
    steps = _steps(lambda m, x: m.conv(x).relu(), (1, 8, 6, 6), Program("eager", "amp", "nhwc"))
    assert [s.last for s in steps if s.kind == "conv_kxk"] == [True]
    steps = _steps(lambda m, x: m.conv(x).relu(), (1, 8, 6, 6))
    assert [s.last for s in steps if s.kind == "conv_kxk"] == [False]


def test_what_depends_on_weights_alone_is_the_same_for_all_items():
    steps = _steps(lambda m, x: x * (m.scale * 2).exp())
    assert [s.once for s in steps] == [True, True, False]


def test_an_operation_that_autocast_raises_writes_single_precision():
    steps = _steps(lambda m, x: m.linear(x).softmax(-1))
    assert steps[-1].kind == "softmax"
    assert steps[-1].written == 4 * 48
    assert sum(steps[-1].reads.values()) == 2 * 48


def test_small_weights_that_a_file_keeps_are_weights():
    made = plain_network(8, 16)
    again = network(to_onnx(made))
    program = Program("eager", "amp")
    assert eager_table(again, program).fields.tolist() == eager_table(made, program).fields.tolist()


def test_what_a_node_gives_of_a_size_that_is_not_known_is_as_large_as_what_it_reads():
    values = {
        "x": Value("x", (1, 4, 8, 8)),
        "y": Value("y", (1, 4, 8, 8)),
        "z": Value("z", None),
    }
    nodes = (Node("Relu", ("x",), ("y",)), Node("com.me::Boxes", ("y",), ("z",)))
    table = compiled_table(Network(values, nodes, ("x",), ("z",)), Program("compiled", "amp"))
    assert table.field("elements").sum() >= 2 * 4 * 8 * 8


def test_operands_that_do_not_fit_are_told_with_their_node():
    values = {name: Value(name, (1, 4, 8, 8)) for name in "xy"}
    lone = Network(values, (Node("Conv", ("x",), ("y",)),), ("x",), ("y",))
    with pytest.raises(InputError, match=r"node 0 \(Conv\): "):
        eager_table(lone, Program("eager", "amp"))


@pytest.mark.parametrize(("attention", "kinds"), [("whole", ["linear"]), ("parts", ["linear", "add"])])
def test_a_bias_is_added_within_a_product_of_any_rows_that_stand_one_after_another(attention, kinds):
    program = Program("eager", "fp16", attention=attention)
    assert _kinds(_steps(lambda m, x: m.linear(x), shape=(1, 4, 6, 8), program=program)) == kinds


def test_a_variance_is_one_pass():
    steps = _steps(lambda m, x: x / (x.var(dim=-1, keepdim=True, unbiased=False) + 1.0).sqrt())
    assert _kinds(steps) == ["reduction", "add", "elementwise", "elementwise"]
    assert sum(steps[0].reads.values()) == 6 * 8 * 4


def test_a_mean_that_others_read_as_well_is_a_pass_of_its_own():
    def scaled(m, x):
        mean = x.mean(dim=-1, keepdim=True)
        return ((x - mean) * (x - mean)).mean(dim=-1, keepdim=True) + mean

    assert _kinds(_steps(scaled)).count("reduction") == 2
