from dataclasses import replace

import numpy as np
import pytest
import torch

from archcast.collect.accuracy import TrainingProtocol
from archcast.collect.accuracy.images import load_images
from archcast.collect.accuracy.sources import Images
from archcast.collect.accuracy.train import train_network
from archcast.featurize.spaces import SPACES

SPACE = SPACES["skipnet"]
SMALL = {"depth": [3, 3, 3], "width": [8, 16, 32], "skips": [1, 0, 1]}
GRAPH = SPACE.network(SPACE.parse([SMALL])[0])
EASY = TrainingProtocol(noise=0.0, epochs=8, train_images=0)
SHORT = TrainingProtocol(epochs=2, train_images=60)


def digits(protocol):
    return load_images("digits", protocol, shape=(1, 8), classes=10)


def test_a_small_network_learns_clean_digits():
    trained = train_network(GRAPH, digits(EASY), EASY, seed=0)
    assert trained.accuracy > 90
    assert (trained.epochs, trained.failure) == (8, "")


def test_a_seed_repeats_itself_and_leaves_torch_as_it_was():
    data = digits(SHORT)
    torch.manual_seed(7)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    one, same, other = (train_network(GRAPH, data, SHORT, seed=seed) for seed in (3, 3, 4))
    assert one == same
    assert one.accuracy != other.accuracy
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_images_for_testing_change_neither_weights_nor_stopping():
    data = digits(SHORT)
    rows = np.arange(len(data.test.labels))
    halves = [replace(data, test=data.test.rows(rows[i::2])) for i in range(2)]
    whole, *parts = (train_network(GRAPH, d, SHORT, seed=0) for d in (data, *halves))
    assert whole.accuracy == pytest.approx(np.mean([part.accuracy for part in parts]))
    assert {part.epochs for part in parts} == {whole.epochs}


def test_training_ends_when_the_loss_no_longer_falls():
    protocol = replace(EASY, epochs=20, patience=2, train_images=40, learning_rate=0.01)
    data = digits(protocol)
    hopeless = Images(data.stop.pixels, np.roll(data.stop.labels, 1))
    stopped = train_network(GRAPH, replace(data, stop=hopeless), protocol, seed=0)
    patient = train_network(GRAPH, replace(data, stop=hopeless), replace(protocol, patience=20), seed=0)
    assert 3 <= stopped.epochs < patient.epochs == 20


def test_a_loss_that_is_not_finite_fails_with_its_reason():
    protocol = replace(SHORT, learning_rate=1e38)
    trained = train_network(GRAPH, digits(protocol), protocol, seed=5)
    assert trained.accuracy is None
    assert trained.failure == f"diverged: loss not finite in epoch {trained.epochs} with seed 5"
