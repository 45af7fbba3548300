"""A defined space is found by its name in another process, with what can be known there."""

import json
import subprocess
import sys

import numpy as np
import pytest

from archcast.core.errors import ArchcastWarning, InputError
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.builders import is_same_file
from archcast.featurize.spaces.define import define_space
from archcast.featurize.spaces.saved import saved_names, saved_space

SCRIPT = """
import archcast
from archcast.featurize.spaces.builder import NetworkBuilder

SIDE = int(16)

def build(choice):
    b = NetworkBuilder()
    b.conv(b.input(3, SIDE), choice["width"], kernel=3)
    return b.network()

print("ran")
space = archcast.define_space("towers3", {"width": [8, 16], "kind": ["a", "b"]}, build)
"""
ASK = """
import archcast
space = archcast.spaces("towers3")
print(space.network(space.parse([{"width": 16, "kind": "b"}])[0]).summary().params)
print(archcast.parse([{"width": 16, "kind": "b"}]).tolist())
"""


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))
    yield tmp_path
    SPACES.forget("towers3")


def _run(*arguments):
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.stdout.split("\n")[:-1]


def test_another_process_finds_a_script_s_space_and_does_not_run_the_script(home):
    script = home / "mine.py"
    script.write_text(SCRIPT)
    assert _run(str(script)) == ["ran"]
    assert saved_names() == ("towers3",)
    assert _run("-c", ASK) == ["432", "[[1, 1]]"]
    record = json.loads((home / "home/spaces/towers3/space.json").read_text())
    assert is_same_file(record["build"])
    script.write_text(SCRIPT + "\n")
    assert not is_same_file(record["build"])


def test_of_a_function_that_is_nowhere_all_but_networks_is_known(home):
    define_space("towers3", {"width": [8, 16]}, lambda choice: None, example=(1, 3, 8, 8))
    found = saved_space("towers3")
    assert found is not None
    assert found.datasets == ("3x8x8",)
    np.testing.assert_array_equal(found.parse([{"width": 16}]), [[1]])
    with pytest.raises(InputError, match="networks of towers3 cannot be built here, as its function was def"):
        found.network(np.array([1]))


def test_a_file_that_is_gone_is_told(home):
    script = home / "mine.py"
    script.write_text(SCRIPT)
    _run(str(script))
    script.unlink()
    found = saved_space("towers3")
    assert found is not None
    with pytest.raises(InputError, match=r"mine\.py:build cannot be imported .*only tables that were made"):
        found.network(np.array([0, 0]))


@pytest.mark.parametrize(
    "example",
    [None, (1, 3, 8, 8), {"x": (1, 3), "mask": None}, [(1, 3, 8, 8), (1, 5)]],
)
def test_examples_come_back(home, example):
    define_space("towers3", {"width": [8, 16]}, test_examples_come_back, example)
    found = saved_space("towers3")
    assert found is not None
    plain = example if not isinstance(example, list) else tuple(example)
    assert found.example() == plain


def test_an_example_tensor_comes_back_as_its_shape_and_type(home):
    torch = pytest.importorskip("torch")
    define_space("towers3", {"width": [8, 16]}, lambda choice: None, torch.zeros(1, 9, dtype=torch.int64))
    found = saved_space("towers3")
    assert found is not None
    assert found.datasets == ("9",)
    tensor = found.example()
    assert (tuple(tensor.shape), tensor.dtype) == ((1, 9), torch.int64)


def test_a_record_that_is_damaged_leaves_the_others_usable(home):
    define_space("towers3", {"width": [8, 16]}, lambda choice: None)
    path = home / "home/spaces/towers3/space.json"
    path.write_text("{}")
    SPACES.forget("towers3")
    with pytest.raises(InputError, match=r"space\.json must be the record of a space"):
        saved_space("towers3")
    with pytest.warns(ArchcastWarning, match="space towers3 is left out"):
        assert list(SPACES.saved()) == []
