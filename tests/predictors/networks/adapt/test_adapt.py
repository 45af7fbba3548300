"""New devices from a few measured networks."""

import numpy as np
import pytest
from made_up_networks import plain_network
from member_cases import tiny

from archcast.core.errors import ArtifactError, InputError
from archcast.featurize.spaces import SPACES
from archcast.predictors import Card, load_any, read_manifest, save
from archcast.predictors.artifact.arrays import pack
from archcast.predictors.networks.adapt.files import ARRAYS, arrays_of
from archcast.predictors.networks.adapt.learned import trust_in
from archcast.predictors.networks.adapt.posterior import learn
from archcast.predictors.networks.adapt.predictor import adapt_network
from archcast.predictors.networks.adapt.references import suggest_networks
from archcast.predictors.networks.adapt.sources import Sources, SourceValues, hardware_of, kind_of
from archcast.predictors.networks.contract import UNLIKE
from archcast.predictors.networks.labels import NetworkLabels
from archcast.predictors.networks.sums import Sums

DEVICES = tuple(f"phone{i}-tflite2.10-{1 + i % 3}large" for i in range(6))


def drawn(n, seed):
    rng = np.random.default_rng(seed)
    return [plain_network(*rng.integers(4, 40, rng.integers(1, 5)).tolist(), side=16) for _ in range(n)]


@pytest.fixture(scope="module")
def sources():
    """Six devices that price multiply-adds and bytes differently."""
    networks = drawn(60, 0)
    terms = tiny().terms(networks)
    rng = np.random.default_rng(1)
    prices = np.exp(rng.normal(0, 0.5, (3, 6))) * [[1.0], [30.0], [0.1]]
    values = terms @ prices * np.exp(rng.normal(0, 0.02, (60, 6)))
    families = tuple(f"f{i % 8}" for i in range(60))
    return [Sums().fit(NetworkLabels("latency", DEVICES, tuple(networks), values, families))]


def truth(networks, noise=0.02, seed=2):
    """A device between those, four times as slow."""
    terms = tiny().terms(networks)
    rng = np.random.default_rng(seed)
    return 4 * (terms @ [1.3, 25.0, 0.1]) * np.exp(rng.normal(0, noise, len(networks)))


def test_ten_networks_tell_a_device(sources):
    known, others = drawn(10, 3), drawn(80, 4)
    made = adapt_network(known, truth(known), device="board-tflite2.10-1large", sources=sources)
    predicted, wanted = made.predict(others)[:, 0], truth(others, 0.0)
    assert np.abs(predicted / wanted - 1).mean() < 0.06
    low, high = made.interval(others, 0.9)
    inside = (low[:, 0] <= wanted) & (wanted <= high[:, 0])
    assert inside.mean() > 0.8
    assert (made.interval(others, 0.6)[1] < high).all()


def test_one_measurement_far_off_does_little(sources):
    known, others = drawn(10, 3), drawn(80, 4)
    values = truth(known)
    values[4] *= 5
    made = adapt_network(known, values, device="board-tflite2.10-1large", sources=sources)
    assert np.abs(made.predict(others)[:, 0] / truth(others, 0.0) - 1).mean() < 0.12


def test_its_value_is_finished_sums_and_its_shares_add_up(sources):
    known, network = drawn(5, 3), drawn(1, 9)[0]
    made = adapt_network(known, truth(known), device="board-tflite2.10-1large", sources=sources)
    value = made.predict([network])
    np.testing.assert_allclose(made.finish(made.terms([network])), value, rtol=1e-5)
    np.testing.assert_allclose(made.finish(2 * made.terms([network])), 2 * value, rtol=1e-5)
    np.testing.assert_allclose(made.shares(network).sum(axis=0), value[0], rtol=1e-5)


def test_saved_and_loaded_it_is_the_same(sources, tmp_path):
    known, others = drawn(6, 3), drawn(8, 4)
    made = adapt_network(known, truth(known), device="board-tflite2.10-1large", sources=sources)
    save(made, tmp_path / "made", card=Card("made up"))
    again = load_any(read_manifest(tmp_path / "made"))
    np.testing.assert_array_equal(again.predict(others), made.predict(others))
    np.testing.assert_array_equal(again.interval(others, 0.9), made.interval(others, 0.9))
    arrays = {name: array for name, array in arrays_of(made.learned_).items() if name != "groups"}
    with pytest.raises(ArtifactError, match="adapt the device again"):
        again.take_files(made.learned_files() | {ARRAYS: pack(arrays)})


def test_a_network_measured_twice_counts_once(sources):
    known = drawn(4, 3)
    with pytest.raises(InputError, match="at least 3 different measured networks, got 2"):
        adapt_network([known[0], known[0], known[1]], [1.0, 2.0, 3.0], device="board", sources=sources)
    twice = [*known, known[0]]
    values = [*truth(known), float(truth(known)[0])]
    once = adapt_network(known, truth(known), device="board", sources=sources)
    both = adapt_network(twice, values, device="board", sources=sources)
    np.testing.assert_allclose(once.predict(known), both.predict(known), rtol=1e-6)


def test_a_network_of_other_work_than_was_measured_is_told_as_unlike(sources):
    known = drawn(5, 3)
    made = adapt_network(known, truth(known), device="board-tflite2.10-1large", sources=sources)
    cell = SPACES["nasbench201"].network(SPACES["nasbench201"].sample(1, seed=0)[0])
    assert UNLIKE in made.notes([cell])[0]
    assert made.notes(known) == [""] * 5
    low, high = made.interval([cell], 0.9)
    assert high / low > np.exp(2 * 0.3)


def test_sources_on_its_own_hardware_do_not_teach(sources):
    left = Sources(tuple(sources)).without(["phone2-ncnn-4t"])
    assert set(left.devices) == set(DEVICES) - {DEVICES[2]}
    with pytest.raises(InputError, match="at least one source device with energy"):
        adapt_network(drawn(4, 3), [1, 2, 3, 4], device="board", metric="energy", sources=sources)


@pytest.mark.parametrize(
    ("device", "kind", "hardware"),
    [
        ("pixel4-tflite2.10-1large-int8", "tflite cpu int8", "pixel4"),
        ("galaxy-s10-torch2.0_mobile-gpu-fp16", "torch_mobile gpu float", "galaxy-s10"),
        ("rtx4090-torch2.9.1_compiled-b1024-amp", "torch_compiled gpu float", "rtx4090"),
        ("raspberry-pi-5-run49-ncnn-1t", "ncnn cpu float", "raspberry-pi-5"),
        ("galaxy-s24-qnn-npu-w8a8", "qnn npu int8", "galaxy-s24"),
        ("my-board", " cpu float", "my-board"),
    ],
)
def test_kinds_of_devices(device, kind, hardware):
    assert (kind_of(device), hardware_of(device)) == (kind, hardware)


def test_the_hardware_of_a_batch_is_that_of_the_device():
    source = Sources((Sums().fit(labels_of("rtx-b32", "other")),))
    assert source.without(["rtx_256"]).devices == ("other",)


def labels_of(*devices):
    networks = drawn(6, 0)
    values = np.repeat(tiny().terms(networks).sum(axis=1)[:, None], len(devices), axis=1)
    return NetworkLabels("latency", devices, tuple(networks), values, ("f",) * 6)


def test_a_hypothesis_of_all_kinds_is_as_uncertain_as_its_measurements_left_out():
    rng = np.random.default_rng(0)
    values, shares = rng.normal(0, 1, (40, 6)), np.full((40, 3), 1 / 3)
    y = values.mean(axis=1) + 5 + rng.normal(0, 0.05, 40)
    places = {"a": (0, 1, 2), "b": (3, 4), "c": (5,)}
    made = learn(y[:12], values[:12], shares[:12], places=places, trust=dict.fromkeys(places, 0.0))
    assert any(len(h.groups) == 3 and len(h.groups[0]) == 3 for h in made.hypotheses)
    assert (made.deviation(values[12:], shares[12:]) > 0.02).all()


def test_sources_that_remember_what_was_measured_are_trusted_where_no_runtime_is_said():
    said = SourceValues(np.zeros((4, 3)), np.ones((4, 1)), np.repeat([[0.9, 0.9, 0.1]], 4, axis=0))
    places = {"tflite cpu float": (0, 1), "ncnn cpu float": (2,)}
    assert trust_in("my-board", said, places) == pytest.approx(
        {"tflite cpu float": 0.9, "ncnn cpu float": 0.1}
    )
    assert trust_in("my-board-ncnn-4t", said, places) == {"tflite cpu float": 0.0, "ncnn cpu float": 1.0}


def test_suggested_networks_differ_and_build_on_what_was_measured(sources):
    pool = drawn(60, 7)
    first = suggest_networks(pool, 6, sources=sources)
    assert len(set(first)) == 6
    assert suggest_networks(pool, 6, sources=sources) == first
    known = [pool[i] for i in first[:3]]
    more = suggest_networks(pool, 3, sources=sources, measured=known)
    assert not {pool[i].key for i in more} & {n.key for n in known}
    with pytest.raises(InputError, match="at least 3 different candidates"):
        suggest_networks(pool[:2], 3, sources=sources)


def test_a_device_unlike_every_source_is_told_by_its_own_prices(sources):
    known, others = drawn(20, 3), drawn(80, 4)
    prices = [0.02, 900.0, 0.1]
    values, wanted = tiny().terms(known) @ prices, tiny().terms(others) @ prices
    made = adapt_network(known, values, device="board-foreign1.0-npu", sources=sources)
    assert 0.25 <= made.learned_.share <= 0.75
    by_sources = made.learned_.posterior.mean(*sources_said(made, others))
    off = np.abs(made.predict(others)[:, 0] / wanted - 1).mean()
    assert off < 0.8 * np.abs(np.exp(by_sources) / wanted - 1).mean()


def sources_said(made, networks):
    said = made.sources_.parts(networks)
    return said.values, said.shares


def test_what_sources_measured_of_a_network_tells_a_new_device(sources):
    known, others = drawn(10, 3), drawn(30, 4)
    every = [*known, *others]
    rng = np.random.default_rng(5)
    odd = np.exp(rng.normal(0, 0.4, len(every)))
    plain = sources[0]
    values = plain.predict(every) * odd[:, None]
    families = ("a",) * len(every)
    labels = NetworkLabels("latency", DEVICES, tuple(every), values.astype(np.float64), families)
    taught = Sums().fit(labels)
    device = "board-tflite2.10-1large"
    mine = truth(every, 0.0) * odd
    before = adapt_network(known, mine[:10], device=device, sources=[taught])
    taught.remember(labels)
    after = adapt_network(known, mine[:10], device=device, sources=[taught])
    off = [np.abs(made.predict(others)[:, 0] / mine[10:] - 1).mean() for made in (before, after)]
    assert off[1] < 0.5 * off[0]
    unlike = drawn(1, 77)
    wide, narrow = (
        np.log(made.interval(x, 0.9)[1] / made.predict(x)).mean()
        for made, x in ((after, unlike), (after, others))
    )
    assert wide > narrow


def test_times_and_rates_teach_each_other(sources):
    known, others = drawn(10, 3), drawn(40, 4)
    device = "board-tflite2.10-1large"
    slow = adapt_network(known, truth(known), device=device, sources=sources)
    fast = adapt_network(known, 1000 / truth(known), device=device, metric="throughput", sources=sources)
    np.testing.assert_allclose(fast.predict(others), 1000 / slow.predict(others), rtol=1e-4)
    network = others[0]
    np.testing.assert_allclose(fast.finish(fast.terms([network])), fast.predict([network]), rtol=1e-5)
    low, high = fast.interval(others, 0.9)
    assert ((low < fast.predict(others)) & (fast.predict(others) < high)).all()
