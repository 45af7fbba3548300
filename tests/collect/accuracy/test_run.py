import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace

import numpy as np
import pytest

from archcast.collect.accuracy import TrainingProtocol, collect_accuracy, run
from archcast.collect.accuracy.images import load_images
from archcast.collect.accuracy.train import Trained, train_network
from archcast.collect.store import MeasurementStore
from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES

SPACE = SPACES["skipnet"]
PROTOCOL = TrainingProtocol(epochs=1, train_images=40, seeds=2)
ARCHS = [{"depth": [3, 3, 3], "width": [4, 8, w], "skips": [0, 0, 0]} for w in (16, 18, 20)]
CODES = SPACE.parse(ARCHS)


@pytest.fixture
def store(tmp_path):
    return MeasurementStore(tmp_path / "store")


def collect(store, codes=CODES, protocol=PROTOCOL, **options):
    return collect_accuracy(SPACE, codes, protocol=protocol, store=store, **options)


def rows(store):
    return {row["arch"]: row for row in store.to_table().to_pylist()}


def test_rows_hold_mean_and_spread_over_the_seeds(store):
    assert collect(store, CODES[:1]) == 1
    (row,) = store.to_table().to_pylist()
    assert json.loads(row["arch"]) == ARCHS[0]
    expected = {"space": "skipnet", "device": "", "metric": "accuracy", "dataset": "digits"}
    assert expected.items() <= row.items()
    assert (row["status"], row["repeats"], row["note"]) == ("ok", 2, "")
    facts = json.loads(row["environment"])
    assert facts["protocol"] == asdict(PROTOCOL)
    assert (facts["data"]["name"], facts["data"]["testing_images"], facts["threads"]) == ("digits", 898, 1)
    each = [accuracy_of(seed) for seed in range(PROTOCOL.seeds)]
    assert row["value"] == pytest.approx(np.mean(each))
    assert row["spread"] == pytest.approx(np.std(each, ddof=1))


def accuracy_of(seed):
    data = load_images("digits", PROTOCOL, shape=(1, 8), classes=10)
    return train_network(SPACE.network(CODES[0]), data, PROTOCOL, seed=seed).accuracy


def test_a_run_that_was_cut_off_goes_on_and_trains_nothing_twice(store):
    def cut(progress):
        if progress.done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect(store, progress=cut)
    kept = rows(store)
    assert len(kept) == 1
    seen = []
    assert collect(store, progress=seen.append) == 2
    assert [(p.done, p.total, p.kept) for p in seen] == [(0, 2, 1), (1, 2, 1), (2, 2, 1)]
    assert len(store.to_table()) == len(rows(store)) == 3
    assert kept.items() <= rows(store).items()
    assert collect(store) == 0
    assert collect(store, again=True) == 3
    assert len(store.to_table()) == 6


def test_another_protocol_or_other_images_are_not_mixed_in(store):
    collect(store, CODES[:1])
    for protocol, message in (
        (replace(PROTOCOL, epochs=2), "protocol epochs=1 and do not compare with epochs=2"),
        (replace(PROTOCOL, split_seed=3), "split_seed=0 and do not compare with split_seed=3"),
    ):
        with pytest.raises(InputError, match=message):
            collect(store, protocol=protocol)
    assert len(store.to_table()) == 1


def test_workers_train_what_one_process_trains(store, tmp_path, monkeypatch):
    """One process of the two that may be: each imports torch."""
    monkeypatch.setattr(run, "ProcessPoolExecutor", lambda _, *given: ProcessPoolExecutor(1, *given))
    collect(store, CODES[:2])
    others = MeasurementStore(tmp_path / "others")
    assert collect(others, CODES[:2], workers=2) == 2
    alone, together = rows(store), rows(others)
    assert {arch: row["value"] for arch, row in alone.items()} == {
        arch: row["value"] for arch, row in together.items()
    }


def test_workers_that_end_are_told(store, monkeypatch):
    monkeypatch.setattr(run, "_set_up", exit)  # what each worker is started with ends it
    with pytest.raises(InputError, match=r"workers must be able to start: .* outside if __name__"):
        collect(store, workers=2)


def test_failed_training_is_kept_with_its_reason_and_not_tried_again(store):
    protocol = replace(PROTOCOL, learning_rate=1e38)
    assert collect(store, CODES[:1], protocol) == 0
    (row,) = store.to_table().to_pylist()
    assert (row["status"], row["value"]) == ("failed", None)
    assert row["note"].count("diverged: loss not finite") == 2
    seen = []
    collect(store, CODES[:1], protocol, progress=seen.append)
    assert [(p.done, p.total, p.kept) for p in seen] == [(0, 0, 1)]


def test_one_failed_seed_fails_the_network():
    made = run._summary([Trained(90.0, 3), Trained(None, 1, "diverged")])
    assert (made["status"], made["value"], made["repeats"], made["note"]) == ("failed", None, 2, "diverged")
    assert run._summary([Trained(90.0, 3)])["spread"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"accelerator": "tpu"}, "accelerator must be one of cpu, cuda"),
        ({"workers": 0}, "workers must be at least 1, got 0"),
        ({"dataset": "cifar10"}, "images of digits must be 3 x 32 x 32 here"),
        ({"dataset": "mnist"}, "dataset of skipnet must be one of cifar10, digits"),
    ],
)
def test_wrong_options_are_refused_before_any_training(store, options, message):
    with pytest.raises(InputError, match=message):
        collect(store, **options)
    assert not store.folder.exists()


def test_cuda_is_refused_where_there_is_none(store, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(InputError, match="torch finds no CUDA device"):
        collect(store, accelerator="cuda")


def test_a_space_without_layer_graphs_is_refused(store):
    hat = SPACES["hat"]
    with pytest.raises(InputError, match="networks of hat cannot be trained here"):
        collect_accuracy(hat, hat.sample(1, seed=0), protocol=PROTOCOL, store=store)
