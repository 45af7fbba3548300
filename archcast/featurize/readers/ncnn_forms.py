"""The forms of ncnn's layers as ONNX's operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archcast.core.errors import InputError
from archcast.featurize.readers.ncnn_attention import ATTENTION
from archcast.featurize.readers.ncnn_layers import Layer, Write, Writer

_SAME = {-233: "SAME_UPPER", -234: "SAME_LOWER"}
_ACTIVATIONS = {1: "Relu", 2: "LeakyRelu", 3: "Clip", 4: "Sigmoid", 5: "Mish", 6: "HardSwish"}
_BINARY = ("Add", "Sub", "Mul", "Div", "Max", "Min", "Pow")
_ELTWISE = ("Mul", "Sum", "Max")
_UNARY = ("Abs", "Neg", "Floor", "Ceil", "Mul", "Sqrt", "Reciprocal", "Exp", "Log", "Sin", "Cos", "Tan")
_REDUCED = {
    0: "ReduceSum",
    1: "ReduceSum",
    2: "ReduceSumSquare",
    3: "ReduceMean",
    4: "ReduceMax",
    5: "ReduceMin",
}


FORMS: dict[str, Write] = dict(ATTENTION)
"""How a layer is written, by its type."""


def _form(*kinds: str) -> Callable[[Write], Write]:
    """Decorator: how layers of these types are written."""

    def register(write: Write) -> Write:
        for kind in kinds:
            FORMS[kind] = write
        return write

    return register


def _activated(w: Writer, layer: Layer, write: Callable[[str], None]) -> None:
    """Write a layer, and the activation that is part of it."""
    kind = _ACTIVATIONS.get(layer.whole(9))
    if kind is None:
        write(layer.outputs[0])
        return
    before = f"{layer.outputs[0]}.linear"
    write(before)
    w.node(kind, [before], layer.outputs, layer)


@_form("Convolution", "ConvolutionDepthWise", "Deconvolution", "DeconvolutionDepthWise", "Convolution1D")
def _convolution(w: Writer, layer: Layer) -> None:
    flat, transposed = layer.kind == "Convolution1D", layer.kind.startswith("Deconv")
    out, width = layer.whole(0), layer.whole(1)
    kernel = (width,) if flat else (layer.whole(11, width), width)
    group = layer.whole(7, 1) if layer.kind.endswith("DepthWise") else 1
    size = layer.whole(6)
    per_group = size // max(out * width * (1 if flat else kernel[0]), 1)
    dims = (per_group * group, out // group, *kernel) if transposed else (out, per_group, *kernel)
    inputs = [layer.inputs[0], w.weight(layer, "weight", *dims)]
    if layer.whole(5):
        inputs.append(w.weight(layer, "bias", out))
    attributes: dict[str, Any] = {"group": group, "kernel_shape": kernel}
    stride, dilation, pad = layer.whole(3, 1), layer.whole(2, 1), layer.whole(4)
    if flat:
        attributes |= {"strides": [stride], "dilations": [dilation]}
        pads = [pad, layer.whole(15, pad)]
    else:
        attributes["strides"] = [layer.whole(13, stride), stride]
        attributes["dilations"] = [layer.whole(12, dilation), dilation]
        top = layer.whole(14, pad)
        pads = [top, pad, layer.whole(16, top), layer.whole(15, pad)]
    if pad in _SAME:
        attributes["auto_pad"] = _SAME[pad]
    else:
        attributes["pads"] = pads
    op = "ConvTranspose" if transposed else "Conv"
    _activated(w, layer, lambda name: w.node(op, inputs, [name], layer, **attributes))


@_form("InnerProduct")
def _inner_product(w: Writer, layer: Layer) -> None:
    out = layer.whole(0)
    inner = layer.whole(2) // max(out, 1)
    inputs = [f"{layer.name}.flat", w.weight(layer, "weight", out, inner)]
    if layer.whole(1):
        inputs.append(w.weight(layer, "bias", out))
    w.node("Reshape", [layer.inputs[0], w.numbers(layer, "shape", [-1, inner])], [inputs[0]], layer)
    _activated(w, layer, lambda name: w.node("Gemm", inputs, [name], layer, transB=1))


@_form("Gemm")
def _gemm(w: Writer, layer: Layer) -> None:
    n, k = layer.whole(8), layer.whole(9)
    b = w.weight(layer, "b", k, n) if layer.whole(5) else layer.inputs[1]
    if not layer.whole(5) and layer.whole(3):
        turned = f"{layer.name}.turned"
        w.node("Transpose", [b], [turned], layer, perm=(0, 2, 1))
        b = turned
    if layer.whole(6) and layer.whole(10, -1) >= 0:
        product = f"{layer.name}.product"
        w.node("MatMul", [layer.inputs[0], b], [product], layer)
        w.node("Add", [product, w.weight(layer, "c", n)], layer.outputs, layer)
    else:
        w.node("MatMul", [layer.inputs[0], b], layer.outputs, layer)


@_form("Pooling")
def _pooling(w: Writer, layer: Layer) -> None:
    kind = "Average" if layer.whole(0) else "Max"
    if layer.whole(4):
        w.node(f"Global{kind}Pool", layer.inputs, layer.outputs, layer)
        return
    width, stride, left = layer.whole(1), layer.whole(2, 1), layer.whole(3)
    top, mode = layer.whole(13, left), layer.whole(5)
    attributes: dict[str, Any] = {
        "kernel_shape": [layer.whole(11, width), width],
        "strides": [layer.whole(12, stride), stride],
    }
    if mode in (2, 3):
        attributes["auto_pad"] = "SAME_UPPER" if mode == 2 else "SAME_LOWER"
    else:
        attributes["pads"] = [top, left, layer.whole(15, top), layer.whole(14, left)]
        attributes["ceil_mode"] = int(mode == 0)
    w.node(f"{kind}Pool", layer.inputs, layer.outputs, layer, **attributes)


@_form("Split")
def _split(w: Writer, layer: Layer) -> None:
    for name in layer.outputs:
        w.node("Identity", layer.inputs, [name], layer)


@_form("ReLU")
def _relu(w: Writer, layer: Layer) -> None:
    slope = layer.real(0)
    extra = {"alpha": slope} if slope else {}
    w.node("LeakyRelu" if slope else "Relu", layer.inputs, layer.outputs, layer, **extra)


@_form("Clip")
def _clip(w: Writer, layer: Layer) -> None:
    bounds = zip(("low", "high"), (layer.real(0), layer.real(1)), strict=True)
    low, high = (w.numbers(layer, role, value, real=True) for role, value in bounds)
    w.node("Clip", [*layer.inputs, low, high], layer.outputs, layer)


def _plain(op: str, **attributes: Any) -> Write:
    return lambda w, layer: w.node(op, layer.inputs, layer.outputs, layer, **attributes)


FORMS |= {
    "Sigmoid": _plain("Sigmoid"),
    "TanH": _plain("Tanh"),
    "HardSwish": _plain("HardSwish"),
    "HardSigmoid": _plain("HardSigmoid"),
    "Mish": _plain("Mish"),
    "GELU": _plain("Gelu"),
    "Dropout": _plain("Identity"),
    "Noop": _plain("Identity"),
    "ELU": _plain("Elu"),
    "Flatten": _plain("Flatten", axis=1),
}


@_form("Swish")
def _swish(w: Writer, layer: Layer) -> None:
    w.node("Sigmoid", layer.inputs, [f"{layer.name}.gate"], layer)
    w.node("Mul", [layer.inputs[0], f"{layer.name}.gate"], layer.outputs, layer)


@_form("BatchNorm")
def _batch_norm(w: Writer, layer: Layer) -> None:
    channels = layer.whole(0)
    roles = [w.weight(layer, role, channels) for role in ("scale", "shift", "mean", "variance")]
    w.node("BatchNormalization", [*layer.inputs, *roles], layer.outputs, layer)


@_form("Scale")
def _scale(w: Writer, layer: Layer) -> None:
    scale = w.weight(layer, "scale", layer.whole(0), 1, 1)
    if not layer.whole(1):
        w.node("Mul", [layer.inputs[0], scale], layer.outputs, layer)
        return
    w.node("Mul", [layer.inputs[0], scale], [f"{layer.name}.scaled"], layer)
    w.node(
        "Add", [f"{layer.name}.scaled", w.weight(layer, "bias", layer.whole(0), 1, 1)], layer.outputs, layer
    )


@_form("LayerNorm")
def _layer_norm(w: Writer, layer: Layer) -> None:
    size = layer.whole(0)
    roles = [w.weight(layer, role, size) for role in ("scale", "shift")]
    w.node("LayerNormalization", [*layer.inputs, *roles], layer.outputs, layer, axis=-1)


@_form("RMSNorm")
def _rms_norm(w: Writer, layer: Layer) -> None:
    inputs = [*layer.inputs, w.weight(layer, "scale", layer.whole(0))]
    w.node("RMSNormalization", inputs, layer.outputs, layer, axis=-1)


@_form("LRN")
def _lrn(w: Writer, layer: Layer) -> None:
    w.node("LRN", layer.inputs, layer.outputs, layer, size=layer.whole(1, 5))


@_form("Eltwise")
def _eltwise(w: Writer, layer: Layer) -> None:
    op = _ELTWISE[layer.whole(0)]
    if op == "Mul" and len(layer.inputs) != 2:
        raise InputError(f"Eltwise {layer.name} must have two inputs, got {len(layer.inputs)}")
    w.node(op, layer.inputs, layer.outputs, layer)


@_form("BinaryOp")
def _binary(w: Writer, layer: Layer) -> None:
    kind = layer.whole(0)
    swapped = {7: "Sub", 8: "Div"}
    inputs = list(layer.inputs)
    if layer.whole(1) or len(inputs) == 1:
        inputs.append(w.numbers(layer, "number", layer.real(2), real=True))
    if kind in swapped:
        w.node(swapped[kind], inputs[::-1], layer.outputs, layer)
    elif kind < len(_BINARY):
        w.node(_BINARY[kind], _lifted(w, layer, inputs), layer.outputs, layer)
    else:
        w.node(f"ncnn::{layer.kind}", layer.inputs, layer.outputs, layer)


def _lifted(w: Writer, layer: Layer, inputs: list[str]) -> list[str]:
    """A row of channels beside a map stands over the map, in ncnn; where the file tells so."""
    ranks = [len(w.known.get(name, ())) for name in inputs]
    if sorted(ranks) != [1, 3]:
        return inputs
    place = ranks.index(1)
    shape = w.numbers(layer, "over.shape", [1, -1, 1, 1])
    w.node("Reshape", [inputs[place], shape], [f"{layer.name}.over"], layer)
    return [f"{layer.name}.over" if i == place else name for i, name in enumerate(inputs)]


@_form("UnaryOp")
def _unary(w: Writer, layer: Layer) -> None:
    op = _UNARY[layer.whole(0)] if layer.whole(0) < len(_UNARY) else f"ncnn::{layer.kind}"
    inputs = [layer.inputs[0]] * (2 if op == "Mul" else 1)
    w.node(op, inputs, layer.outputs, layer)


@_form("Concat")
def _concat(w: Writer, layer: Layer) -> None:
    w.node("Concat", layer.inputs, layer.outputs, layer, axis=_axis(layer.whole(0)))


def _axis(axis: int) -> int:
    return axis + 1 if axis >= 0 else axis


@_form("Slice")
def _slice(w: Writer, layer: Layer) -> None:
    sizes = [int(v) for v in layer.lists.get(0, ())]
    axis = _axis(layer.whole(1))
    if any(size == -233 for size in sizes):
        extra: dict[str, Any] = {"axis": axis, "num_outputs": len(layer.outputs)}
        w.node("Split", layer.inputs, layer.outputs, layer, **extra)
    else:
        w.node("Split", [*layer.inputs, w.numbers(layer, "sizes", sizes)], layer.outputs, layer, axis=axis)


@_form("Crop")
def _crop(w: Writer, layer: Layer) -> None:
    starts, ends, axes = ([int(v) for v in layer.lists.get(number, ())] for number in (9, 10, 11))
    if not starts:
        w.node("ncnn::Crop", layer.inputs, layer.outputs, layer)
        return
    ends = [2**31 - 1 if end == -233 else end for end in ends]
    rows = (("starts", starts), ("ends", ends), ("axes", [_axis(a) for a in axes or range(len(starts))]))
    inputs = [layer.inputs[0], *(w.numbers(layer, role, row) for role, row in rows)]
    w.node("Slice", inputs, layer.outputs, layer)


@_form("Reshape")
def _reshape(w: Writer, layer: Layer) -> None:
    wanted = [layer.whole(number) for number in (2, 11, 1, 0) if number in layer.numbers]
    shape = w.numbers(layer, "shape", [1, *(0 if d == 0 else d for d in wanted)])
    w.node("Reshape", [layer.inputs[0], shape], layer.outputs, layer)


_ORDERS = {3: ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)), 2: ((0, 1), (1, 0))}


@_form("Permute")
def _permute(w: Writer, layer: Layer) -> None:
    rank = w.rank.get(layer.inputs[0], 3)
    orders = _ORDERS.get(rank, _ORDERS[3])
    order = orders[layer.whole(0) % len(orders)]
    w.node("Transpose", layer.inputs, layer.outputs, layer, perm=(0, *(1 + a for a in order)))


@_form("ShuffleChannel")
def _shuffle(w: Writer, layer: Layer) -> None:
    groups, channels = layer.whole(0, 1), w.channels.get(layer.inputs[0], 0)
    if not channels or channels % groups:
        w.node("ncnn::ShuffleChannel", layer.inputs, layer.outputs, layer)
        return
    if layer.whole(1):  # the way back
        groups = channels // groups
    shape, parts, mixed = (f"{layer.name}.{role}" for role in ("whole", "parts", "mixed"))
    split = w.numbers(layer, "split", [1, groups, channels // groups, -1])
    w.node("Shape", layer.inputs, [shape], layer)
    w.node("Reshape", [layer.inputs[0], split], [parts], layer)
    w.node("Transpose", [parts], [mixed], layer, perm=(0, 2, 1, 3))
    w.node("Reshape", [mixed, shape], layer.outputs, layer)


@_form("Softmax")
def _softmax(w: Writer, layer: Layer) -> None:
    w.node("Softmax", layer.inputs, layer.outputs, layer, axis=_axis(layer.whole(0)))


@_form("Interp")
def _interp(w: Writer, layer: Layer) -> None:
    mode = {1: "nearest", 2: "linear", 3: "cubic"}.get(layer.whole(0), "nearest")
    if layer.whole(3) and layer.whole(4):
        c = w.known.get(layer.inputs[0], (0,))[0]
        if c:
            sizes = w.numbers(layer, "sizes", [1, c, layer.whole(3), layer.whole(4)])
            w.node("Resize", [layer.inputs[0], "", "", sizes], layer.outputs, layer, mode=mode)
            return
    scales = w.numbers(layer, "scales", [1.0, 1.0, layer.real(1, 1.0), layer.real(2, 1.0)], real=True)
    w.node("Resize", [layer.inputs[0], "", scales], layer.outputs, layer, mode=mode)


@_form("Padding")
def _padding(w: Writer, layer: Layer) -> None:
    top, bottom, left, right = (layer.whole(number) for number in range(4))
    front, behind = layer.whole(7), layer.whole(8)
    pads = w.numbers(layer, "pads", [0, front, top, left, 0, behind, bottom, right])
    w.node("Pad", [layer.inputs[0], pads], layer.outputs, layer)


@_form("Reduction")
def _reduction(w: Writer, layer: Layer) -> None:
    op = _REDUCED.get(layer.whole(0), f"ncnn::{layer.kind}")
    axes = [_axis(int(a)) for a in layer.lists.get(3, ())]
    inputs = [layer.inputs[0], *([w.numbers(layer, "axes", axes)] if axes else [])]
    w.node(op, inputs, layer.outputs, layer, keepdims=layer.whole(4))


@_form("MemoryData")
def _memory(w: Writer, layer: Layer) -> None:
    dims = [layer.whole(number) for number in (2, 11, 1, 0) if layer.whole(number)]
    name = w.weight(layer, "data", 1, *dims)
    w.node("Identity", [name], layer.outputs, layer)


@_form("ExpandDims")
def _expand_dims(w: Writer, layer: Layer) -> None:
    axes = w.numbers(layer, "axes", [_axis(int(a)) for a in layer.lists.get(3, (0,))])
    w.node("Unsqueeze", [layer.inputs[0], axes], layer.outputs, layer)


@_form("Tile")
def _tile(w: Writer, layer: Layer) -> None:
    """A blob of fewer dimensions than times has leading ones of size one."""
    counts, given = [int(v) for v in layer.lists.get(2, ())], layer.inputs[0]
    if (lacking := len(counts) - w.rank.get(given, len(counts))) > 0:
        lifted, axes = f"{layer.name}.lifted", w.numbers(layer, "axes", [1 + i for i in range(lacking)])
        w.node("Unsqueeze", [given, axes], [lifted], layer)
        given = lifted
    w.node("Tile", [given, w.numbers(layer, "times", [1, *counts])], layer.outputs, layer)
