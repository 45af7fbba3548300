"""The vocabulary of operators that layer graphs are made of, each with a version."""

from __future__ import annotations

from dataclasses import dataclass

from archcast.core.registry import Registry


@dataclass(frozen=True, slots=True)
class Operator:
    """One kind of layer.

    Attributes:
        name: operator's name in a layer graph.
        cost_class: group under which its cost is summed; convolutions are split further by shape.
        arity: number of inputs, or -1 for two or more.
        version: raised when what its costs mean changes; saved predictors that read them are refused then.
    """

    name: str
    cost_class: str
    arity: int = 1
    version: int = 1


OPERATORS: Registry[Operator] = Registry("operator", group="archcast.operators")
for _operator in (
    Operator("input", "input", 0),
    Operator("conv", "conv"),
    Operator("linear", "linear"),
    Operator("batch_norm", "batch_norm"),
    Operator("relu", "activation"),
    Operator("relu6", "activation"),
    Operator("hswish", "activation"),
    Operator("hsigmoid", "activation"),
    Operator("avg_pool", "pool"),
    Operator("max_pool", "pool"),
    Operator("global_avg_pool", "global_pool"),
    Operator("add", "add", -1),
    Operator("concat", "concat", -1),
    Operator("multiply", "multiply", 2),
    Operator("channel_shuffle", "shuffle"),
    Operator("zero", "zero"),
):
    OPERATORS.register(_operator.name, _operator)

COST_CLASSES = (
    "conv_kxk",
    "conv_1x1",
    "conv_grouped",
    "conv_depthwise",
    "linear",
    "batch_norm",
    "activation",
    "pool",
    "global_pool",
    "add",
    "multiply",
    "concat",
    "shuffle",
    "zero",
)
"""Order of the classes in every cost array; `input` costs nothing and is left out."""
