"""Which NAS-Bench-201 cells are equal: dead edges, isomorphism, and identity edges merged.

Edges are columns in the order 0-1, 0-2, 1-2, 0-3, 1-3, 2-3; operation 0 is `none`, 1 `skip_connect`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archcast.core.arrays import Bools, Codes, Ints
from archcast.featurize.spaces.nasbench201_notation import EDGES, NONE, SKIP

_NOTHING = "#"
STARTS, ENDS = zip(*EDGES, strict=True)
"""Nodes that each edge goes from and to."""


def live_edges(codes: Codes) -> Bools:
    """Which edges carry something from node 0 to node 3.

    Shapes:
        codes: (n, 6); output: (n, 6)
    """
    used = codes != NONE
    from_input, to_output = np.zeros((2, len(codes), 4), dtype=bool)
    from_input[:, 0] = to_output[:, 3] = True
    for e, (u, v) in enumerate(EDGES):
        from_input[:, v] |= used[:, e] & from_input[:, u]
    for e, (u, v) in reversed(list(enumerate(EDGES))):
        to_output[:, u] |= used[:, e] & to_output[:, v]
    live: Bools = used & from_input[:, STARTS] & to_output[:, ENDS]
    return live


def canonical_forms(codes: Codes, *, skips_merge: bool) -> Ints:
    """Row of the first cell in `codes` that each cell equals.

    Args:
        skips_merge: read `skip_connect` as identity, so that the nodes it joins are one.

    Shapes:
        codes: (n, 6), all cells; output: (n,)
    """
    live = np.where(live_edges(codes), codes, NONE)
    first: dict[object, int] = {}
    forms = []
    for row, code in enumerate(live.tolist()):
        form = _function(code) if skips_merge else _least_relabelled(code)
        forms.append(first.setdefault(form, row))
    return np.array(forms, dtype=np.int64)


def published_forms(codes: Codes, names: Sequence[str]) -> Ints:
    """Row of the first cell in `codes` of each cell's class among the published 6,466.

    A node is the sum of its edges' terms in the order of their text; `skip_connect` brings the node's own
    sum, and `none`, or an operation on nothing but one `none`, a term of its own (Dong and Yang,
    NAS-Bench-201, ICLR 2020).

    Args:
        names: of the operations, which the order goes by.

    Shapes:
        codes: (n, 6), all cells; output: (n,)
    """
    first: dict[str, int] = {}
    return np.array([first.setdefault(_published(code, names), i) for i, code in enumerate(codes.tolist())])


def _published(code: list[int], names: Sequence[str]) -> str:
    sums = ["x", "", "", ""]
    for node in (1, 2, 3):
        terms = []
        for (u, v), operation in zip(EDGES, code, strict=True):
            if v != node:
                continue
            if operation == NONE or sums[u] == _NOTHING:
                terms.append(_NOTHING)
            else:
                terms.append(sums[u] if operation == SKIP else f"({sums[u]})@{names[operation]}")
        sums[node] = "+".join(sorted(terms))
    return sums[3]


def _least_relabelled(code: list[int]) -> tuple[int, ...]:
    """Lesser of the cell and the cell with inner nodes renamed, which needs no edge between them."""
    a, b, c, d, e, f = code
    same = (a, b, c, d, e, f)
    return same if c != NONE else min(same, (b, a, c, d, f, e))


def _function(code: list[int]) -> str:
    """The output as one sum of operations on sums, terms sorted; equal text, equal function."""
    values: list[list[str]] = [["x"], [], [], []]
    for node in (1, 2, 3):
        terms = []
        for (u, v), operation in zip(EDGES, code, strict=True):
            if v == node and operation != NONE and values[u]:
                terms += values[u] if operation == SKIP else [f"{operation}({'+'.join(values[u])})"]
        values[node] = sorted(terms)
    return "+".join(values[3])
