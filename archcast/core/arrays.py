"""Array types that signatures name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Codes: TypeAlias = NDArray[np.int8]
"""(n, k), one column per decision."""
Floats: TypeAlias = NDArray[np.float32]
Doubles: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Arch: TypeAlias = Any
"""One architecture in its space's own notation (string, list of integers or dict)."""
ArchBatch: TypeAlias = Sequence[Arch] | NDArray[np.integer[Any]]
