"""What is done element by element: activations, arithmetic, comparisons, casts."""

from __future__ import annotations

from typing import Any

from archcast.featurize.onnx_model import NUMBERS
from archcast.featurize.readers.aten.base import (
    argument,
    aten,
    cast,
    dtype_of,
    is_tensor,
    like,
)

_ONE = {
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "neg": "Neg",
    "abs": "Abs",
    "sin": "Sin",
    "cos": "Cos",
    "tan": "Tan",
    "erf": "Erf",
    "floor": "Floor",
    "ceil": "Ceil",
    "round": "Round",
    "reciprocal": "Reciprocal",
    "sign": "Sign",
    "mish": "Mish",
    "logical_not": "Not",
    "isnan": "IsNaN",
    "isinf": "IsInf",
    "asin": "Asin",
    "acos": "Acos",
    "atan": "Atan",
    "sinh": "Sinh",
    "cosh": "Cosh",
    "softsign": "Softsign",
    "bitwise_not": "BitwiseNot",
    "hardswish": "HardSwish",
}
_TWO = {
    "mul": "Mul",
    "div": "Div",
    "pow": "Pow",
    "maximum": "Max",
    "minimum": "Min",
    "eq": "Equal",
    "lt": "Less",
    "le": "LessOrEqual",
    "gt": "Greater",
    "ge": "GreaterOrEqual",
    "logical_and": "And",
    "logical_or": "Or",
    "logical_xor": "Xor",
    "remainder": "Mod",
    "bitwise_and": "BitwiseAnd",
    "bitwise_or": "BitwiseOr",
    "bitwise_xor": "BitwiseXor",
}
_LOGICAL = ("And", "Or", "Xor", "Not")


@aten(*_ONE)
def one(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """One operand; the operation is told by the name it was called by."""
    op = _ONE[_called(r)]
    data = args[0]
    wanted = "bool" if op in _LOGICAL else "float32" if op == "IsNaN" else _float(data, out, op)
    if op == "BitwiseNot" and dtype_of(data) == "bool":
        op, wanted = "Not", "bool"
    r.write(op, [like(r, data, wanted)], out)
    return True


def _float(data: Any, out: Any, op: str) -> str:
    """The type an operation works in: integers become floats where the result is one."""
    kept = op in ("Abs", "Neg", "Sign", "Relu", "Floor", "Ceil", "Round")
    return dtype_of(data) if kept else dtype_of(out)


@aten(*_TWO)
def two(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Two operands, one of which may be a number."""
    op = _TWO[_called(r)]
    a, b = args[0], argument(args, kwargs, 1, "other", kwargs.get("exponent"))
    rounding = kwargs.get("rounding_mode")
    wanted = _common(a, b, out, op)
    if wanted == "bool" and op.startswith("Bitwise"):
        op = {"BitwiseAnd": "And", "BitwiseOr": "Or", "BitwiseXor": "Xor"}[op]
    if wanted == "bool" and op == "Mul":
        op = "And"
    names = [like(r, a, wanted), like(r, b, wanted)]
    attributes = {"fmod": 1} if op == "Mod" and wanted.startswith("float") else {}
    if rounding is None:
        _write_as(r, op, names, out, wanted, attributes)
        return True
    quotient = r.made(tuple(out.shape), wanted)
    r.emit("Div", names, [quotient])
    if wanted.startswith("float") and rounding == "floor":
        r.write("Floor", [quotient], out)
    else:
        r.write("Identity", [quotient], out)
    return True


def _write_as(r: Any, op: str, names: list[str], out: Any, dtype: str, attributes: dict[str, Any]) -> None:
    """Write a node whose result may have to be cast to what torch gives."""
    compares = op in ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")
    made_as = "bool" if compares or op in _LOGICAL else dtype
    if made_as == dtype_of(out):
        r.write(op, names, out, **attributes)
        return
    made = r.made(tuple(out.shape), made_as)
    r.emit(op, names, [made], **attributes)
    r.write("Cast", [made], out, to=NUMBERS[dtype_of(out)])


def _common(a: Any, b: Any, out: Any, op: str) -> str:
    """The type two operands are brought to."""
    if op in _LOGICAL:
        return "bool"
    if op not in ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"):
        return dtype_of(out)
    tensors = [x for x in (a, b) if is_tensor(x)]
    floats = [dtype_of(t) for t in tensors if t.dtype.is_floating_point]
    if floats:
        return floats[0]
    if any(isinstance(x, float) for x in (a, b)):
        return "float32"
    wide = [dtype_of(t) for t in tensors if dtype_of(t) != "bool"]
    return wide[0] if wide else ("int64" if len(tensors) == 1 else "bool")


@aten("add", "sub", "rsub")
def add(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Sum or difference, of which the second operand may have a factor."""
    a, b = args[0], argument(args, kwargs, 1, "other")
    alpha = argument(args, kwargs, 2, "alpha", 1)
    called, wanted = _called(r), dtype_of(out)
    if called == "rsub":
        a, b = b, a
    left, right = like(r, a, wanted), like(r, b, wanted)
    if alpha != 1:
        shape = tuple(b.shape) if is_tensor(b) else ()
        scaled = r.made(shape, wanted)
        r.emit("Mul", [right, _number(r, alpha, wanted)], [scaled])
        right = scaled
    if wanted == "bool":
        r.write("Or", [left, right], out)
    else:
        r.write("Add" if called == "add" else "Sub", [left, right], out)
    return True


@aten("ne")
def not_equal(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Equal, and not."""
    wanted = _common(args[0], args[1], out, "Equal")
    made = r.made(tuple(out.shape), "bool")
    r.emit("Equal", [like(r, args[0], wanted), like(r, args[1], wanted)], [made])
    r.write("Not", [made], out)
    return True


@aten("rsqrt", "log1p", "expm1", "log2", "square", "exp2")
def composed(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Two steps where ONNX has no single one."""
    called, dtype = _called(r), dtype_of(out)
    data = like(r, args[0], dtype)
    if called == "square":
        r.write("Mul", [data, data], out)
        return True
    if called == "exp2":
        r.write("Pow", [_number(r, 2, dtype), data], out)
        return True
    made = r.made(tuple(out.shape), dtype)
    if called == "rsqrt":
        r.emit("Sqrt", [data], [made])
        r.write("Reciprocal", [made], out)
    elif called == "log1p":
        r.emit("Add", [data, _number(r, 1, dtype)], [made])
        r.write("Log", [made], out)
    elif called == "log2":
        r.emit("Log", [data], [made])
        r.write("Mul", [made, _number(r, 1.4426950408889634, dtype)], out)
    else:
        r.emit("Exp", [data], [made])
        r.write("Sub", [made, _number(r, 1, dtype)], out)
    return True


@aten("silu")
def silu(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """x sigmoid(x)."""
    made = r.made(tuple(out.shape), dtype_of(out))
    data = r.name(args[0])
    r.emit("Sigmoid", [data], [made])
    r.write("Mul", [data, made], out)
    return True


@aten("gelu")
def gelu(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """By the error function, or by the hyperbolic tangent."""
    r.write("Gelu", [args[0]], out, approximate=kwargs.get("approximate", "none"))
    return True


@aten("hardsigmoid")
def hardsigmoid(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """relu6(x + 3) / 6."""
    r.write("HardSigmoid", [args[0]], out, alpha=1.0 / 6.0, beta=0.5)
    return True


@aten("leaky_relu")
def leaky_relu(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """With a slope."""
    r.write("LeakyRelu", [args[0]], out, alpha=float(argument(args, kwargs, 1, "negative_slope", 0.01)))
    return True


@aten("elu")
def elu(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """With three numbers; SELU is one of these."""
    alpha, scale = argument(args, kwargs, 1, "alpha", 1.0), argument(args, kwargs, 2, "scale", 1.0)
    if scale != 1.0:
        r.write("Selu", [args[0]], out, alpha=float(alpha), gamma=float(scale))
    else:
        r.write("Elu", [args[0]], out, alpha=float(alpha))
    return True


@aten("softplus")
def softplus(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Of slope 1."""
    r.write("Softplus", [args[0]], out)
    return True


@aten("prelu", "_prelu_kernel")
def prelu(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Slopes as a tensor of the data's rank, or one a channel."""
    slope = args[1]
    name = r.name(slope)
    if len(slope.shape) == 1 and len(out.shape) > 2 and slope.shape[0] > 1:
        shaped = (slope.shape[0], *(1 for _ in out.shape[2:]))
        made = r.made(shaped, dtype_of(slope))
        r.emit("Reshape", [name, r.constant(list(shaped))], [made])
        name = made
    r.write("PRelu", [args[0], name], out)
    return True


@aten("hardtanh", "clamp", "clamp_min", "clamp_max", "relu6")
def clip(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Between two numbers, either of which may be left out; tensors of bounds are a minimum and a maximum."""
    called, dtype = _called(r), dtype_of(out)
    low, high = argument(args, kwargs, 1, "min", kwargs.get("min_val")), argument(args, kwargs, 2, "max")
    if called == "hardtanh":
        low, high = argument(args, kwargs, 1, "min_val", -1.0), argument(args, kwargs, 2, "max_val", 1.0)
    elif called == "relu6":
        low, high = 0.0, 6.0
    elif called == "clamp_max":
        low, high = None, argument(args, kwargs, 1, "max")
    data = like(r, args[0], dtype)
    if not is_tensor(low) and not is_tensor(high):
        bounds = ["" if b is None else _number(r, b, dtype) for b in (low, high)]
        r.write("Clip", [data, *(bounds if bounds[1] else bounds[:1])], out)
        return True
    if low is not None and high is not None:
        made = r.made(tuple(out.shape), dtype)
        r.emit("Max", [data, like(r, low, dtype)], [made])
        r.write("Min", [made, like(r, high, dtype)], out)
    else:
        bound, op = (low, "Max") if high is None else (high, "Min")
        r.write(op, [data, like(r, bound, dtype)], out)
    return True


@aten("where", "masked_fill")
def where(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """By a condition; masked_fill has the data first and fills where its mask holds."""
    dtype = dtype_of(out)
    condition, a, b = args
    if _called(r) == "masked_fill":
        condition, a, b = args[1], args[2], args[0]
    r.write("Where", [like(r, condition, "bool"), like(r, a, dtype), like(r, b, dtype)], out)
    return True


@aten("_to_copy", "to", "type_as")
def to(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """A cast, or nothing."""
    name = cast(r, r.name(args[0]), dtype_of(args[0]), tuple(args[0].shape), dtype_of(out))
    if name == r.name(args[0]):
        r.same(out, args[0])
    else:
        r.write("Identity", [name], out)
    return True


@aten("addcmul", "addcdiv")
def added(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """The first plus a product or quotient of the others."""
    dtype, value = dtype_of(out), kwargs.get("value", 1)
    made = r.made(tuple(out.shape), dtype)
    r.emit("Mul" if _called(r) == "addcmul" else "Div", [r.name(args[1]), r.name(args[2])], [made])
    if value != 1:
        scaled = r.made(tuple(out.shape), dtype)
        r.emit("Mul", [made, _number(r, value, dtype)], [scaled])
        made = scaled
    r.write("Add", [args[0], made], out)
    return True


@aten("lerp")
def lerp(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """a + w (b - a)."""
    dtype, shape = dtype_of(out), tuple(out.shape)
    difference, scaled = r.made(shape, dtype), r.made(shape, dtype)
    r.emit("Sub", [r.name(args[1]), r.name(args[0])], [difference])
    r.emit("Mul", [difference, like(r, args[2], dtype)], [scaled])
    r.write("Add", [args[0], scaled], out)
    return True


def _called(r: Any) -> str:
    """Name of the operation that is being written, in-place or not."""
    name: str = r.operation
    return name if name in _KNOWN else name.removesuffix("_")


def _number(r: Any, value: Any, dtype: str) -> str:
    name: str = r.constant(float(value) if dtype.startswith(("float", "bfloat")) else value, dtype)
    return name


_KNOWN = frozenset({*_ONE, *_TWO})
