"""Networks of FBNet as others write them.

| notation | who writes it so |
|---|---|
| fbnet_names | FBNet: 22 names of blocks, also as `ir_k3_e1` |
| op_idx_list | configurations of HW-NAS-Bench and HELP: `{"op_idx_list": [22 numbers], ...}` |
"""

from __future__ import annotations

import re
from typing import Any

from archcast.featurize.spaces.fbnet_notation import BLOCKS, N_LAYERS
from archcast.featurize.spaces.foreign.form import Foreign, Form, Known, is_whole, listed

_PREFIX = "ir_"
_BARE = re.compile(r"[\s,;]+")
_NUMBERS = frozenset(map(str, range(len(BLOCKS))))
_LONGEST = 200


def _are_names(item: Any) -> bool:
    return listed(item, N_LAYERS) and all(
        isinstance(name, str) and name.strip().removeprefix(_PREFIX) in BLOCKS for name in item
    )


def _names(item: Any) -> list[int]:
    return [BLOCKS.index(name.strip().removeprefix(_PREFIX)) for name in item]


def _is_list(item: Any) -> bool:
    indices = item.get("op_idx_list") if isinstance(item, dict) else None
    return listed(indices, N_LAYERS) and all(is_whole(value, len(BLOCKS)) for value in indices or ())


def _are_bare(item: Any) -> bool:
    numbers = _BARE.split(item.strip()) if isinstance(item, str) and len(item) < _LONGEST else []
    return len(numbers) == N_LAYERS and all(n in _NUMBERS for n in numbers)


NOTATIONS = (
    Foreign("fbnet_names", "FBNet's names of blocks", _are_names, _names),
    Foreign(
        "op_idx_list",
        "a configuration with the key op_idx_list",
        _is_list,
        lambda item: list(item["op_idx_list"]),
        beside=", and name its data set by dataset=",
    ),
)
FORMS: tuple[Known, ...] = (
    *NOTATIONS,
    Form("FBNet's numbers without brackets", _are_bare, "put them in brackets, as [7, 8, ...]"),
)
