"""`archcast profile`."""

import json
from pathlib import Path

import pytest

from archcast.cli.app import USER_MISTAKE
from archcast.search.blocks.profile import profile
from archcast.search.blocks.reduce import ReducedSpace


def test_profiles_as_the_library_does(run, tmp_path: Path) -> None:
    to = tmp_path / "p.json"
    done = run("profile", "--space", "macro", "--metric", "accuracy", "--json", "--to", str(to))
    assert done.code == 0
    printed = json.loads(done.out)
    assert printed == profile("macro", metric="accuracy").to_json()
    assert json.loads(to.read_text(encoding="utf-8")) == printed


def test_reduces_and_draws(run, tmp_path: Path) -> None:
    reduced, picture = tmp_path / "small.json", tmp_path / "gain.png"
    words = ("profile", "-s", "nasbench201", "-d", "raspi4", "--gain", "--json")
    done = run(*words, "--reduce", str(reduced), "--picture", str(picture), "--keep", "3")
    printed = json.loads(done.out)
    made = ReducedSpace.read(reduced)
    assert printed["reduced"]["choices"] == made.records()
    assert min(map(len, made.choices.values())) >= 3
    assert made.share < 1
    assert printed["gain"][0]["accuracy_per_ms"] > 0
    assert picture.stat().st_size > 5_000


def test_a_table_for_people(run) -> None:
    done = run("profile", "--space", "fbnet", "-d", "raspi4", "-n", "2000")
    assert done.code == 0
    assert "k5_e6" in done.out
    assert "2,000 random networks" in done.out
    whole = run("profile", "--space", "macro", "--metric", "accuracy", "--places").out
    assert whole.count("e6_k5") == 9


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--space", "fbnet", "-d", "raspi4", "-n", "10"), "samples"),
        (("--space", "fbnet", "-d", "rasppi4"), "did you mean 'raspi4'"),
        (("--space", "hat", "-d", "xeon"), "hat has no blocks"),
        (("--space", "fbnet", "-d", "raspi4", "--table"), "at least 90%"),
        (("--space", "macro", "--metric", "accuracy", "--gain"), "must be a cost"),
        (("--space", "macro", "--metric", "accuracy", "--to", "p.txt"), ".csv or .json"),
        (("--space", "macro", "--metric", "accuracy", "--to", "nowhere/p.csv"), "folder"),
        (("--space", "macro", "--metric", "accuracy", "--picture", "p.gif"), ".png"),
        (("--space", "nasbench201", "-d", "raspi4", "--reduce", "r.csv"), ".json"),
    ],
)
def test_mistakes_are_one_sentence(run, words: tuple[str, ...], said: str) -> None:
    done = run("profile", *words)
    assert done.code == USER_MISTAKE
    assert said in done.err
    assert "Traceback" not in done.err


def test_help_has_an_example(run) -> None:
    assert "archcast profile --space" in " ".join(run("profile", "--help").out.split())
