"""Of a script that is read for one of its functions nothing else is run."""

import sys

import pytest

from archcast.featurize.spaces.script import definitions_of

SCRIPT = """
from __future__ import annotations
import math
import sys
import archcast
from archcast import predict as ask
from functools import partial

raise_it = 1 / 1
LOADED = open("/nowhere/at/all")
TABLE = {"a": [1, len("ab")]}
TABLE["b"] = [3]
for name in ("c", "d"):
    TABLE[name] = [math.pi]
TABLE.update(e=[5])
half = partial(math.pow, 2)
try:
    import nowhere_to_be_found
except ImportError:
    nowhere_to_be_found = None
TABLE["asked"] = archcast.predict(TABLE)
TABLE["also"] = ask(TABLE)
if True:
    raise SystemExit


class Maker:
    rate = half(3)

    @staticmethod
    def build(choice):
        LOADED = sorted(TABLE)
        return LOADED, Maker.rate, nowhere_to_be_found


print("ran")
"""


def test_what_a_function_stands_on_is_there_and_nothing_else(tmp_path, capsys):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    module = definitions_of(script, "Maker")
    assert module.Maker.build({}) == (["a", "b", "c", "d", "e"], 8.0, None)
    assert not {"LOADED", "raise_it", "ask"} & set(vars(module))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "text",
    [
        "import beside_it\ndef f(): return beside_it.VALUE\n",
        "def f():\n    import beside_it\n    return beside_it.VALUE\n",
        "from beside_it import *\ndef f(): return VALUE\n",
        "import sys\nsys.path.insert(0, DEEP)\nfrom deeper import VALUE\ndef f(): return VALUE\n",
    ],
)
def test_modules_are_found_where_the_script_finds_them(tmp_path, monkeypatch, text):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "deep").mkdir()
    (tmp_path / "beside_it.py").write_text("VALUE = 7\n")
    (tmp_path / "deep/deeper.py").write_text("VALUE = 7\n")
    script = tmp_path / "script.py"
    script.write_text(text.replace("DEEP", repr(str(tmp_path / "deep"))))
    assert definitions_of(script, "f").f() == 7
    for name in ("beside_it", "deeper"):
        sys.modules.pop(name, None)


def test_relative_imports_start_from_the_package(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    folder = tmp_path / "made_up_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "blocks.py").write_text("VALUE = 7\n")
    (folder / "spaces.py").write_text("from .blocks import VALUE\ndef f(): return VALUE\n1 / 0\n")
    assert definitions_of(folder / "spaces.py", "f", package="made_up_package").f() == 7
    for name in ("made_up_package", "made_up_package.blocks"):
        sys.modules.pop(name, None)
