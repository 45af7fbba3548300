"""What a script defines, without running it: its imports, functions, classes and constants."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType

_PLAIN = {"bool", "dict", "float", "frozenset", "int", "len", "list", "max", "min", "range", "set", "str"}
_PLAIN |= {"sorted", "sum", "tuple", "zip", "enumerate", "round", "abs"}
_KEPT = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def definitions_of(path: Path) -> ModuleType:
    """A module of a script's imports, functions, classes, and of names that it gives plain values.

    Nothing else of the script is run: neither calls, but those that make Python's own plain values, nor loops
    and conditions. While it is made, modules beside the script can be imported.

    Raises:
        OSError, SyntaxError, and whatever an import or a definition raises.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    tree.body = [node for node in tree.body if isinstance(node, _KEPT) or _is_constant(node)]
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    sys.path.insert(0, str(path.parent))
    try:
        exec(compile(tree, str(path), "exec"), module.__dict__)
    finally:
        sys.path.remove(str(path.parent))
    return module


def _is_constant(node: ast.stmt) -> bool:
    """Whether a statement gives a name a value and calls nothing but what makes plain values."""
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return False
    calls = (inner.func for inner in ast.walk(node.value) if isinstance(inner, ast.Call))
    return all(isinstance(func, ast.Name) and func.id in _PLAIN for func in calls)
