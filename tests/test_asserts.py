"""No test can pass because its loop had nothing to go over, or its condition never held.

A test must check something on every way through it: outside of loops and conditions, or in a loop over
something that is written out and therefore not empty.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
FILES = sorted(TESTS.rglob("test_*.py"))
CHECKS = ("raises", "warns", "fail")
PASSED_ON = {"enumerate", "zip", "sorted", "reversed", "list", "set", "tuple", "product", "batched"}
METHODS = {"items", "values", "keys"}

Names = Mapping[str, ast.expr]


def is_check(node: ast.AST) -> bool:
    """Whether a node alone is a check: an assert, or a call that is one by its name."""
    if isinstance(node, ast.Assert):
        return True
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in CHECKS or name.startswith(("assert_", "check"))


def written_out(node: ast.expr, names: Names) -> bool:
    """Whether what is gone over is not empty, as far as the file itself says so."""
    if isinstance(node, ast.Name) and node.id in names:
        return written_out(names[node.id], {k: v for k, v in names.items() if k != node.id})
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return any(not isinstance(e, ast.Starred) or written_out(e.value, names) for e in node.elts)
    if isinstance(node, ast.Dict):
        return bool(node.keys)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str | bytes) and bool(node.value)
    if isinstance(node, ast.Call):
        return _call_written_out(node, names)
    return False


def _call_written_out(node: ast.Call, names: Names) -> bool:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr in METHODS and written_out(node.func.value, names)
    if not isinstance(node.func, ast.Name) or not node.args:
        return False
    if node.func.id == "range":
        *start, stop = [getattr(a, "value", None) for a in node.args[:2]]
        return isinstance(stop, int) and stop > (start[0] if start and start[0] is not None else 0)
    if node.func.id == "zip":
        some = any if any(k.arg == "strict" for k in node.keywords) else all
        return some(written_out(a, names) for a in node.args)
    return node.func.id in PASSED_ON and all(written_out(a, names) for a in node.args[:1])


def surely_checks(body: list[ast.stmt], names: Names) -> bool:
    """Whether some statement of the body checks whatever happens."""
    return any(_surely_checks(node, names) for node in body)


def _surely_checks(node: ast.stmt, names: Names) -> bool:
    if isinstance(node, ast.For | ast.AsyncFor):
        return written_out(node.iter, names) and surely_checks(node.body, names)
    if isinstance(node, ast.If):
        return surely_checks(node.body, names) and surely_checks(node.orelse, names)
    if isinstance(node, ast.While | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    if isinstance(node, ast.With | ast.AsyncWith):
        heads = (n for item in node.items for n in ast.walk(item))
        return any(map(is_check, heads)) or surely_checks(node.body, names)
    if isinstance(node, ast.Try):
        return surely_checks(node.body, names) or surely_checks(node.finalbody, names)
    return any(map(is_check, ast.walk(node)))


def constants(body: list[ast.stmt]) -> dict[str, ast.expr]:
    """What names stand for that are given once, by their name alone."""
    found: dict[str, list[ast.expr]] = {}
    for node in body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def loose(source: str) -> Iterator[str]:
    """Tests that have checks and may run none of them."""
    tree = ast.parse(source)
    outer = constants(tree.body)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            names = outer | constants(node.body)
            if any(map(is_check, ast.walk(node))) and not surely_checks(node.body, names):
                yield f"{node.name} (line {node.lineno})"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(TESTS).as_posix())
def test_checks_are_made_whatever_happens(file: Path) -> None:
    assert list(loose(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("assert f()", False),
        ("for x in f():\n  assert x", True),
        ("assert f()\n for x in f():\n  assert x", False),
        ("for x in (1, 2):\n  assert x", False),
        ("for x in ():\n  assert x", True),
        ("for x in ALL:\n  assert x", False),
        ("for x in NONE:\n  assert x", True),
        ("for x, y in zip(f(), ALL, strict=True):\n  assert x", False),
        ("for x, y in zip(f(), ALL):\n  assert x", True),
        ("for x in range(3):\n  assert x", False),
        ("for x in range(n):\n  assert x", True),
        ("if f():\n  assert f()", True),
        ("if f():\n  assert f()\n else:\n  assert g()", False),
        ("with pytest.raises(E):\n  f()", False),
        ("f()", False),
    ],
)
def test_a_test_that_may_check_nothing_is_found(body: str, found: bool) -> None:
    source = f"ALL = [1]\nNONE = []\ndef test_it():\n {body}\n"
    assert bool(list(loose(source))) == found
