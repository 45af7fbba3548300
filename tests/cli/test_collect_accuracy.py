"""`archcast collect accuracy` from end to end."""

import json

import pytest

from archcast.cli.app import USER_MISTAKE

QUICK = ("--set", "epochs=1", "--set", "train_images=40", "--seeds", "1", "--json")


def test_networks_are_trained_once_and_stored(run) -> None:
    words = ("collect", "accuracy", "--space", "skipnet", *QUICK)
    first = run(*words, "--n", "1")
    assert first.code == 0, first.err
    record = json.loads(first.out)
    assert (record["trained"], record["failed"], record["had"]) == (1, 0, 0)
    assert (record["protocol"]["epochs"], record["protocol"]["seeds"]) == (1, 1)
    assert "networks to train: 1, stored already: 0" in first.err
    assert "s a network, 0 min left" in first.err
    second = json.loads(run(*words, "--n", "1").out)
    assert (second["trained"], second["had"]) == (0, 1)
    shown = json.loads(run("data", "show", "store", "--metric", "accuracy", "--json").out)
    assert [(column["space"], column["dataset"]) for column in shown] == [("skipnet", "digits")]


def test_networks_of_a_file(run, tmp_path) -> None:
    arch = {"depth": [3, 3, 3], "width": [4, 8, 16], "skips": [0, 0, 0]}
    (tmp_path / "archs.jsonl").write_text(f"{json.dumps(arch)}\n\n")
    done = run("collect", "accuracy", "--archs", str(tmp_path / "archs.jsonl"), *QUICK)
    assert done.code == 0, done.err
    assert json.dumps(arch) in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "either --n or --archs must be given"),
        (("--n", "1", "--set", "epochs"), "--set must be name=value, got 'epochs'"),
        (("--n", "1", "--set", "epoch=3"), "protocol setting must be one of batch_size, epochs"),
        (("--n", "1", "--set", "epochs=3.5"), "epochs must be a whole number, got '3.5'"),
        (("--n", "1", "--set", "noise=much"), "noise must be a number, got 'much'"),
        (("--n", "1", "--data", "nowhere"), "data must be digits, shapes, a folder of images or"),
        (("--n", "1", "--space", "skipnets"), "did you mean 'skipnet'"),
        (("--n", "1", "--space", "hat"), "networks of hat cannot be trained here"),
    ],
)
def test_mistakes_are_told_in_one_sentence(run, words, message) -> None:
    done = run("collect", "accuracy", *words)
    assert done.code == USER_MISTAKE
    assert message in done.err
    assert done.err.count("\n") == 1
