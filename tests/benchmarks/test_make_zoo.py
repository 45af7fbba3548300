"""The command that makes the zoo writes where it is told, and nowhere else."""

import sys

import make_zoo
import pytest
from zoo_recipe import read_recipe

from archcast.core.errors import UnknownNameError

NAMES = [entry.name for entry in read_recipe().entries]


@pytest.fixture
def asked(monkeypatch):
    """What is made, in place of making it."""
    done = []
    monkeypatch.setattr(
        make_zoo, "make_entry", lambda recipe, entry, root, progress: done.append((entry.name, root))
    )
    monkeypatch.setattr(
        make_zoo, "make_sources", lambda recipe, root, progress: done.append(("sources", root))
    )
    monkeypatch.setattr(
        make_zoo, "take_promoted", lambda recipe, address, root, progress: done.append((address, root))
    )
    return done


def test_all_entries_and_the_sources(asked, tmp_path):
    make_zoo.make_zoo(tmp_path)
    assert asked == [*((name, tmp_path) for name in NAMES), ("sources", tmp_path)]


def test_only_named_entries_are_made(asked, tmp_path):
    make_zoo.make_zoo(tmp_path, only=["macro-accuracy", "fbnet-latency"])
    assert asked == [("fbnet-latency", tmp_path), ("macro-accuracy", tmp_path)]
    asked.clear()
    with pytest.raises(UnknownNameError, match=r"zoo entry must be one of .*did you mean 'fbnet-latency'"):
        make_zoo.make_zoo(tmp_path, only=["macro-accuracy", "fbnet-latencies"])
    assert asked == []


def test_a_promoted_model_alone(asked, tmp_path):
    make_zoo.make_zoo(tmp_path, promoted="models:/a@champion")
    assert asked == [("models:/a@champion", tmp_path)]


def test_the_folder_must_be_named(asked, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["make_zoo.py"])
    with pytest.raises(SystemExit, match="2"):
        make_zoo.main()
    assert "--out" in capsys.readouterr().err
    assert asked == []


def test_mistakes_are_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["make_zoo.py", "--out", str(tmp_path), "--only", "zoo"])
    with pytest.raises(SystemExit, match="make_zoo: zoo entry must be one of"):
        make_zoo.main()
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--from-registry", "models:/a@champion"])
    with pytest.raises(SystemExit, match="2"):
        make_zoo.main()
