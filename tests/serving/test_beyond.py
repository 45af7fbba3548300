"""A device that was measured within one space answers for the others, and for networks of any form."""

import warnings
from functools import partial

import numpy as np
import pytest
from made_up_networks import plain_network

import archcast
from archcast.core.errors import ArchcastWarning, UnknownNameError
from archcast.serving import beyond
from archcast.serving.replacing import remove
from archcast.serving.store import store

FBNET, CELLS = archcast.spaces("fbnet"), archcast.spaces("nasbench201")
MEASURED = FBNET.format(FBNET.sample(4, seed=0))
ASKED = CELLS.format(CELLS.sample(3, seed=0))
NETWORK = plain_network(8, 16, side=32)
SOURCES = ["pixel4-tflite2.10-4small"]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    of_few = partial(beyond.adapt_networks, sources=SOURCES)  # all of them take seconds
    monkeypatch.setattr(beyond, "adapt_networks", of_few)


def adapted(metric="latency", times=1.0, **more):
    values = times * archcast.predict(MEASURED, "pixel3").astype(float)
    return archcast.adapt(MEASURED, values, "my-board", metric, **more)


def test_other_spaces_and_networks_are_answered_as_by_a_predictor_of_networks(monkeypatch):
    adapted().save()
    own = adapted(space="network", sources=SOURCES)
    batch = archcast.predict(ASKED, "my-board"), archcast.predict([NETWORK], "my-board")
    members = [CELLS.network(code) for code in CELLS.parse(ASKED)]
    np.testing.assert_allclose(batch[0], own.predict(members), rtol=1e-5)
    np.testing.assert_allclose(batch[1], own.predict([NETWORK]), rtol=1e-5)
    low, high = archcast.predict_interval(ASKED, "my-board")
    assert (low < batch[0]).all()
    assert (batch[0] < high).all()
    assert all("unlike any network" in note for note in archcast.load("my-board", space=CELLS).notes(ASKED))
    assert archcast.load("my-board").entry.space == "fbnet"
    monkeypatch.setattr(beyond, "adapt_networks", None)  # it was kept, and is not learned again
    store(fresh=True)
    np.testing.assert_array_equal(archcast.predict(ASKED, "my-board"), batch[0])
    assert (archcast.predict(ASKED, "my-board", "throughput") > 0).all()
    with pytest.raises(UnknownNameError, match="my-other-board"):
        archcast.predict(ASKED, "my-other-board")


def test_it_follows_what_is_measured_and_goes_with_it():
    adapted().save()
    first = archcast.predict(ASKED, "my-board")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ArchcastWarning)
        adapted(times=2).save()
    np.testing.assert_allclose(archcast.predict(ASKED, "my-board"), 2 * first, rtol=1e-2)
    remove("my-board")
    np.testing.assert_array_equal(archcast.predict(ASKED, "my-board"), first)
    remove("my-board")
    with pytest.raises(UnknownNameError, match="my-board"):
        archcast.predict(ASKED, "my-board")


def test_networks_that_were_measured_come_first():
    adapted().save()
    before = archcast.predict([NETWORK], "my-board")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        own = adapted(times=3, space="network", sources=SOURCES)
        own.save()
    assert archcast.predict([NETWORK], "my-board")[0] == own.predict([NETWORK])[0] != before[0]
    remove("my-board", space="network")
    np.testing.assert_array_equal(archcast.predict([NETWORK], "my-board"), before)


def test_energies_tell_nothing_of_other_networks():
    adapted("energy").save()
    with pytest.raises(UnknownNameError, match="my-board is known for members of fbnet alone"):
        archcast.predict(ASKED, "my-board", "energy")
