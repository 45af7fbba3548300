"""Element by element: activations, arithmetic, comparisons, casts; one pass over what is read and written."""

from __future__ import annotations

from archcast.core.network import Node
from archcast.featurize.operators.base import Values, Work, operator, traffic

ACTIVATIONS = (
    *("Relu", "LeakyRelu", "Elu", "Celu", "Selu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Mish"),
    *("Gelu", "Swish", "SwiGLU", "Softplus", "Softsign", "ThresholdedRelu", "Shrink", "Clip", "Erf"),
    *("com.microsoft::Gelu", "com.microsoft::FastGelu", "com.microsoft::QuickGelu"),
    *("com.microsoft::QLinearSigmoid", "com.microsoft::QLinearLeakyRelu"),
)
ONE = (
    *("Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Exp", "Floor", "Log"),
    *("Neg", "Not", "Reciprocal", "Round", "Sign", "Sin", "Sinh", "Sqrt", "Tan", "IsInf", "IsNaN"),
    *("Cast", "CastLike", "BitwiseNot", "BitCast"),
)
MANY = (
    *("Sub", "Div", "Pow", "Mod", "Min", "Max", "Mean", "And", "Or", "Xor", "Equal", "Greater", "Less"),
    *("GreaterOrEqual", "LessOrEqual", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Where"),
)


@operator(*ACTIVATIONS)
def activation(node: Node, values: Values) -> Work:
    """Bounds and slopes are numbers; what it is of may be a weight, such as a temperature that is clipped."""
    return traffic(node, values, "activation", learned=(0,))


@operator("PRelu", "com.microsoft::BiasGelu")
def trained_activation(node: Node, values: Values) -> Work:
    """Inputs: data, and slopes or a shift that are trained."""
    return traffic(node, values, "activation", learned=(1,))


@operator("Add", "Sum", "com.microsoft::BiasAdd")
def add(node: Node, values: Values) -> Work:
    """Sum of two or more."""
    return traffic(node, values, "add")


@operator("com.microsoft::QLinearAdd", "com.microsoft::QLinearMul")
def of_integers(node: Node, values: Values) -> Work:
    """Inputs: each operand with its scale and zero point, then those of the output."""
    return traffic(node, values, "add" if node.op.endswith("Add") else "multiply", learned=(0, 3))


@operator("Mul")
def multiply(node: Node, values: Values) -> Work:
    """Product of two; by nothing but 0 it is what a removed path leaves behind."""
    work = traffic(node, values, "multiply")
    zero = any(values[name].constant and values[name].data == (0.0,) for name in node.inputs if name)
    return Work("zero", 0, work.read, work.weights, work.written, work.learned) if zero else work


@operator(*ONE)
def one(node: Node, values: Values) -> Work:
    """Of one operand."""
    return traffic(node, values, "elementwise", learned=(0,))


@operator(*MANY)
def many(node: Node, values: Values) -> Work:
    """Of several operands, one of which may be trained."""
    return traffic(node, values, "elementwise")
