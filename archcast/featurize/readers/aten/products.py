"""Convolutions, matrix products, attention and recurrent layers."""

from __future__ import annotations

from typing import Any

from archcast.featurize.readers.aten.base import argument, aten, dtype_of, function, is_tensor, pair


@aten("convolution")
def convolution(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """data, weight, bias, stride, padding, dilation, transposed, output_padding, groups."""
    data, weight, bias, stride, padding, dilation, transposed, extra, groups = args
    spatial = len(weight.shape) - 2
    batched = len(data.shape) == spatial + 2
    if not batched:
        return False
    given = [data, weight, *([bias] if bias is not None else [])]
    pads = pair(padding, spatial) * 2
    attributes: dict[str, Any] = {
        "kernel_shape": tuple(weight.shape[2:]),
        "strides": pair(stride, spatial),
        "pads": pads,
        "dilations": pair(dilation, spatial),
        "group": groups,
    }
    if transposed:
        attributes["output_padding"] = pair(extra, spatial)
    r.write("ConvTranspose" if transposed else "Conv", given, out, **attributes)
    return True


@function("linear")
def linear(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """data (..., in), weight (out, in), bias; of two dimensions a `Gemm`, else a product and a sum."""
    data, weight = args[0], argument(args, kwargs, 1, "weight")
    bias = argument(args, kwargs, 2, "bias")
    if len(weight.shape) != 2:
        return False
    if len(data.shape) == 2:
        r.write("Gemm", [data, weight, *([bias] if bias is not None else [])], out, transB=1)
        return True
    transposed = r.made(tuple(weight.shape)[::-1], dtype_of(weight))
    r.emit("Transpose", [r.name(weight)], [transposed], perm=(1, 0))
    if bias is None:
        r.write("MatMul", [data, transposed], out)
        return True
    product = r.made(tuple(out.shape), dtype_of(out))
    r.emit("MatMul", [r.name(data), transposed], [product])
    r.write("Add", [product, bias], out)
    return True


@function("matmul", "__matmul__", "bmm", "mm")
def matmul(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Two tensors of any rank."""
    r.write("MatMul", [args[0], argument(args, kwargs, 1, "other", kwargs.get("mat2"))], out)
    return True


@function("__rmatmul__")
def matmul_from_the_right(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """The second by the first."""
    r.write("MatMul", [args[1], args[0]], out)
    return True


@aten("mm", "bmm", "mv", "dot")
def product(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Two matrices, or batches of them."""
    r.write("MatMul", args[:2], out)
    return True


@aten("addmm", "baddbmm", "addmv")
def added_product(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """What is added, and two matrices; factors of both."""
    made = r.made(tuple(out.shape), dtype_of(out))
    r.emit("MatMul", [r.name(args[1]), r.name(args[2])], [made])
    alpha, beta = kwargs.get("alpha", 1), kwargs.get("beta", 1)
    if alpha != 1:
        scaled = r.made(tuple(out.shape), dtype_of(out))
        r.emit("Mul", [made, r.constant(float(alpha), dtype_of(out))], [scaled])
        made = scaled
    if beta == 0:
        r.write("Identity", [made], out)
    else:
        r.write("Add", [made, args[0]], out)
    return True


@function("einsum")
def einsum(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """An equation and its operands."""
    if not args or not isinstance(args[0], str):
        return False
    operands = args[1] if len(args) == 2 and isinstance(args[1], list | tuple) else args[1:]
    r.write("Einsum", operands, out, equation=args[0].replace(" ", ""))
    return True


@function("scaled_dot_product_attention")
def attention(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """q, k, v (..., heads, tokens, size), and a mask that is added."""
    q, k, v = args[0], argument(args, kwargs, 1, "key"), argument(args, kwargs, 2, "value")
    mask = argument(args, kwargs, 3, "attn_mask")
    if len(q.shape) != 4 or len(k.shape) != 4 or len(v.shape) != 4:
        return False
    attributes: dict[str, Any] = {}
    scale = kwargs.get("scale")
    if scale is not None:
        attributes["scale"] = float(scale)
    if argument(args, kwargs, 5, "is_causal", False):
        attributes["is_causal"] = 1
    names = [r.name(q), r.name(k), r.name(v)]
    if mask is not None:
        names.append(r.name(mask))
    r.write("Attention", names, out, **attributes)
    return True


@function("lstm", "gru", "rnn_tanh", "rnn_relu")
def recurrent(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Each layer as a node over (steps, batch, inputs); packed sequences are taken apart by torch itself."""
    if len(args) < 9 or not is_tensor(args[0]) or not isinstance(args[2], list | tuple):
        return False
    data, flat, biased, layers, both, first = args[0], args[2], args[3], args[4], args[7], args[8]
    if len(data.shape) != 3 or not all(is_tensor(t) for t in flat):
        return False
    op, gates = _gates(args, out)
    directions = 2 if both else 1
    if len(flat) != layers * directions * (4 if biased else 2):
        return False  # with a projection of the state
    x, width = r.name(data), data.shape[2]
    steps, batch = (data.shape[1], data.shape[0]) if first else data.shape[:2]
    dtype = dtype_of(data)
    if first:
        x = _transposed(r, x, (steps, batch, width), dtype)
    for layer in range(layers):
        own = flat[layer * directions * (len(flat) // layers // directions) :]
        weights = own[: len(flat) // layers]
        x, width = _layer(r, op, x, weights, (steps, batch, directions), gates, dtype, biased=biased)
    outputs = out if isinstance(out, tuple) else (out,)
    if first:
        r.write("Transpose", [x], outputs[0], perm=(1, 0, 2))
    else:
        r.write("Identity", [x], outputs[0])
    for state in outputs[1:]:
        last = r.made((1, batch, width), dtype)
        r.emit("Slice", [x, r.constant([steps - 1]), r.constant([steps]), r.constant([0])], [last])
        _spread(r, last, (1, batch, width), state)
    return True


def _spread(r: Any, name: str, shape: tuple[int, ...], state: Any) -> None:
    """A state of the last step under the shape that torch gives it, of all layers."""
    wanted = tuple(state.shape)
    size = 1
    for d in wanted:
        size *= d
    own = shape[0] * shape[1] * shape[2]
    if size % own:
        r.write("ConstantOfShape", [r.constant(list(wanted))], state)
        return
    if size == own:
        r.write("Reshape", [name, r.constant(list(wanted))], state)
        return
    tiled = r.made((size // own, *shape[1:]), dtype_of(state))
    r.emit("Tile", [name, r.constant([size // own, 1, 1])], [tiled])
    r.write("Reshape", [tiled, r.constant(list(wanted))], state)


def _gates(args: Any, out: Any) -> tuple[str, int]:
    """ONNX's operator and its gates, from how torch was called."""
    states = len(out) - 1
    rows, size = args[2][0].shape[0], args[2][1].shape[1]
    if states == 2:
        return "LSTM", 4
    return ("GRU", 3) if rows == 3 * size else ("RNN", 1)


def _layer(
    r: Any,
    op: str,
    x: str,
    weights: Any,
    sizes: tuple[int, int, int],
    gates: int,
    dtype: str,
    *,
    biased: bool,
) -> tuple[str, int]:
    """One layer; weights of each direction are input, state, and the biases of both."""
    steps, batch, directions = sizes
    each = len(weights) // directions
    hidden = weights[1].shape[1]
    w = _stacked(r, [weights[d * each] for d in range(directions)], dtype)
    u = _stacked(r, [weights[d * each + 1] for d in range(directions)], dtype)
    inputs = [x, w, u]
    if biased:
        rows = [[weights[d * each + 2], weights[d * each + 3]] for d in range(directions)]
        inputs.append(_biases(r, rows, gates * hidden, dtype))
    made = r.made((steps, directions, batch, hidden), dtype)
    direction = "bidirectional" if directions == 2 else "forward"
    extra = {"linear_before_reset": 1} if op == "GRU" else {}
    r.emit(op, inputs, [made], hidden_size=hidden, direction=direction, **extra)
    if directions == 1:
        flat = r.made((steps, batch, hidden), dtype)
        r.emit("Squeeze", [made, r.constant([1])], [flat])
        return flat, hidden
    moved = r.made((steps, batch, directions, hidden), dtype)
    r.emit("Transpose", [made], [moved], perm=(0, 2, 1, 3))
    flat = r.made((steps, batch, directions * hidden), dtype)
    r.emit("Reshape", [moved, r.constant([steps, batch, directions * hidden])], [flat])
    return flat, directions * hidden


def _stacked(r: Any, tensors: list[Any], dtype: str) -> str:
    """Matrices of each direction as one tensor."""
    parts = []
    for tensor in tensors:
        made = r.made((1, *tensor.shape), dtype)
        r.emit("Unsqueeze", [r.name(tensor), r.constant([0])], [made])
        parts.append(made)
    if len(parts) == 1:
        return str(parts[0])
    joined = r.made((len(parts), *tensors[0].shape), dtype)
    r.emit("Concat", parts, [joined], axis=0)
    return str(joined)


def _biases(r: Any, rows: list[list[Any]], size: int, dtype: str) -> str:
    parts = []
    for row in rows:
        joined = r.made((2 * size,), dtype)
        r.emit("Concat", [r.name(t) for t in row], [joined], axis=0)
        made = r.made((1, 2 * size), dtype)
        r.emit("Unsqueeze", [joined, r.constant([0])], [made])
        parts.append(made)
    if len(parts) == 1:
        return str(parts[0])
    both = r.made((len(parts), 2 * size), dtype)
    r.emit("Concat", parts, [both], axis=0)
    return str(both)


def _transposed(r: Any, name: str, shape: tuple[int, ...], dtype: str) -> str:
    made: str = r.made(shape, dtype)
    r.emit("Transpose", [name], [made], perm=(1, 0, 2))
    return made
