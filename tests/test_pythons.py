"""What can be told of Pythons later than the one that runs the tests: no module is used that they lack."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
REMOVED = {
    "3.12": {"asynchat", "asyncore", "distutils", "imp", "smtpd"},
    "3.13": {
        *(
            "aifc",
            "audioop",
            "cgi",
            "cgitb",
            "chunk",
            "crypt",
            "imghdr",
            "lib2to3",
            "mailcap",
            "msilib",
            "nis",
        ),
        *("nntplib", "ossaudiodev", "pipes", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib"),
    },
}
"""Version -> modules of the standard library that it has no longer; 3.14 removed names alone."""
NAMES = {
    "3.12": {"ast.Num", "ast.Str", "ast.Bytes", "configparser.SafeConfigParser", "pkgutil.ImpImporter"},
    "3.13": {"locale.resetlocale", "re.template", "typing.io", "typing.re", "unittest.makeSuite"},
    "3.14": {"asyncio.get_child_watcher", "ast.NameConstant", "pkgutil.find_loader", "pty.slave_open"},
}
"""Version -> names that it has no longer, of modules that are there."""


def used(path: Path) -> Iterator[str]:
    """Modules that a file imports, and attributes that it reads of plain names."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


@pytest.fixture(scope="module")
def names() -> dict[str, Path]:
    files = [*(ROOT / "archcast").rglob("*.py"), *(ROOT / "examples").rglob("*.py")]
    return {name: path for path in files for name in used(path)}


@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
def test_nothing_is_used_that_a_later_python_lacks(names: dict[str, Path], version: str) -> None:
    gone = REMOVED.get(version, set()) | NAMES[version]
    assert {name: path for name, path in names.items() if name in gone} == {}
    assert {"asyncio", "json", "sys.executable"} <= names.keys(), "imports and attributes are seen"


def test_what_is_gone_would_be_found(tmp_path: Path) -> None:
    path = tmp_path / "old.py"
    path.write_text("import imp\nfrom cgi import escape\nimport locale\nlocale.resetlocale()\n")
    assert {"imp", "cgi", "locale.resetlocale"} <= set(used(path))
