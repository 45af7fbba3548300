"""The help of `archcast train` says what there is."""

from archcast.core.metric import METRICS
from archcast.training.train import learning_families


def test_help_lists_every_family_and_metric(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    done = run("train", "--help")
    assert done.code == 0
    words = set(done.out.replace(",", " ").replace(".", " ").split())
    assert {"additive", "nn_degree", "stack"} <= set(learning_families()) <= words
    assert set(METRICS) <= words


def test_the_zoo_is_no_command_of_the_package(run):
    assert run("train", "zoo").code == 2
