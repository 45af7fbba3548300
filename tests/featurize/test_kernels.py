"""Kernels of networks as exporters write them out, by runtime."""

import io
import warnings

import pytest
import torch
from torch import nn

import archcast
from archcast.core.errors import UnknownNameError
from archcast.featurize.kernels import RUNTIMES, kernels
from archcast.featurize.readers.onnx import read_onnx


class RMSNorm(nn.Module):
    """Root-mean-square normalisation, written out."""

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)


class SiLU(nn.Module):
    """x sigmoid(x), written out."""

    def forward(self, x):
        return x * torch.sigmoid(x)


class Attention(nn.Module):
    """Self-attention of 4 heads, written out."""

    def __init__(self):
        super().__init__()
        self.qkv, self.out = nn.Linear(32, 96), nn.Linear(32, 32)

    def forward(self, x):
        q, k, v = self.qkv(x).view(1, 10, 3, 4, 8).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-1, -2) * 0.3).softmax(-1)
        return self.out((scores @ v).transpose(1, 2).reshape(1, 10, 32))


class Residual(nn.Module):
    """x plus a module of x."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x + self.inner(x)


def _read(module, *shape, opset=13):
    """The network of a module as torch's older exporter writes it: everything taken apart."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module.eval(), (torch.zeros(*shape),), file, dynamo=False, opset_version=opset)
    return read_onnx(file.getvalue())


def _kinds(network, runtime):
    return [kernel.kind for kernel in kernels(network, runtime) if kernel.kind != "copy"]


@pytest.mark.parametrize(
    ("module", "kinds"),
    [
        (nn.LayerNorm(32), ["norm"]),
        (RMSNorm(), ["norm"]),
        (nn.Sequential(nn.Linear(32, 64), nn.GELU(), nn.Linear(64, 32)), ["linear", "linear"]),
        (nn.Sequential(nn.Linear(32, 64), nn.GELU(approximate="tanh")), ["linear"]),
        (nn.Sequential(nn.Linear(32, 64), SiLU()), ["linear"]),
        (SiLU(), ["activation"]),
        (Residual(nn.Linear(32, 32)), ["linear"]),
        (Residual(nn.Sequential(nn.LayerNorm(32), Attention())), ["norm", "linear", "attention", "linear"]),
    ],
)
def test_written_out_operations_are_found(module, kinds):
    network = _read(module, 1, 10, 32)
    assert _kinds(network, "onnxruntime") == kinds


def test_convolutions_take_up_what_follows():
    block = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8))
    network = _read(nn.Sequential(nn.Conv2d(3, 8, 1), Residual(block), nn.Hardswish()), 1, 3, 16, 16)
    fused = kernels(network, "onnxruntime")
    assert [kernel.kind for kernel in fused] == ["conv_1x1", "conv_kxk"]
    assert fused[1].read == fused[1].written == 4 * 8 * 16 * 16  # what is added is what was read already
    assert sum(kernel.macs for kernel in fused) == network.summary().macs


def test_an_eager_runtime_joins_nothing():
    network = _read(nn.Sequential(nn.Linear(32, 64), nn.GELU()), 1, 10, 32)
    eager = kernels(network, "eager")
    assert all(len(kernel.nodes) == 1 for kernel in eager)
    assert sum(kernel.bytes for kernel in eager) == network.summary().bytes


@pytest.mark.parametrize("runtime", sorted(RUNTIMES))
def test_every_node_is_in_one_kernel_and_none_is_lost(runtime):
    network = _read(Residual(nn.Sequential(nn.LayerNorm(32), Attention(), nn.GELU())), 1, 10, 32)
    made = kernels(network, runtime)
    places = [place for kernel in made for place in kernel.nodes]
    assert len(places) == len(set(places))
    left = set(range(len(network.nodes))) - set(places)
    assert {network.nodes[place].op for place in left} <= {"Reshape", "Squeeze", "Unsqueeze", "Constant"}
    assert sum(kernel.macs for kernel in made) == network.summary().macs


def test_layers_of_ncnn_hold_the_activations_that_it_can_write_into_them():
    layers = [
        nn.Conv2d(3, 8, 1),
        nn.LeakyReLU(0.1),
        nn.Conv2d(8, 8, 1),
        nn.ELU(),
        nn.MaxPool2d(2),
        nn.LeakyReLU(0.1),
    ]
    network = _read(nn.Sequential(*layers), 1, 3, 8, 8)
    kinds = ["conv_1x1", "conv_1x1", "activation", "pool", "activation"]
    assert _kinds(network, "ncnn") == kinds
    assert _kinds(network, "tflite") == ["conv_1x1", "activation", *kinds[1:]]


def test_what_is_read_outside_is_not_joined():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3)

        def forward(self, x):
            made = self.conv(x)
            return torch.relu(made), made

    assert _kinds(_read(Twice(), 1, 3, 8, 8), "compiled") == ["conv_kxk", "activation"]


def test_unknown_runtimes_and_rules_are_named():
    network = _read(SiLU(), 1, 10, 32)
    with pytest.raises(UnknownNameError, match="runtime must be one of"):
        kernels(network, "tensorrt")
    with pytest.raises(UnknownNameError, match="fusion rule must be one of"):
        kernels(network, ["everything"])


def test_what_depends_on_weights_alone_is_not_run():
    recorded = archcast.network(nn.Linear(32, 64), example=(1, 10, 32))
    assert [node.op for node in recorded.nodes] == ["Transpose", "MatMul", "Add"]
    (fused,) = kernels(recorded, "onnxruntime")
    assert fused.kind == "linear"
    assert fused.weights == 4 * (32 * 64 + 64)
    assert [kernel.kind for kernel in kernels(recorded, "eager")] == ["copy", "matmul", "add"]
