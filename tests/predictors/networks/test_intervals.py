"""Intervals from families that were left out."""

import numpy as np
import pytest
from made_up_networks import plain_network, tiny_labels

from archcast.core.errors import InputError
from archcast.featurize.encoders.kernel_table import CLASSES
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.intervals import BEYOND, UNSEEN, NetworkIntervals


def made(n=400, families=20, seed=0):
    """Errors that grow with the family's distance, of networks on two devices."""
    rng = np.random.default_rng(seed)
    names = [f"family{i % families}" for i in range(n)]
    centres = rng.dirichlet(np.ones(6), families)
    mixes = np.zeros((n, 2 * len(CLASSES)))
    mixes[:, :6] = np.sqrt(centres[np.arange(n) % families])
    truth = rng.uniform(1, 100, (n, 2))
    bias = rng.normal(0, 0.1, (families, 2))
    predicted = truth * np.exp(bias[np.arange(n) % families] + rng.normal(0, 0.02, (n, 2)))
    return truth, predicted, names, mixes


def test_they_hold_in_families_that_they_were_not_learned_from():
    truth, predicted, names, mixes = made()
    learned = np.array([int(name.removeprefix("family")) < 10 for name in names])
    known = NetworkIntervals.from_errors(
        truth[learned],
        predicted[learned],
        families=[name for name, own in zip(names, learned, strict=True) if own],
        mixes=mixes[learned],
    )
    below, above = known.reach(predicted[~learned], mixes[~learned], 0.9)
    off = np.log(truth[~learned] / predicted[~learned])
    assert 0.75 <= ((-below <= off) & (off <= above)).mean() <= 1.0
    narrow, wide = (np.sum(known.reach(truth[:3], mixes[:3], level), axis=0) for level in (0.6, 0.9))
    assert (narrow < wide).all()


def test_errors_to_one_side_make_intervals_reach_there():
    truth, predicted, names, mixes = made()
    biased = predicted * np.exp(-np.abs(np.log(predicted / truth)) * 5)
    known = NetworkIntervals.from_errors(truth, biased, families=names, mixes=mixes)
    below, above = known.reach(biased, mixes, 0.9)
    assert (above > 5 * below).all()
    few = [f"{int(name.removeprefix('family')) % 9}" for name in names]
    known = NetworkIntervals.from_errors(truth, biased, families=few, mixes=mixes)
    assert np.array_equal(*known.reach(biased, mixes, 0.9))


def test_families_weigh_the_same_however_many_networks_they_have():
    truth = np.ones((103, 1))
    predicted = np.ones((103, 1))
    predicted[100:, 0] = np.exp([0.5, 0.4, 0.3])
    names = ["large"] * 100 + ["a", "b", "c"]
    known = NetworkIntervals.from_errors(
        truth, predicted, families=names, mixes=np.zeros((103, 2 * len(CLASSES)))
    )
    assert known.reach(np.ones((1, 1)), np.zeros((1, 2 * len(CLASSES))), 0.55)[0][0, 0] >= 0.3


def test_beyond_the_values_that_taught_they_widen():
    truth, predicted, names, mixes = made()
    known = NetworkIntervals.from_errors(truth, predicted, families=names, mixes=mixes)
    least, most = truth.min(axis=0), truth.max(axis=0)
    asked = np.array([least, most, least / np.e, most * np.e**2])
    sides = np.array(known.reach(asked, np.repeat(mixes[:1], 4, axis=0), 0.9))
    np.testing.assert_allclose(sides[:, 0], sides[:, 1])
    np.testing.assert_allclose(sides[:, 2] - sides[:, 0], BEYOND)
    np.testing.assert_allclose(sides[:, 3] - sides[:, 0], 2 * BEYOND)


def test_operators_that_nothing_taught_widen_by_their_share_of_the_cost():
    from member_cases import tiny

    model, labels = tiny(), tiny_labels()
    families = [f"f{i % 5}" for i in range(len(labels))]
    model.errors_ = NetworkIntervals.from_errors(
        labels.values, labels.values * 1.1, families=families, mixes=model.mixes(labels.networks)
    )
    strange = plain_network(4, 4, last="Softmax")
    shares = model.unseen_shares([labels.networks[0], strange])
    assert (shares[0] == 0).all()
    assert (shares[1] > 0).all()
    low, high = NetworkPredictor.interval(model, [strange], 0.9)
    mixes, values = model.mixes([strange]), model.predict([strange])
    below, above = model.errors_.reach(values, mixes, 0.9)
    np.testing.assert_allclose(np.log(values / low), below + UNSEEN * shares[1:], rtol=1e-4)
    np.testing.assert_allclose(np.log(high / values), above + UNSEEN * shares[1:], rtol=1e-4)


def test_too_few_families_are_told():
    truth, predicted, _, mixes = made(n=4)
    known = NetworkIntervals.from_errors(truth, predicted, families=["a", "a", "b", "b"], mixes=mixes)
    with pytest.raises(InputError, match="too few families of networks"):
        known.reach(truth, mixes, 0.9)


def test_a_predictor_keeps_them_in_its_files_and_selections(tmp_path):
    from member_cases import tiny

    from archcast.predictors import Card, load_any, read_manifest, save

    model = tiny()
    labels = tiny_labels()
    families = [f"f{i % 5}" for i in range(len(labels))]
    off = labels.values * np.exp(np.linspace(-0.3, 0.3, len(labels)))[:, None]
    model.errors_ = NetworkIntervals.from_errors(
        labels.values, off, families=families, mixes=model.mixes(labels.networks)
    )
    save(model, tmp_path / "tiny", card=Card("made up"))
    again = load_any(read_manifest(tmp_path / "tiny"))
    nets, values = labels.networks[:4], labels.values[:4]
    mixes = model.mixes(nets)
    assert np.allclose(again.errors_.reach(values, mixes, 0.8), model.errors_.reach(values, mixes, 0.8))
    assert np.array_equal(
        model.select((1,)).errors_.reach(values[:, [1]], mixes, 0.8)[1][:, 0],
        model.errors_.reach(values, mixes, 0.8)[1][:, 1],
    )


def test_what_is_unlike_all_that_taught_is_noted():
    from member_cases import tiny

    model = tiny()
    labels = tiny_labels()
    families = [f"f{i % 5}" for i in range(len(labels))]
    model.errors_ = NetworkIntervals.from_errors(
        labels.values, labels.values * 1.1, families=families, mixes=model.mixes(labels.networks)
    )
    known, strange = labels.networks[0], plain_network(4, 4, last="Softmax")
    notes = model.notes([known, strange])
    assert notes[0] == ""
    assert notes[1]
