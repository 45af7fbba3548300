"""Doubts about measurements that `adapt` is given."""

import warnings

import numpy as np
import pytest
from made_up_networks import plain_network

import archcast
from archcast.core.doubts import DoubtError, DoubtWarning
from archcast.core.errors import ArchcastWarning
from archcast.predictors.adapt.sources import source_devices

SPACE = archcast.spaces("nasbench201")
CODES = SPACE.sample(12, seed=1)


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHCAST_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def values():
    """A device between two that ship."""
    known = source_devices("nasbench201").costs(CODES, ["pixel2", "gold_6226"], "latency")
    return 1.2 * known.mean(axis=1)


def adapt(values, codes=CODES, **settings):
    return archcast.adapt(
        codes, values, "board", **{"sources": ["pixel2", "gold_6226", "1080ti_1"]} | settings
    )


def test_right_measurements_draw_no_doubt(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ArchcastWarning)
        made = adapt(values, strict=True)
    assert made.card.rows == 12


def test_a_row_in_another_unit_is_named_and_still_learned_from(values):
    odd = values.copy()
    odd[3] *= 1000
    with pytest.warns(DoubtWarning, match=r"is it in us\? \(item 3\)") as caught:
        made = adapt(odd)
    assert caught[0].filename == __file__
    assert made.card.rows == 12
    with pytest.raises(DoubtError, match="item 3"):
        adapt(odd, strict=True)


def test_repeats_that_disagree_are_named(values):
    codes, twice = np.concatenate([CODES, CODES[:1]]), np.append(values, 5 * values[0])
    with pytest.warns(DoubtWarning, match=r"of one network was measured as .* \(item 0, item 12\)"):
        adapt(twice, codes)


def test_a_rate_is_asked_about(values):
    with pytest.warns(DoubtWarning, match="is it throughput"):
        adapt(1000 / values)


def test_another_metric_is_not_held_against_times(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ArchcastWarning)
        assert adapt(1e4 / values, metric="memory").entry.unit == "MiB"


def test_fractions_among_accuracies_are_named():
    accuracies = np.linspace(60.0, 94.0, 12)
    accuracies[5] /= 100
    with pytest.warns(DoubtWarning, match=r"in 1 of 12: are they fractions\? \(item 5\)"):
        archcast.adapt(CODES, accuracies, "images", "accuracy", families=["linear"])


def test_networks_of_any_form_are_judged_alike():
    rng = np.random.default_rng(0)
    networks = [plain_network(*rng.integers(8, 96, rng.integers(2, 7)).tolist(), side=32) for _ in range(8)]
    right = 2 * archcast.predict(networks, "pixel4-tflite2.10-1large").astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ArchcastWarning)
        archcast.adapt(networks, right, device="my-board", strict=True)
    odd = right.copy()
    odd[2] *= 1000
    with pytest.warns(DoubtWarning, match=r"\(item 2\)") as caught:
        archcast.adapt(networks, odd, device="my-board")
    assert caught[0].filename == __file__
    with pytest.raises(DoubtError, match="item 2"):
        archcast.adapt(networks, odd, device="my-board", strict=True)
