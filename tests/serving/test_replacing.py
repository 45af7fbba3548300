"""A predictor that is saved in another's place: what is worse is said, and the former comes back."""

import warnings

import numpy as np
import pytest

import archcast
from archcast.core.errors import ArchcastWarning, InputError, UnknownNameError
from archcast.predictors.artifact.versions import MOST, previous_versions
from archcast.serving.replacing import remove

SPACE = archcast.spaces("nasbench201")
CODES = SPACE.sample(12, seed=0)
CELLS = SPACE.format(CODES)
REST = SPACE.format(SPACE.sample(50, seed=1))


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))


def values(noise=0.0, device="raspi4"):
    rng = np.random.default_rng(0)
    return archcast.predict(CELLS, device).astype(float) * np.exp(noise * rng.normal(size=len(CELLS)))


def test_one_that_ships_is_named_with_both_errors_and_comes_back():
    shipped = archcast.predict(REST, "raspi4")
    with pytest.warns(ArchcastWarning, match=r"had a shipped predictor.* off on .*remove raspi4"):
        archcast.adapt(CELLS, 3 * values(), "raspi4", space="nasbench201").save()
    assert not np.allclose(archcast.predict(REST, "raspi4"), shipped, rtol=0.2)
    gone, now = remove("raspi4")
    assert (gone.origin, now.origin) == ("own", "zoo")
    np.testing.assert_array_equal(archcast.predict(REST, "raspi4"), shipped)


def test_a_worse_one_is_told_and_the_former_comes_back():
    good = archcast.adapt(CELLS, values(), "my-board", space="nasbench201")
    bad = archcast.adapt(CELLS, values(noise=0.7), "my-board", space="nasbench201")
    assert good.kept.predicted is not None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        good.save()
    first = archcast.predict(REST, "my-board")
    with pytest.warns(ArchcastWarning, match=r"another predictor.* % off on average, and the one saved now"):
        bad.save()
    assert not np.array_equal(archcast.predict(REST, "my-board"), first)
    remove("my-board")
    np.testing.assert_array_equal(archcast.predict(REST, "my-board"), first)
    remove("my-board")
    with pytest.raises(UnknownNameError, match="device for latency"):
        archcast.predict(REST, "my-board")


def test_a_better_one_takes_the_place_without_a_word():
    archcast.adapt(CELLS, values(noise=0.7), "my-board", space="nasbench201").save()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        archcast.adapt(CELLS, values(), "my-board", space="nasbench201").save()


def test_saving_the_same_twice_keeps_the_former():
    archcast.adapt(CELLS, values(noise=0.7), "my-board", space="nasbench201").save()
    first = archcast.predict(REST, "my-board")
    better = archcast.adapt(CELLS, values(), "my-board", space="nasbench201")
    better.save()
    better.save()
    remove("my-board")
    np.testing.assert_array_equal(archcast.predict(REST, "my-board"), first)


def test_each_step_back_brings_the_one_before():
    answers = []
    for times in range(1, MOST + 4):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ArchcastWarning)
            archcast.adapt(CELLS, times * values(), "my-board", space="nasbench201").save()
        answers.append(archcast.predict(REST, "my-board"))
    folder = next(e for e in archcast.devices() if e.device == "my-board").saved.folder
    assert len(previous_versions(folder)) == MOST
    for left, before in enumerate(answers[-2 : -2 - MOST : -1], 1):
        remove("my-board")
        np.testing.assert_array_equal(archcast.predict(REST, "my-board"), before)
        assert len(previous_versions(folder)) == MOST - left
    assert remove("my-board")[1] is None


def test_only_ones_own_is_removed():
    with pytest.raises(UnknownNameError, match="device of one's own for latency"):
        remove("raspi4")
    archcast.adapt(CELLS, values(), "my-board", space="nasbench201", dataset="cifar100").save()
    archcast.adapt(CELLS, values(), "my-board", space="nasbench201").save()
    with pytest.raises(InputError, match="must leave one predictor of my-board, and there are nasbench201"):
        remove("my-board")
    gone, now = remove("my-board", dataset="cifar100")
    assert (gone.dataset, now) == ("cifar100", None)
    with pytest.raises(UnknownNameError, match="metric must be one of"):
        remove("my-board", metric="speed")
