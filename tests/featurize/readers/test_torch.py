"""torch modules as networks: counts of the module, and what is written runs with the shapes stated."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn
from torch.nn import functional

from archcast.core.errors import InputError
from archcast.featurize.networks import network
from archcast.featurize.onnx_model import to_onnx


class Function(nn.Module):
    """A function of one tensor as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Recurrent(nn.Module):
    """A recurrent layer's outputs, of which the last step goes on."""

    def __init__(self, layer, width):
        super().__init__()
        self.layer, self.head = layer, nn.Linear(width, 5)

    def forward(self, x):
        out, _ = self.layer(x)
        return self.head(out[:, -1])


MODULES = {
    "conv": (
        nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.Hardswish()),
        (2, 3, 9, 9),
    ),
    "conv1d": (nn.Sequential(nn.Conv1d(4, 8, 5, dilation=2), nn.PReLU(8)), (2, 4, 30)),
    "conv3d": (nn.Conv3d(2, 4, 3, groups=2), (1, 2, 5, 6, 7)),
    "transposed": (nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1), (1, 4, 7, 7)),
    "pools": (nn.Sequential(nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(1)), (1, 4, 17, 17)),
    "encoder": (nn.TransformerEncoderLayer(16, 4, 32, batch_first=True), (2, 7, 16)),
    "lstm": (Recurrent(nn.LSTM(6, 8, num_layers=2, batch_first=True, bidirectional=True), 16), (3, 5, 6)),
    "gru": (Recurrent(nn.GRU(6, 8, batch_first=True), 8), (3, 5, 6)),
    "norms": (
        nn.Sequential(nn.GroupNorm(2, 8), nn.InstanceNorm2d(8, affine=True), nn.LayerNorm([8, 5, 5])),
        (2, 8, 5, 5),
    ),
    "rms": (nn.RMSNorm(16), (2, 3, 16)),
    "attention": (Function(lambda x: functional.scaled_dot_product_attention(x, x, x)), (1, 2, 6, 8)),
    "einsum": (Function(lambda x: torch.einsum("bhid,bhjd->bhij", x, x)), (1, 2, 6, 8)),
    "arithmetic": (
        Function(lambda x: (x * 2 + 1 - x / 3).clamp(-1, 1).pow(2).sqrt().sub(x, alpha=2)),
        (2, 5),
    ),
    "compared": (Function(lambda x: torch.where(x > 0, x, x.abs()).masked_fill(x.ne(0), 3.0)), (2, 5)),
    "moved": (
        Function(lambda x: torch.roll(x, (1, -2), (1, 2)).flip(1).transpose(1, 2).repeat(1, 2, 1)),
        (2, 4, 6),
    ),
    "parts": (
        Function(lambda x: torch.stack([a + b for a, b in zip(*x.chunk(2, 1), strict=True)], 1)),
        (2, 4, 6),
    ),
    "picked": (Function(lambda x: x[:, [0, 2]][:, :, 1:4:2] + x.unbind(1)[1][:, None, 1:4:2]), (2, 4, 6)),
    "resized": (
        Function(lambda x: functional.interpolate(x, scale_factor=2.0, mode="bilinear")),
        (1, 3, 5, 5),
    ),
    "shuffled": (nn.Sequential(nn.ChannelShuffle(2), nn.PixelShuffle(2)), (1, 8, 4, 4)),
    "padded": (nn.Sequential(nn.ReflectionPad2d(1), nn.ZeroPad2d((1, 0, 2, 1))), (1, 3, 5, 5)),
    "reduced": (
        Function(lambda x: x.mean((1, 2)) + x.amax((1, 2)) + x.var((1, 2)) + x.norm(dim=(1, 2))),
        (2, 4, 6),
    ),
    "activations": (
        nn.Sequential(
            nn.SiLU(), nn.GELU(), nn.GELU("tanh"), nn.ELU(), nn.SELU(), nn.Mish(), nn.Softplus(), nn.ReLU6()
        ),
        (2, 5),
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_what_is_recorded_runs_with_the_modules_shapes_and_holds_its_parameters(name):
    module, shape = MODULES[name]
    module = module.eval()
    made = network(module, example=shape)
    expected = module(torch.zeros(shape) + 0.5)
    assert [made.values[out].dims for out in made.outputs] == [tuple(expected.shape)]
    assert made.summary().params == sum(p.numel() for p in module.parameters())
    assert not made.summary().unknown
    session = onnxruntime.InferenceSession(to_onnx(made), providers=["CPUExecutionProvider"])
    (out,) = session.run(None, {made.inputs[0]: np.full(shape, 0.5, np.float32)})
    assert out.shape == tuple(expected.shape)


WITHOUT_WEIGHTS = [name for name, (module, _) in MODULES.items() if not list(module.parameters())]
PLAIN = [name for name in WITHOUT_WEIGHTS if name != "picked"]
"""The places that a list picks are a tensor on meta, whose numbers are lost: its shape is right alone."""


@pytest.mark.parametrize("name", PLAIN)
def test_what_has_no_weights_computes_the_same(name):
    module, shape = MODULES[name]
    given = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    session = onnxruntime.InferenceSession(to_onnx(network(module.eval(), example=shape)))
    (out,) = session.run(None, {"input": given.numpy()})
    np.testing.assert_allclose(out, module(given).numpy(), rtol=1e-4, atol=1e-5)


def test_some_modules_have_no_weights():
    assert len(PLAIN) >= 10


def test_parts_are_named_after_modules_and_flow_is_seen_as_it_runs():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = nn.Sequential(nn.Linear(4, 4), nn.ReLU())

        def forward(self, x):
            for _ in range(x.shape[0]):
                x = self.block(x)
            return x

    made = network(Twice(), example=(3, 4))
    assert [(node.op, node.part) for node in made.nodes] == [("Gemm", "block.0"), ("Relu", "block.1")] * 3
    assert made.summary().params == 20
    assert made.summary().macs == 3 * 3 * 16


def test_modules_are_neither_changed_nor_moved():
    module = nn.Sequential(nn.Linear(4, 4), nn.Dropout())
    before = {name: value.clone() for name, value in module.state_dict().items()}
    network(module, example=torch.zeros(2, 4))
    assert module.training
    assert {name: value.device.type for name, value in module.state_dict().items()} == dict.fromkeys(
        before, "cpu"
    )
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_exported_programs_are_read():
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).eval()
    program = torch.export.export(module, (torch.zeros(1, 3, 8, 8),))
    made = network(program, example=(1, 3, 8, 8))
    assert made.summary().macs == network(module, example=(1, 3, 8, 8)).summary().macs
    assert made.summary().params == 4 * 27 + 4


def test_several_inputs_by_place_and_by_name():
    class Table(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(10, 4)

        def forward(self, ids, weights):
            return self.table(ids) * weights[..., None]

    ids = torch.zeros(2, 3, dtype=torch.int64)
    made = network(Table(), example=(ids, (2, 3)))
    named = network(Table(), example={"ids": ids, "weights": (2, 3)})
    assert made.inputs == ("input0", "input1")
    assert named.inputs == ("ids", "weights")
    assert made == named
    assert made.summary().params == 40


@pytest.mark.parametrize(
    ("module", "example", "said"),
    [
        (nn.Linear(4, 4), None, "example must be given"),
        (nn.Linear(4, 4), (2, 0), "at least 1"),
        (nn.Linear(4, 4), "2x4", "must be a shape"),
        (nn.Sequential(nn.Linear(4, 4), nn.Linear(5, 4)), (2, 4), "does not run with these inputs, in 1"),
        (Function(lambda x: x if x.sum() > 0 else -x), (2, 4), "onnx.export(module, (torch.rand(2, 4),), "),
    ],
)
def test_what_cannot_be_recorded_is_told_in_one_sentence(module, example, said):
    with pytest.raises(InputError) as caught:
        network(module, example=example)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_operations_that_nobody_writes_are_told_as_not_understood():
    made = network(Function(lambda x: torch.special.bessel_j0(x) + 1), example=(2, 4))
    assert list(made.summary().unknown) == ["aten::special_bessel_j0"]


class AsksForMasks(nn.Module):
    """Goes by a mask of ones and rows of positions, as transformers do."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mask = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
        places = torch.arange(x.shape[1], device=x.device)
        if not bool(mask.all()):
            x = self.linear(x)
        if int((places[1:] - places[:-1] != 1).sum()) == 0:
            x = self.linear(x)
        mask[0, 0] = False
        if not mask.view(-1)[0]:
            x = x[:, torch.nonzero(places > 0)[:, 0]]
        return x


def test_values_that_no_input_changes_are_known() -> None:
    found = network(AsksForMasks(), example=(1, 5, 4))
    assert [node.op for node in found.nodes if node.op in ("Gemm", "MatMul")] == ["MatMul"]
    assert found.values[found.outputs[0]].shape == (1, 4, 4)


class AsksForInputs(AsksForMasks):
    """Goes by what it is given, or by what that was written into."""

    def __init__(self, *, written: bool) -> None:
        super().__init__()
        self.written = written

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mask = torch.ones(5, device=x.device)
        if self.written:
            mask[1:3] = x[0, 1:3, 0]
        else:
            mask = mask * x[0, :, 0]
        return x if bool((mask.view(-1) > 0).all()) else self.linear(x)


@pytest.mark.parametrize("written", [False, True])
def test_values_of_inputs_stay_unknown(written: bool) -> None:
    with pytest.raises(InputError, match="depends on values, which shapes do not tell"):
        network(AsksForInputs(written=written), example=(1, 5, 4))
