"""Tables of kernels: their fields and classes.

| field | meaning |
|---|---|
| `macs` | multiply-adds |
| `read`, `written`, `weights` | bytes of activations read and written, of constants read |
| `elements` | elements written |
| `groups`, `inputs`, `outputs` | of convolutions and products: groups, channels in and out of one group |
| `places` | places of the output (rows of a product) |
| `window`, `stride` | places of the window, largest stride |
| `curved` | elements put through exponentials, roots and the like |
| `joined` | operators that are run as this kernel |
| `width` | bytes of an element of what it computes in |
| `once` | 1 where it is the same for every item of a batch, as what depends on weights alone; else 0 |
| `last` | 1 where it works on maps whose channels stand side by side, else 0 |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archcast.featurize.operators import KINDS
from archcast.featurize.operators.counted import UNKNOWN

FIELDS = (
    *("macs", "read", "written", "weights", "elements"),
    *("groups", "inputs", "outputs", "places", "window", "stride"),
    *("curved", "joined", "width", "once", "last"),
)
CLASSES = (
    *(*KINDS, UNKNOWN, "cast", "layer_norm", "group_norm", "rms_norm", "fused"),
    *("turned", "resize_serial", "attention_masked"),
)
CURVED = frozenset(
    {
        *("Sigmoid", "Tanh", "Gelu", "Swish", "Mish", "Softplus", "Erf", "Exp", "Log", "Sqrt", "Pow", "Div"),
        *("Sin", "Cos", "Elu", "Celu", "Selu", "Softmax", "LogSoftmax", "Reciprocal"),
    }
)
"""Operators whose elements take more than a few additions and products."""
_PLACES = {name: place for place, name in enumerate(CLASSES)}


@dataclass(frozen=True, slots=True)
class Row:
    """One kernel of a table.

    Attributes:
        kind: of `CLASSES`.
        fields: values of `FIELDS`.
        part: part of the network.
        operators: operators that are run as it.
    """

    kind: str
    fields: Sequence[float]
    part: str
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KernelTable:
    """Kernels of one network under one program.

    Shapes:
        classes: uint8 (kernels,), places in `CLASSES`; fields: float64 (kernels, len(FIELDS))

    Attributes:
        parts: part of the network of each kernel.
        operators: operators of each kernel.
    """

    classes: NDArray[np.uint8]
    fields: NDArray[np.float64]
    parts: tuple[str, ...]
    operators: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.classes)

    def field(self, name: str) -> NDArray[np.float64]:
        """One field of every kernel, (kernels,)."""
        column: NDArray[np.float64] = self.fields[:, FIELDS.index(name)]
        return column

    @classmethod
    def of(cls, rows: Sequence[Row]) -> KernelTable:
        """The table of rows."""
        fields = np.array([row.fields for row in rows], dtype=np.float64).reshape(-1, len(FIELDS))
        classes = np.array([_PLACES[row.kind] for row in rows], dtype=np.uint8)
        return cls(classes, fields, tuple(row.part for row in rows), tuple(row.operators for row in rows))
