"""Operators that do what others do too: exporters write one operation under several names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

_MEAN = ("GlobalAveragePool", "ReduceMean", "AveragePool", "com.microsoft::QLinearGlobalAveragePool")
_SHAPED = ("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout")
_GELU = ("Gelu", "Erf", "com.microsoft::Gelu", "com.microsoft::FastGelu", "com.microsoft::BiasGelu")
_SETS = (
    _MEAN,
    _SHAPED,
    _GELU,
    ("Add", "Sum", "Sub"),
    ("Mul", "Div"),
    ("Relu", "Clip"),
    ("LayerNormalization", "com.microsoft::SkipLayerNormalization"),
    ("RMSNormalization", "SimplifiedLayerNormalization", "com.microsoft::SkipSimplifiedLayerNormalization"),
)
_WRITTEN_OUT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "HardSigmoid": ("Clip", "Add"),
        "HardSwish": ("Clip", "Add", "Mul"),
        "Swish": ("Sigmoid", "Mul"),
        "com.microsoft::QuickGelu": ("Sigmoid", "Mul"),
    }
)
"""Operators that other exporters write as several."""
ALIKE: Mapping[str, frozenset[str]] = MappingProxyType({op: frozenset(same) for same in _SETS for op in same})
"""Operators of one meaning and one kind of work, by each of them."""


def is_known(op: str, known: Collection[str]) -> bool:
    """Whether an operator, one of its meaning, or all that it is written out as, is among known ones."""
    if op in known or not ALIKE.get(op, frozenset()).isdisjoint(known):
        return True
    parts = _WRITTEN_OUT.get(op)
    return parts is not None and all(is_known(part, known) for part in parts)
