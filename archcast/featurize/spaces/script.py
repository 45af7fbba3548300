"""What a script defines, without running it: one of its functions, and all that the function stands on."""

from __future__ import annotations

import ast
import dis
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType

_LOADS = {"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"}
_STORES = {"STORE_NAME", "STORE_GLOBAL", "DELETE_NAME"}
_PACKAGE = __name__.partition(".")[0]
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def definitions_of(path: Path, name: str, *, package: str = "") -> ModuleType:
    """A module of what a script's function or class needs: imports, definitions, and statements on its names.

    Kept is what binds or changes a name that the function uses, or that something kept uses, and what is
    done to `sys.path`. All else is left out, and so is every statement that calls something of archcast
    itself such as `archcast.predict`. The folder of the script is where its imports look, too.

    Args:
        name: of the function or class; of one within a class, the class.
        package: that the script's relative imports start from.

    Raises:
        OSError, SyntaxError, and whatever an import or a definition raises.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    tree.body = _needed(tree.body, name)
    module = ModuleType(path.stem)
    module.__file__, module.__package__ = str(path), package
    root = str(path.parents[len(package.split(".")) if package else 0])
    sys.path.insert(0, root)
    try:
        exec(compile(tree, str(path), "exec"), module.__dict__)
    finally:
        sys.path.remove(root)
        if root not in sys.path:
            sys.path.append(root)  # of imports within functions
    return module


def _needed(body: list[ast.stmt], name: str) -> list[ast.stmt]:
    """Statements that a name stands on, in their order."""
    own = _own_names(body)
    left = {place: node for place, node in enumerate(body) if not _calls(node, own)}
    wanted, kept = {name}, set[int]()
    while True:
        found = [
            place for place in left.keys() - kept if _changes(left[place]) & (wanted | {"*", "sys.path"})
        ]
        if not found:
            return [body[place] for place in sorted(kept)]
        kept.update(found)
        for place in found:
            wanted |= _names(_code(left[place]), _LOADS)


def _code(node: ast.stmt) -> CodeType:
    return compile(ast.Module([node], []), "<script>", "exec", dont_inherit=True)


def _names(code: CodeType, operations: set[str]) -> set[str]:
    """Names of a module that code and what lies within it loads, or stores."""
    found = {str(one.argval) for one in dis.get_instructions(code) if one.opname in operations}
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found |= _names(inner, operations - {"STORE_NAME", "DELETE_NAME"})
    return found


def _changes(node: ast.stmt) -> set[str]:
    """Names that a statement binds, or whose values it may change; `*` where any may be."""
    if isinstance(node, ast.ImportFrom) and (node.module == "__future__" or node.names[0].name == "*"):
        return {"*"}
    found = _names(_code(node), _STORES)
    changed: list[ast.expr] = []
    inside: list[ast.AST] = list(node.decorator_list) if isinstance(node, _DEFINITIONS) else [node]
    for inner in (one for start in inside for one in ast.walk(start)):
        if isinstance(inner, ast.Attribute | ast.Subscript) and not isinstance(inner.ctx, ast.Load):
            changed.append(inner)
        elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            changed.append(inner.func)
    for one in changed:
        words = list(_words(one))
        found.add("sys.path" if words[:2] == ["sys", "path"] else words[0])
    return found


def _words(node: ast.expr) -> Iterator[str]:
    """`a`, `b`, `c` of an expression such as `a.b[0].c()`; the first is empty where that is no name."""
    if isinstance(node, ast.Attribute):
        yield from _words(node.value)
        yield node.attr
    elif isinstance(node, ast.Subscript | ast.Starred):
        yield from _words(node.value)
    elif isinstance(node, ast.Call):
        yield from _words(node.func)
    else:
        yield node.id if isinstance(node, ast.Name) else ""


def _own_names(body: list[ast.stmt]) -> set[str]:
    """Names under which a script has archcast, and what it took from it directly."""
    names = set()
    for node in (one for statement in body for one in ast.walk(statement)):
        if isinstance(node, ast.Import):
            names |= {
                (alias.asname or _PACKAGE) for alias in node.names if alias.name.split(".")[0] == _PACKAGE
            }
        elif isinstance(node, ast.ImportFrom) and node.module == _PACKAGE:
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def _calls(node: ast.stmt, names: set[str]) -> bool:
    """Whether a statement, when it is run, itself calls something of some names."""
    if isinstance(node, _DEFINITIONS):
        return False
    calls = (inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call))
    return any(next(_words(func)) in names for func in calls)
