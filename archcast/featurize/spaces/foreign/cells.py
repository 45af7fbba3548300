"""Cells of NAS-Bench-201 as others write them.

| notation | who writes it so |
|---|---|
| naslib | NASLib: numbers of operations, 0 skip, 1 none, 2 3x3, 3 1x1, 4 pool, by `NASLIB_EDGES` |
| nni | NNI: `{"0_1": "conv_3x3", ...}` |
| index | NAS-Bench-201 and NATS-Bench: the number of the cell, 0 to 15,624 |
| structure | AutoDL: `Structure(4 nodes with |...|)`, as text or itself |
| str2lists | NAS-Bench-201: `[[("none", 0)], [("none", 0), ("none", 1)], [...]]` |
| str2matrix | NAS-Bench-201: 4 x 4, row the node, column where its edge comes from, numbers of operations |
| arch_str | configurations of NAS-Bench-201 and HW-NAS-Bench: `{"arch_str": "|...|", "C": 16, "N": 5, ...}` |
"""

from __future__ import annotations

import re
from typing import Any

from archcast.core.errors import InputError, shorten
from archcast.featurize.spaces.foreign.form import Foreign, Form, Known, is_whole, listed
from archcast.featurize.spaces.nasbench201_notation import EDGES, OPERATIONS, all_texts, numbers_by_index

NASLIB_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
NASLIB_OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
NNI_OPERATIONS = {
    "none": "none",
    "skip_connect": "skip_connect",
    "conv_1x1": "nor_conv_1x1",
    "conv_3x3": "nor_conv_3x3",
    "avg_pool_3x3": "avg_pool_3x3",
}
_NODES = 4
_DIGITS = 6
"""Of an index that is filled up with zeros, as names of the benchmark's files are."""
_MEMBERS = len(OPERATIONS) ** len(EDGES)
_CELL = re.compile(r"\|[^|+]+(?:\|\+?\|?[^|+\s]+~\d)*\|")
_STRUCTURE = re.compile(r"Structure\((\d+) nodes with (\|.*\|)\)")
_FIXED = {"C": 16, "N": 5}
"""What a configuration says of the networks around the cells, and what it is in the benchmark."""


def cell(operations: dict[tuple[int, int], str]) -> str:
    """The text of a cell by the operation of each edge."""
    nodes = []
    for node in range(1, _NODES):
        nodes.append("".join(f"|{operations[u, node]}~{u}" for u in range(node)) + "|")
    return "+".join(nodes)


def _is_naslib(item: Any) -> bool:
    return listed(item, len(EDGES)) and all(is_whole(value, len(OPERATIONS)) for value in item)


def _naslib(item: Any) -> str:
    return cell({e: NASLIB_OPERATIONS[value] for e, value in zip(NASLIB_EDGES, item, strict=True)})


def _is_nni(item: Any) -> bool:
    edges = {f"{u}_{v}" for u, v in EDGES}
    return isinstance(item, dict) and item.keys() == edges


def _nni(item: Any) -> str:
    for edge, name in item.items():
        if name not in NNI_OPERATIONS:
            raise InputError(
                f"operation of edge {edge} must be one of {', '.join(NNI_OPERATIONS)}, got {shorten(name)}"
            )
    return cell({(u, v): NNI_OPERATIONS[item[f"{u}_{v}"]] for u, v in EDGES})


def _is_number(item: Any) -> bool:
    if isinstance(item, str):
        text = item.strip()
        return text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) < _MEMBERS
    return is_whole(item, _MEMBERS)


def _is_index(item: Any) -> bool:
    """As `_is_number` but for text of 0, 1 and 2 alone, which may be of NAS-Bench-Macro."""
    return _is_number(item) and not (isinstance(item, str) and set(item.strip()) <= set("012"))


def _index(item: Any) -> str:
    return all_texts()[int(numbers_by_index()[int(item)])]


def _text_of(item: Any) -> str | None:
    """What a structure is written as; None for what is none."""
    if hasattr(item, "tostr") and hasattr(item, "nodes"):  # AutoDL's own object
        return f"Structure({_NODES} nodes with {item.tostr()})"
    return item.strip() if isinstance(item, str) else None


def _is_structure(item: Any) -> bool:
    return _STRUCTURE.fullmatch(_text_of(item) or "") is not None


def _structure(item: Any) -> str:
    match = _STRUCTURE.fullmatch(_text_of(item) or "")
    if match is None or int(match[1]) != _NODES:
        raise InputError(f"cells must have {_NODES} nodes, got {shorten(item)}")
    return match[2]


def _is_lists(item: Any) -> bool:
    return listed(item, _NODES - 1) and all(
        listed(node, place) and all(listed(e, 2) and isinstance(e[0], str) for e in node)
        for place, node in enumerate(item, 1)
    )


def _lists(item: Any) -> str:
    for place, node in enumerate(item, 1):
        if [int(edge[1]) if is_whole(edge[1], _NODES) else -1 for edge in node] != list(range(place)):
            raise InputError(f"node {place} must have one edge of each node before it, got {shorten(node)}")
    return "+".join("".join(f"|{name}~{source}" for name, source in node) + "|" for node in item)


def _is_matrix(item: Any) -> bool:
    return listed(item, _NODES) and all(
        listed(row, _NODES) and all(is_whole(value, len(OPERATIONS)) for value in row) for row in item
    )


def _matrix(item: Any) -> str:
    if any(value for u, row in enumerate(item) for value in row[u:]):
        raise InputError("entries on and above the diagonal must be 0")
    return cell({(u, v): OPERATIONS[item[v][u]] for u, v in EDGES})


def _is_config(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("arch_str"), str)


def _config(item: Any) -> str:
    for key, value in _FIXED.items():
        if item.get(key, value) != value:
            raise InputError(f"{key} must be {value}, as in NAS-Bench-201's networks, got {item[key]!r}")
    return str(item["arch_str"]).strip()


def _holds_cell(item: Any) -> bool:
    """Whether text has a cell among other words, as lines of a log and text in quotes have."""
    cell = _CELL.search(item) if isinstance(item, str) and len(item) < 500 else None
    return cell is not None and "~" in cell[0] and cell[0] != item.strip() and item.strip()[:1] != "|"


NOTATIONS = (
    Foreign(
        "naslib",
        "NASLib's numbers of operations",
        _is_naslib,
        _naslib,
        beside="; archcast's own codes are given as a NumPy array",
    ),
    Foreign("nni", "NNI's cell of NAS-Bench-201", _is_nni, _nni),
    Foreign("structure", "AutoDL's Structure", _is_structure, _structure, is_text=True),
    Foreign("str2lists", "NAS-Bench-201's str2lists", _is_lists, _lists),
    Foreign("str2matrix", "NAS-Bench-201's str2matrix", _is_matrix, _matrix),
    Foreign(
        "arch_str",
        "a configuration with the key arch_str",
        _is_config,
        _config,
        beside=", and name its data set by dataset=",
    ),
    Foreign("index", "an index of NAS-Bench-201", _is_index, _index, _is_number, is_text=True),
)
FORMS: tuple[Known, ...] = (
    *NOTATIONS,
    Form("text that holds a cell of NAS-Bench-201", _holds_cell, "give the cell alone, from bar to bar"),
)
