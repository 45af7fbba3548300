"""Sums over axes, normalisation, softmax, pools."""

from __future__ import annotations

from math import prod
from typing import Any

from archcast.featurize.onnx_model import NUMBERS
from archcast.featurize.readers.aten.base import argument, aten, dtype_of, function, like, pair, positive

_REDUCED = {
    "mean": "ReduceMean",
    "sum": "ReduceSum",
    "amax": "ReduceMax",
    "amin": "ReduceMin",
    "prod": "ReduceProd",
    "logsumexp": "ReduceLogSumExp",
}


@aten(*_REDUCED)
def reduced(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Over some axes or all."""
    op = _REDUCED[_called(r)]
    axes, keep = argument(args, kwargs, 1, "dim"), argument(args, kwargs, 2, "keepdim", False)
    data = like(r, args[0], dtype_of(out))
    _reduce(r, op, data, args[0], axes, out, keep=bool(keep) and not isinstance(keep, str))
    return True


def _reduce(r: Any, op: str, name: str, data: Any, axes: Any, out: Any, *, keep: bool) -> None:
    inputs = [name]
    if axes is not None and axes != []:
        axes = [axes] if isinstance(axes, int) else list(axes)
        inputs.append(r.constant([positive(a, len(data.shape)) for a in axes]))
    r.write(op, inputs, out, keepdims=int(keep))


@aten("any", "all")
def logical(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """As a maximum or minimum of whole numbers."""
    axes, keep = argument(args, kwargs, 1, "dim"), argument(args, kwargs, 2, "keepdim", False)
    data = like(r, args[0], "int32")
    inputs = [data]
    if axes is not None:
        axes = [axes] if isinstance(axes, int) else list(axes)
        inputs.append(r.constant([positive(a, len(args[0].shape)) for a in axes]))
    made = r.made(tuple(out.shape), "int32")
    r.emit("ReduceMax" if _called(r) == "any" else "ReduceMin", inputs, [made], keepdims=int(bool(keep)))
    r.write("Cast", [made], out, to=NUMBERS["bool"])
    return True


@aten("linalg_vector_norm", "norm")
def vector_norm(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Of order 1 or 2."""
    order = argument(args, kwargs, 1, "ord", 2)
    axes, keep = argument(args, kwargs, 2, "dim"), argument(args, kwargs, 3, "keepdim", False)
    if order not in (1, 2, 1.0, 2.0):
        return False
    name = r.name(args[0])
    _reduce(r, "ReduceL1" if order == 1 else "ReduceL2", name, args[0], axes, out, keep=bool(keep))
    return True


@aten("var", "std", "var_mean", "std_mean")
def variance(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Mean of squared differences from the mean."""
    data = args[0]
    axes = argument(args, kwargs, 1, "dim")
    keep = bool(kwargs.get("keepdim", False))
    axes = list(range(len(data.shape))) if axes is None or isinstance(axes, bool) else axes
    axes = [positive(a, len(data.shape)) for a in ([axes] if isinstance(axes, int) else axes)]
    kept = tuple(1 if i in axes else d for i, d in enumerate(data.shape))
    dtype, name = dtype_of(data), r.name(data)
    shape = tuple(data.shape)
    mean, less, square = r.made(kept, dtype), r.made(shape, dtype), r.made(shape, dtype)
    r.emit("ReduceMean", [name, r.constant(axes)], [mean], keepdims=1)
    r.emit("Sub", [name, mean], [less])
    r.emit("Mul", [less, less], [square])
    correction = kwargs.get("correction", 1)
    count = prod(data.shape[a] for a in axes)
    if correction and count > correction:
        scaled = r.made(shape, dtype)
        r.emit("Mul", [square, r.constant(count / (count - correction), dtype)], [scaled])
        square = scaled
    outs = out if isinstance(out, tuple) else (out,)
    if _called(r).startswith("std"):
        made = r.made(tuple(outs[0].shape), dtype)
        r.emit("ReduceMean", [square, r.constant(axes)], [made], keepdims=int(keep))
        r.write("Sqrt", [made], outs[0])
    else:
        r.write("ReduceMean", [square, r.constant(axes)], outs[0], keepdims=int(keep))
    if len(outs) > 1:
        if keep:
            r.write("Identity", [mean], outs[1])
        else:
            r.write("Squeeze", [mean, r.constant(axes)], outs[1])
    return True


@aten("argmax", "argmin")
def arg(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Over one axis."""
    axis, keep = argument(args, kwargs, 1, "dim"), argument(args, kwargs, 2, "keepdim", False)
    if axis is None:
        return False
    op = "ArgMax" if _called(r) == "argmax" else "ArgMin"
    r.write(op, [args[0]], out, axis=axis, keepdims=int(bool(keep)))
    return True


@aten("max", "min")
def best(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Of all, or over one axis with its place."""
    op = "ReduceMax" if _called(r) == "max" else "ReduceMin"
    if not isinstance(out, tuple):
        if len(args) > 1:
            r.write("Max" if op == "ReduceMax" else "Min", args[:2], out)
        else:
            r.write(op, [args[0]], out, keepdims=0)
        return True
    axis, keep = argument(args, kwargs, 1, "dim"), argument(args, kwargs, 2, "keepdim", False)
    _reduce(r, op, r.name(args[0]), args[0], axis, out[0], keep=bool(keep))
    found = "ArgMax" if op == "ReduceMax" else "ArgMin"
    r.write(found, [args[0]], out[1], axis=axis, keepdims=int(bool(keep)))
    return True


@aten("topk", "sort")
def topk(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """The largest, or all in order."""
    sorts = _called(r) == "sort"
    axis = argument(args, kwargs, 1 if sorts else 2, "dim", -1)
    count = args[0].shape[axis] if sorts else args[1]
    largest = (
        argument(args, kwargs, 2, "descending", False)
        if sorts
        else argument(args, kwargs, 3, "largest", True)
    )
    names = [r.new(tensor) for tensor in out]
    r.emit("TopK", [r.name(args[0]), r.constant([count])], names, axis=axis, largest=int(bool(largest)))
    return True


@aten("cumsum")
def cumsum(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Along one axis."""
    r.write("CumSum", [like(r, args[0], dtype_of(out)), r.constant(args[1])], out)
    return True


@aten("_softmax", "_log_softmax", "_safe_softmax", "softmax", "log_softmax")
def softmax(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Over one axis."""
    op = "LogSoftmax" if "log" in _called(r) else "Softmax"
    r.write(op, [like(r, args[0], dtype_of(out))], out, axis=args[1])
    return True


@aten(
    "native_batch_norm",
    "_native_batch_norm_legit_no_training",
    "cudnn_batch_norm",
    "_native_batch_norm_legit",
)
def batch_norm(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """data, weight, bias, running mean and variance, ..., epsilon.

    One by the statistics of the data, of a batch of one, as weights are standardised, is an instance's.
    """
    data, weight, bias, mean, variance_ = args[:5]
    own = mean is None or variance_ is None
    if len(data.shape) < 2 or (own and (len(data.shape) < 3 or data.shape[0] != 1)):
        return False
    channels, dtype = data.shape[1], dtype_of(data)
    scale = r.name(weight) if weight is not None else r.constant([1.0] * channels, dtype)
    shift = r.name(bias) if bias is not None else r.constant([0.0] * channels, dtype)
    if own:
        names = [r.name(data), scale, shift]
        r.emit("InstanceNormalization", names, [r.new(out[0])], epsilon=float(args[-1]))
        return True
    names = [r.name(data), scale, shift, r.name(mean), r.name(variance_)]
    r.emit("BatchNormalization", names, [r.new(out[0])], epsilon=float(args[-1]))
    return True


@aten("native_layer_norm")
def layer_norm(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """data, shape, weight, bias, epsilon."""
    data, shape, weight, bias, epsilon = args
    dtype = dtype_of(data)
    scale = r.name(weight) if weight is not None else _filled(r, tuple(shape), dtype)
    inputs = [r.name(data), scale, *([r.name(bias)] if bias is not None else [])]
    r.emit("LayerNormalization", inputs, [r.new(out[0])], axis=-len(shape), epsilon=float(epsilon))
    return True


@function("rms_norm")
def rms_norm(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """data, shape, weight, epsilon."""
    data, shape = args[0], argument(args, kwargs, 1, "normalized_shape")
    weight, epsilon = argument(args, kwargs, 2, "weight"), argument(args, kwargs, 3, "eps")
    scale = r.name(weight) if weight is not None else _filled(r, tuple(shape), dtype_of(data))
    epsilon = 1e-5 if epsilon is None else float(epsilon)
    r.write("RMSNormalization", [data, scale], out, axis=-len(shape), epsilon=epsilon)
    return True


def _filled(r: Any, shape: tuple[int, ...], dtype: str) -> str:
    """Ones."""
    made: str = r.made(shape, dtype)
    r.emit("Expand", [r.constant(1.0, dtype), r.constant(list(shape))], [made])
    return made


@aten("native_group_norm")
def group_norm(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """data, weight, bias, batch, channels, places, groups, epsilon."""
    data, weight, bias, _, channels, _, groups, epsilon = args
    dtype = dtype_of(data)
    scale = r.name(weight) if weight is not None else _filled(r, (channels,), dtype)
    shift = r.name(bias) if bias is not None else r.constant([0.0] * channels, dtype)
    names = [r.name(data), scale, shift]
    r.emit("GroupNormalization", names, [r.new(out[0])], num_groups=groups, epsilon=float(epsilon))
    return True


@function("instance_norm")
def instance_norm(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """data, running mean and variance, weight, bias, whether by the data's own statistics, ..., epsilon."""
    weight, bias = argument(args, kwargs, 3, "weight"), argument(args, kwargs, 4, "bias")
    own = argument(args, kwargs, 5, "use_input_stats", True)
    data = args[0]
    if not own:
        return False
    channels, dtype = data.shape[1], dtype_of(data)
    scale = r.name(weight) if weight is not None else _filled(r, (channels,), dtype)
    shift = r.name(bias) if bias is not None else r.constant([0.0] * channels, dtype)
    r.write(
        "InstanceNormalization",
        [data, scale, shift],
        out,
        epsilon=float(argument(args, kwargs, 7, "eps", 1e-5)),
    )
    return True


@aten(
    *("max_pool2d_with_indices", "max_pool3d_with_indices", "max_pool2d", "max_pool1d", "max_pool3d"),
    "max_pool1d_with_indices",
)
def max_pool(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """data, kernel, stride, padding, dilation, whether sides are rounded up."""
    outs = out if isinstance(out, tuple) else (out,)
    spatial = int(_called(r).partition("pool")[2][0])
    if len(outs[0].shape) != spatial + 2:
        return False
    window = _window(args, kwargs, spatial)
    window["dilations"] = pair(argument(args, kwargs, 4, "dilation", 1), spatial)
    window["ceil_mode"] = int(bool(argument(args, kwargs, 5, "ceil_mode", False)))
    r.emit("MaxPool", [r.name(args[0])], [r.new(t) for t in outs], **window)
    return True


@aten("avg_pool2d", "avg_pool1d", "avg_pool3d")
def average_pool(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """data, kernel, stride, padding, whether sides are rounded up, whether padding counts."""
    spatial = int(_called(r).partition("pool")[2][0])
    if len(out.shape) != spatial + 2:
        return False
    window = _window(args, kwargs, spatial)
    window["ceil_mode"] = int(bool(argument(args, kwargs, 4, "ceil_mode", False)))
    window["count_include_pad"] = int(bool(argument(args, kwargs, 5, "count_include_pad", True)))
    r.write("AveragePool", [args[0]], out, **window)
    return True


def _window(args: Any, kwargs: Any, spatial: int) -> dict[str, Any]:
    kernel = pair(argument(args, kwargs, 1, "kernel_size"), spatial)
    stride = argument(args, kwargs, 2, "stride") or kernel
    pads = pair(argument(args, kwargs, 3, "padding", 0), spatial) * 2
    return {"kernel_shape": kernel, "strides": pair(stride, spatial), "pads": pads}


@aten(
    *("_adaptive_avg_pool2d", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "_adaptive_avg_pool3d"),
    *("adaptive_max_pool2d", "adaptive_max_pool1d", "adaptive_max_pool3d"),
)
def adaptive_pool(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """To given sides: a global pool, or windows where they divide."""
    outs = out if isinstance(out, tuple) else (out,)
    data, spatial = args[0], int(_called(r).partition("pool")[2][0])
    if len(data.shape) != spatial + 2:
        return False
    kind = "Max" if "max" in _called(r) else "Average"
    sides, wanted = tuple(data.shape[2:]), tuple(outs[0].shape[2:])
    names = [r.new(t) for t in outs][:1]
    if prod(wanted) == 1:
        r.emit(f"Global{kind}Pool", [r.name(data)], names)
        return True
    if any(s % w for s, w in zip(sides, wanted, strict=True)):
        r.emit(f"aten::adaptive_{kind.lower()}_pool{spatial}d", [r.name(data)], names)
        return True
    kernel = tuple(s // w for s, w in zip(sides, wanted, strict=True))
    r.emit(f"{kind}Pool", [r.name(data)], names, kernel_shape=kernel, strides=kernel)
    return True


def _called(r: Any) -> str:
    """Name of the operation that is being written."""
    name: str = r.operation
    return name
