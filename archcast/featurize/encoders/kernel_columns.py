"""Names and versions of what predictors of networks read, by which alone each of them is refused.

| part | columns | read |
|---|---|---|
| `kernels` | what makes and describes kernels, as a whole: `KERNELS_VERSION` | whole |
| `fields` | fields of each kernel, see `archcast.featurize.encoders.kernel_table` | whole |
| `classes` | classes of kernels | whole |
| `operators` | operators of the networks that it learned from | by name |

`KERNELS_VERSION` is raised where the same network becomes other kernels.
"""

from __future__ import annotations

from collections.abc import Iterable

from archcast.featurize.encoders.columns import Columns
from archcast.featurize.encoders.kernel_table import CLASSES, FIELDS
from archcast.featurize.operators import OPERATORS

KERNELS_VERSION = 3


def kernel_columns(operators: Iterable[str]) -> dict[str, dict[str, int]]:
    """What a predictor of networks with these operators reads; operators not understood have no version."""
    return _whole() | {"operators": {op: OPERATORS[op].version for op in operators if op in OPERATORS}}


def kernel_refusal(read: Columns) -> str:
    """Why what was read once cannot be read now, in one clause; empty where it can."""
    whole = _whole()
    for part, recorded in read.items():
        if part == "operators":
            for op, version in recorded.items():
                if op not in OPERATORS:
                    return f"it reads the operator {op} of networks, which this version lacks"
                if OPERATORS[op].version != version:
                    return (
                        f"it reads the operator {op} of networks in version {version}; "
                        f"this version has {OPERATORS[op].version}"
                    )
        elif part not in whole:
            return f"it reads {part} of networks, which this version does not know"
        elif list(recorded.items()) != list(whole[part].items()):
            return f"it reads {part} of networks that this version has otherwise"
    return ""


def _whole() -> dict[str, dict[str, int]]:
    return {
        "kernels": {"kernels": KERNELS_VERSION},
        "fields": dict.fromkeys(FIELDS, 1),
        "classes": dict.fromkeys(CLASSES, 1),
    }
