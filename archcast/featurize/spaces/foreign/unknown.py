"""Forms of spaces that are not known, and of things that are no architecture: named, never read."""

from __future__ import annotations

import re
from typing import Any

from archcast.featurize.networks import is_module, is_network
from archcast.featurize.spaces.foreign.form import Form, Known, listed

_INSTEAD = "its space is not known, so give its networks as model files or torch modules"
_SIZE = re.compile(r"\d{1,3}(?::\d{1,3}){4}")
_TRANS = re.compile(r"\d{2}-[1-4]{2,8}-(?:basic|[0-3]_[0-3]{2}_[0-3]{3})")
_BENCH_101 = {"conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"}
_ENDS = {"input", "output"}
_FIXED_DIGITS = 8
_OTHER_FILES = (
    *(".pt", ".pth", ".ckpt", ".safetensors", ".tflite", ".h5", ".keras", ".pb", ".mlmodel", ".mlpackage"),
    *(".engine", ".trt", ".plan", ".bin", ".pdmodel"),
)
_BLOCKS_OF_FBNET = 22


def _text(item: Any) -> str:
    return item.strip() if isinstance(item, str) else ""


def _fields(item: Any) -> set[str]:
    """Keys of a mapping, names of a record's fields, or attributes of an object."""
    if isinstance(item, dict):
        return {key for key in item if isinstance(key, str)}
    return set(getattr(item, "_fields", ())) or set(getattr(item, "__dict__", ()))


def _is_genotype(item: Any) -> bool:
    return {"normal", "reduce"} <= _fields(item) or _text(item).startswith("Genotype(")


def _is_301(item: Any) -> bool:
    keys = _fields(item)
    if any(key.startswith("NetworkSelectorDatasetInfo:darts:") for key in keys):
        return True
    return listed(item, 2) and all(
        listed(cell, 8) and all(listed(e, 2) and all(isinstance(v, int) for v in e) for e in cell)
        for cell in item
    )


def _is_101(item: Any) -> bool:
    operations: Any = item
    if isinstance(item, dict):
        operations = next((item[k] for k in ("ops", "module_operations", "labels") if k in item), None)
        values = [value for key, value in item.items() if _is_op(key) and isinstance(value, str)]
        if any(value in _BENCH_101 or value == "conv3x3" for value in values):
            return True
    elif hasattr(item, "ops"):
        operations = item.ops
    elif listed(item, 2) and isinstance(item[1], list | tuple):
        operations = item[1]
    if not isinstance(operations, list | tuple):
        return False
    names = {value for value in operations if isinstance(value, str)}
    return bool(names & _BENCH_101) or (names >= _ENDS and len(names) > 1)


def _is_op(key: Any) -> bool:
    return isinstance(key, str) and re.fullmatch(r"op\d", key) is not None


def _is_graph(item: Any) -> bool:
    """Whether it is a matrix of zeros and ones a row a node, alone or as `ops`, as HELP has it."""
    rows = item.get("ops", item.get("operation")) if isinstance(item, dict) else item
    return (
        isinstance(rows, list | tuple)
        and len(rows) > 1
        and all(isinstance(row, list | tuple) and len(row) == len(rows[0]) > 1 for row in rows)
        and all(isinstance(value, int | float) and value in (0, 1) for row in rows for value in row)
        and all(sum(row) <= 1 for row in rows)
    )


def _is_lost(item: Any) -> bool:
    """Whether it is a whole number that may be eight digits 0, 1 and 2 whose zeros were lost."""
    whole = isinstance(item, int) and not isinstance(item, bool)
    return whole and 0 <= item < 10**_FIXED_DIGITS and set(str(item)) <= set("012")


def _are_several(item: Any) -> bool:
    """Whether it is a list of numbers, some too large for choices, and no network of FBNet with a slip."""
    numbers = item if isinstance(item, list | tuple) else ()
    whole = all(isinstance(n, int) and not isinstance(n, bool) for n in numbers)
    return whole and len(numbers) != _BLOCKS_OF_FBNET and max(numbers, default=0) > 99


def _is_quoted(item: Any) -> bool:
    text = _text(item)
    return len(text) > 2 and text[0] == text[-1] and text[0] in "'\"`"


def _is_content(item: Any) -> bool:
    return isinstance(item, bytes | bytearray | memoryview)


FORMS: tuple[Known, ...] = (
    Form("NATS-Bench's size space", lambda item: _SIZE.fullmatch(_text(item)) is not None, _INSTEAD),
    Form("TransNAS-Bench-101", lambda item: _TRANS.fullmatch(_text(item)) is not None, _INSTEAD),
    Form("a genotype of DARTS", _is_genotype, _INSTEAD),
    Form("NAS-Bench-301's configuration of a cell of DARTS", _is_301, _INSTEAD),
    Form("a cell of NAS-Bench-101", _is_101, _INSTEAD),
    Form(
        "HELP's graph of one-hot rows",
        _is_graph,
        'give the text or the index (notation="index") of its cell, or the numbers of its blocks',
    ),
    Form(
        "numbers of several networks in one list",
        _are_several,
        'give each as an item of its own: an index with notation="index", NAS-Bench-Macro\'s digits as text',
    ),
    Form("text in quotes", _is_quoted, "leave the quotes out"),
    Form(
        "NAS-Bench-Macro's digits as a number, which loses the zeros before it",
        _is_lost,
        "write them as text of 8 digits, as '02012100'",
    ),
    Form(
        "a model file of a form that is not read",
        lambda item: _text(item).lower().endswith(_OTHER_FILES),
        "export the model as ONNX, or give the torch module to archcast.network with an example",
    ),
    Form("the content of a file", _is_content, "read it with archcast.network, and give what that gives"),
    Form(
        "a network or model file, which is of no search space",
        lambda item: is_network(item) or is_module(item),
        'leave the space out, or name the space "network"',
    ),
)
