"""`archcast explain`."""

import json
from pathlib import Path

import pytest

from archcast.cli.app import USER_MISTAKE
from archcast.search.explain.contributions import explain

FBNET = "[7,8,1,8,4,8,8,8,7,4,1,4,7,3,2,7,3,2,4,2,4,5]"


def test_explains_as_the_library_does(run, tmp_path: Path) -> None:
    to, picture = tmp_path / "e.csv", tmp_path / "e.png"
    done = run("explain", FBNET, "-d", "raspi4", "--json", "--to", str(to), "--picture", str(picture))
    assert done.code == 0
    assert json.loads(done.out) == explain(json.loads(FBNET), "raspi4").to_json()
    assert picture.stat().st_size > 5_000
    assert to.read_text(encoding="utf-8").startswith("decision,choice,ms,error")


def test_a_table_for_people(run) -> None:
    done = run("explain", "02012100", "--metric", "accuracy")
    assert done.code == 0
    assert "baseline" in done.out
    assert "prediction" in done.out
    assert "layer_7" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("02012103", "--metric", "accuracy"), "item 0"),
        ((FBNET, "-d", "raspi4", "--method", "trees"), "method must be one of additive, sampling"),
        ((FBNET, "-d", "raspi4", "--to", "e.txt"), ".csv or .json"),
        ((FBNET,), "device"),
    ],
)
def test_mistakes_are_one_sentence(run, words: tuple[str, ...], said: str) -> None:
    done = run("explain", *words)
    assert done.code == USER_MISTAKE
    assert said in done.err
    assert "Traceback" not in done.err


def test_help_has_an_example(run) -> None:
    assert "archcast explain 02012100" in " ".join(run("explain", "--help").out.split())
