"""A saved space's function is found again, and what stands beside it is never run without end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.builders import READING, place_of
from archcast.featurize.spaces.define import define_space
from archcast.featurize.spaces.saved import saved_space

PHONE = "pixel4-tflite2.10-1large"
DEFINES = """
import subprocess, sys
import archcast
from archcast.featurize.spaces.builder import NetworkBuilder

with open({log!r}, "a") as log:
    log.write("ran\\n")
WIDTHS = [8, 16, 24, 32]

def build(choice):
    b = NetworkBuilder()
    b.conv(b.conv(b.input(3, 16), choice["width"], kernel=3), choice["last"], kernel=3)
    return b.network()

space = archcast.define_space("towers4", {{"width": WIDTHS, "last": [8, 16]}}, build)
"""
PREDICTS = """
print(archcast.predict([{"width": 16, "last": 8}], @PHONE, space=space).tolist())
"""
SEARCHES = """
found = archcast.search(
    space, maximize="accuracy", limits="latency@@PHONE<=1000", evaluations=16,
    score=lambda archs: [arch["width"] for arch in archs],
)
"""
STARTS = """
asked = [sys.executable, "-m", "archcast.cli", "predict", '{"width": 32, "last": 16}']
asked += ["--space", "towers4", "-d", @PHONE, "--json"]
print(subprocess.run(asked, stdout=subprocess.PIPE, text=True).stdout.count('"value"'))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(Path.cwd()))))
    return tmp_path


def _script(folder: Path, *parts: str) -> Path:
    path = folder / "my_towers.py"
    text = DEFINES.format(log=str(folder / "log")) + "".join(parts)
    path.write_text(text.replace("@@PHONE", f"@{PHONE}").replace("@PHONE", repr(PHONE)))
    return path


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, timeout=120)


def _asked(width: int) -> subprocess.CompletedProcess[str]:
    arch = json.dumps({"width": width, "last": 8})
    return _run("-m", "archcast.cli", "predict", arch, "--space", "towers4", "-d", PHONE, "--json")


def _times_run(folder: Path) -> int:
    return (folder / "log").read_text().count("ran")


@pytest.mark.parametrize(
    ("started", "more"),
    [(("my_towers.py",), SEARCHES), (("-c", "import my_towers"), ""), (("-m", "my_towers"), "")],
)
def test_a_script_without_a_guard_is_run_once_by_whatever_it_starts(folder, monkeypatch, started, more):
    monkeypatch.chdir(folder)
    _script(folder, PREDICTS, more, STARTS)
    done = _run(*started)
    assert done.returncode == 0, done.stderr
    here, others = done.stdout.splitlines()
    assert others == "1"
    asked = _asked(16)
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)[0]["value"] == pytest.approx(json.loads(here)[0], rel=1e-5)
    assert _times_run(folder) == 1


def test_a_module_that_must_be_imported_is_refused_where_it_asks_for_itself(folder):
    _script(folder, STARTS)
    assert _run("-c", "import my_towers").returncode == 0
    # of the module itself, of the command that it started, and none below that
    assert _times_run(folder) == 2
    told = {**os.environ, READING: "others,towers4"}
    words = ["-m", "archcast.cli", "predict", '{"width": 8, "last": 8}', "--space", "towers4", "-d", PHONE]
    done = subprocess.run([sys.executable, *words], env=told, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "put what it does, beside definitions, under if __name__ ==" in done.stderr


def test_worker_processes_of_a_guarded_script_answer(folder):
    path = _script(
        folder,
        "def ask(width):\n"
        "    arch = {'width': width, 'last': 8}\n"
        "    return float(archcast.predict([arch], @PHONE, space='towers4')[0])\n"
        "if __name__ == '__main__':\n"
        "    import multiprocessing\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(ask, WIDTHS) == [ask(width) for width in WIDTHS])\n",
    )
    done = _run(str(path))
    assert done.stdout == "True\n", done.stderr
    record = json.loads((folder / "home/spaces/towers4/space.json").read_text())
    assert record["build"]["module"] == ""
    assert _asked(8).returncode == 0


def test_a_function_that_builds_otherwise_than_it_did_is_refused(folder):
    path = _script(folder, PREDICTS)
    kept = path.read_text()
    path.write_text(
        kept.replace("WIDTHS = ", "setattr(sys, 'factor', 2)\nWIDTHS = ").replace(
            'choice["width"],', 'choice["width"] * getattr(sys, "factor", 1),'
        )
    )
    assert _run(str(path)).returncode == 0
    asked = _asked(24)
    assert asked.returncode == 2
    assert "builds other networks than when the space was defined" in asked.stderr


def test_tables_answer_where_the_function_is_gone(folder):
    path = _script(folder, "print(archcast.load(@PHONE, space=space).prepare().form.kind)\n", PREDICTS)
    kind, here = _run(str(path)).stdout.splitlines()
    assert kind == "sums"
    path.unlink()
    asked = _asked(16)
    assert json.loads(asked.stdout)[0]["value"] == pytest.approx(json.loads(here)[0], rel=1e-5)
    assert "answered from tables that were made of it before" in asked.stderr


class Maker:
    def build(self, choice):
        return choice

    @classmethod
    def made(cls, choice):
        return cls, choice


def test_only_what_a_name_leads_back_to_has_a_place(folder):
    assert place_of(Maker().build) is None
    assert place_of(lambda choice: choice) is None
    assert place_of(Maker()) is None
    found = place_of(Maker.made)
    assert found is not None
    assert (found["module"], found["name"], found["file"]) == (__name__, "Maker.made", __file__)
    define_space("towers4", {"width": [1, 2]}, Maker().build)
    saved = saved_space("towers4")
    assert saved is not None
    assert saved.record["build"] is None
    SPACES.forget("towers4")
