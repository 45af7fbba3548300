"""What operators cost: one file a family, one registry. One that is not there is not understood."""

from archcast.featurize.operators import (
    attention,
    control,
    convolution,
    elementwise,
    matmul,
    movement,
    normalization,
    pooling,
    quantization,
    recurrent,
    sampling,
    selection,
)
from archcast.featurize.operators.base import FREE, KINDS, OPERATORS, Loops, Operator, Work, operator

__all__ = [
    "FREE",
    "KINDS",
    "OPERATORS",
    "Loops",
    "Operator",
    "Work",
    "attention",
    "control",
    "convolution",
    "elementwise",
    "matmul",
    "movement",
    "normalization",
    "operator",
    "pooling",
    "quantization",
    "recurrent",
    "sampling",
    "selection",
]
