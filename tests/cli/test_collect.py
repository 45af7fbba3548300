"""`archcast collect host`."""

import json
from pathlib import Path

import pytest

from archcast.collect.store import MeasurementStore

QUICK = ("--rounds", "2", "--runs", "1", "--json")
ARCHS = [
    "|none~0|+|none~0|none~1|+|skip_connect~0|nor_conv_1x1~1|none~2|",
    "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|",
]


def test_networks_of_a_file_are_measured_once(run, tmp_path: Path) -> None:
    file = tmp_path / "archs.txt"
    file.write_text(ARCHS[0] + "\n")
    words = ("collect", "host", "--space", "nasbench201", "--archs", str(file), *QUICK)
    first = run(*words)
    assert first.code == 0, first.err
    told = json.loads(first.out)
    assert (told["measured"], told["failed"], told["had already"]) == (1, 0, 0)
    assert told["rows"][0]["arch"] == ARCHS[0]
    assert told["rows"][0]["value"] > 0
    file.write_text(json.dumps(ARCHS))
    told = json.loads(run(*words).out)
    assert (told["measured"], told["had already"]) == (1, 1)
    told = json.loads(run(*words, "--again").out)
    assert (told["measured"], told["had already"]) == (2, 0)
    assert MeasurementStore().count() == 4


def test_networks_are_drawn_by_the_seed_and_told_for_people(run) -> None:
    words = ("collect", "host", "--space", "nasbench201", "--n", "2", "--metric", "memory", "--seed", "3")
    done = run(*words)
    assert done.code == 0, done.err
    assert "measured               2\n" in done.out
    table = MeasurementStore().to_table(space="nasbench201", device="this-host-ort-1t", metric="memory")
    assert len(set(table["arch"].to_pylist())) == 2
    again = run(*words)
    assert "measured               0\n" in again.out
    assert "had already            2\n" in again.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--n", "1", "--space", "nowhere"), "space must be one of fbnet, hat"),
        (("--n", "1", "--space", "hat"), "hat cannot be measured here"),
        (("--space", "macro"), "either --n or --archs must be given"),
        (("--space", "macro", "--n", "1", "--archs", "x"), "either --n or --archs must be given"),
        (("--space", "macro", "--archs", "/nowhere"), "--archs '/nowhere' cannot be read"),
        (("--space", "macro", "--n", "1", "--device", "raspi4"), "device must be HOST-ort-<threads>t"),
        (("--space", "macro", "--n", "1", "--device", "a-ort-9999t"), "threads, as this machine has"),
        (("--space", "macro", "--n", "1", "--metric", "accuracy"), "must be one of energy, latency"),
        (("--space", "macro", "--n", "1", "--dataset", "mnist"), "dataset of macro must be one of"),
    ],
)
def test_mistakes_are_one_sentence(run, words: tuple[str, ...], said: str) -> None:
    done = run("collect", "host", *words)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""


def test_an_interrupted_run_keeps_its_rows_and_says_how_to_go_on(
    run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept: list[int] = []
    append = MeasurementStore.append

    def interrupted(self: MeasurementStore, rows: object) -> None:
        append(self, rows)
        kept.append(1)
        raise KeyboardInterrupt

    file = tmp_path / "archs.json"
    file.write_text(json.dumps(ARCHS))
    words = ("collect", "host", "--space", "nasbench201", "--archs", str(file), *QUICK)
    with monkeypatch.context() as patch:
        patch.setattr(MeasurementStore, "append", interrupted)
        done = run(*words)
    assert done.code == 130
    assert "the same command goes on from there" in done.err
    assert MeasurementStore().count() == len(kept) == 1
    told = json.loads(run(*words).out)
    assert (told["measured"], told["had already"]) == (1, 1)


def test_the_help_gives_an_example(run) -> None:
    assert "Example: archcast collect host --space nasbench201" in run("collect", "host", "--help").out
