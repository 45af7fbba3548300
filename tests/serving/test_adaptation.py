"""`adapt` and `suggest` as users call them, on public tables and on a made-up device."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_up import UNIT_MS
from scipy.stats import kendalltau, spearmanr

import archcast
from archcast.core.doubts import DoubtWarning
from archcast.core.errors import ArchcastWarning, InputError, UnknownNameError
from archcast.predictors.adapt.sources import source_devices
from archcast.training.labels import load_labels

pytestmark = pytest.mark.filterwarnings("ignore:.* had (a shipped|another) predictor")
SPACE = archcast.spaces("nasbench201")
TEN = SPACE.sample(10, seed=1)
VALUES = 2.0 + UNIT_MS[TEN].sum(axis=1)


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory, small_tables):
    """One home for all tests here, so that each prior is learned once."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("ARCHCAST_HOME", str(folder))
        patch.setenv("ARCHCAST_DATA", str(small_tables))
        yield folder


@pytest.fixture(scope="module")
def latency(home):
    labels = load_labels("nasbench201", "latency", sources=["help"])
    return {device: labels.values[:, i] for i, device in enumerate(labels.devices)}, labels.codes


@pytest.fixture(scope="module")
def accuracy(home):
    labels = load_labels("nasbench201", "accuracy", datasets=["cifar10"], sources=["nasbench201_accuracy"])
    return labels.codes, labels.values[:, 0]


def rows_of(codes, archs):
    place = {tuple(row): i for i, row in enumerate(codes.tolist())}
    return np.array([place[tuple(row)] for row in SPACE.parse(archs).tolist()])


def rank(made, codes, values, rows):
    rest = np.setdiff1d(np.flatnonzero(np.isfinite(values)), rows)
    return float(spearmanr(made.predict(codes[rest]), values[rest])[0])


@pytest.mark.parametrize(
    ("device", "floors"),
    [("raspi4", (0.88, 0.89, 0.93, 0.93)), ("titan_rtx_256", (0.93, 0.98, 0.99, 0.99))],
)
def test_ranks_a_known_device_left_out_of_its_sources(latency, device, floors):
    values, codes = latency[0][device], latency[1]
    known = np.isfinite(values)
    rows = rows_of(codes, archcast.suggest("nasbench201", 20, candidates=codes[known], device=device))
    for n, floor in zip((3, 5, 10, 20), floors, strict=True):
        made = archcast.adapt(codes[rows[:n]], values[rows[:n]], device)
        assert rank(made, codes, values, rows[:n]) > floor
        assert not any(device in source.split(": ")[-1].split(", ") for source in made.card.sources[1:])


def test_one_in_ten_far_off_does_little_harm(latency):
    values, codes = latency[0]["titanx_256"], latency[1]
    rows = np.random.default_rng(0).choice(len(codes), 20, replace=False)
    disturbed = values[rows].copy()
    disturbed[3] *= 10
    disturbed[11] /= 10
    with pytest.warns(DoubtWarning) as caught:
        made = archcast.adapt(codes[rows], disturbed, "titanx_256")
    assert [w.message.doubt.items for w in caught] == [(3,), (11,)]
    assert rank(made, codes, values, rows) > 0.9


def test_whole_numbers_with_ties_are_taken(latency):
    values, codes = latency[0]["raspi4"], latency[1]
    rows = np.random.default_rng(0).choice(np.flatnonzero(np.isfinite(values)), 20, replace=False)
    whole = np.maximum(np.round(values[rows] / 8), 1.0)
    assert len(np.unique(whole)) < 8
    assert rank(archcast.adapt(codes[rows], whole, "raspi4"), codes, values, rows) > 0.85


def test_repeats_count_by_their_mean():
    codes = np.repeat(TEN, 3, axis=0)
    values = np.repeat(VALUES, 3) * np.tile([0.9, 1.0, 1.1], 10)
    repeated = archcast.adapt(codes, values, "board")
    once = archcast.adapt(TEN, VALUES, "board")
    given = SPACE.sample(300, seed=2)
    np.testing.assert_allclose(repeated.predict(given), once.predict(given), rtol=0.2)
    assert spearmanr(repeated.predict(given), 2.0 + UNIT_MS[given].sum(axis=1))[0] > 0.97
    assert repeated.card.rows == 30


def test_repeats_alone_are_no_three_architectures():
    with pytest.raises(InputError, match="at least 3 different measured architectures, got 1"):
        archcast.adapt(TEN[[0, 0, 0]], [4.0, 5.0, 5.0], "board")


def test_sources_may_be_named_or_left_out_altogether():
    given = SPACE.sample(200, seed=2)
    truth = 2.0 + UNIT_MS[given].sum(axis=1)
    named = archcast.adapt(TEN, VALUES, "board", sources=["pixel2", "fpga"])
    assert named.card.sources[1] == "source devices: pixel2, fpga"
    assert spearmanr(named.predict(given), truth)[0] > 0.8
    alone = archcast.adapt(TEN, VALUES, "board", sources=[])
    assert alone.card.sources == ("10 measurements of board",)
    assert spearmanr(alone.predict(given), truth)[0] > 0.7
    assert (alone.predict(given) != named.predict(given)).any()


@pytest.mark.parametrize(
    ("values", "words", "item"),
    [
        ([5.0] * 10, "values must differ", None),
        ([*VALUES[:4], float("nan"), *VALUES[5:]], "finite and above 0, got nan", 4),
        ([*VALUES[:4], float("inf"), *VALUES[5:]], "finite and above 0, got inf", 4),
        ([*VALUES[:7], -1.0, *VALUES[8:]], "got -1.0", 7),
        ([0.0, *VALUES[1:]], "got 0.0", 0),
        (VALUES[:9], "one number an architecture, 10", None),
        (VALUES[:, None], "one number an architecture, 10", None),
        (["fast"] * 10, "values must be numbers", 0),
        ("fast", "values must be numbers", None),
        (None, "values must be numbers", None),
    ],
)
def test_values_that_say_nothing_are_refused(values, words, item):
    with pytest.raises(InputError, match=words) as raised:
        archcast.adapt(TEN, values, "board")
    assert raised.value.item == item
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("metric", ["latency", "accuracy"])
@pytest.mark.parametrize("n", [1, 2])
def test_fewer_than_three_are_refused(metric, n):
    with pytest.raises(InputError, match=f"at least 3 different measured architectures, got {n}"):
        archcast.adapt(TEN[:n], VALUES[:n], "board", metric)


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        ({"sources": ["nowhere"]}, UnknownNameError, "source device of nasbench201 must be one of .*raspi4"),
        ({"sources": ["pixel2", "raspi4"], "device": "raspi4"}, InputError, "device itself, raspi4 .item 1"),
        ({"sources": "pixel2"}, InputError, "list of devices, got 'pixel2'"),
        ({"sources": 5}, InputError, "list of devices, got 5"),
        ({"sources": [["pixel2"]]}, UnknownNameError, "source device"),
        ({"metric": "speed"}, UnknownNameError, "metric must be one of accuracy"),
        ({"space": "nasbench301"}, UnknownNameError, "nasbench201"),
        ({"device": "../board"}, InputError, "device must be a name"),
        ({"device": ""}, InputError, "device must be a name"),
        ({"device": None}, InputError, "device must be a name"),
        ({"metric": "accuracy", "sources": ["pixel2"]}, InputError, "sources must be left out for accuracy"),
        ({"families": ["gp"]}, InputError, "families must be left out for latency"),
        ({"metric": "accuracy", "families": ["oracle"]}, UnknownNameError, "must be one of .*gp"),
    ],
)
def test_names_that_fit_nothing_are_refused(settings, kind, words):
    with pytest.raises(kind, match=words) as raised:
        archcast.adapt(TEN, VALUES, **{"device": "board"} | settings)
    assert "\n" not in str(raised.value)


def test_no_architecture_is_refused():
    with pytest.raises(InputError, match="at least one architecture"):
        archcast.adapt([], [], "board")


def test_a_wrong_unit_is_warned_of(latency):
    values, codes = latency[0]["raspi4"], latency[1]
    rows = np.random.default_rng(0).choice(np.flatnonzero(np.isfinite(values)), 10, replace=False)
    with pytest.warns(ArchcastWarning, match="is it in ms") as caught:
        archcast.adapt(codes[rows], values[rows] / 1000, "raspi4")
    assert caught[0].filename == __file__


def test_energy_is_learned_from_latency(public_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))
    labels = load_labels("nasbench201", "energy", sources=["hw_nas_bench_360"])
    values = labels.values[:, 0]
    rows = np.random.default_rng(0).choice(np.flatnonzero(np.isfinite(values)), 20, replace=False)
    made = archcast.adapt(labels.codes[rows], values[rows], "pi5", "energy")
    assert made.entry.unit == "mJ"
    assert rank(made, labels.codes, values, rows) > 0.75


def test_throughput_is_learned(home):
    labels = load_labels("mnasnet", "throughput", sources=["accel_nasbench"])
    values = labels.values[:, labels.devices.index("a100")]
    rows = np.random.default_rng(0).choice(len(values), 20, replace=False)
    made = archcast.adapt(labels.codes[rows], values[rows], "a100", "throughput")
    assert made.entry.space == "mnasnet"
    assert rank(made, labels.codes, values, rows) > 0.98
    low, high = made.predict_interval(labels.codes[:50])
    assert (low < made.predict(labels.codes[:50])).all()
    assert (made.predict(labels.codes[:50]) < high).all()


def test_a_saved_one_answers_here_and_in_another_process(home):
    made = archcast.adapt(TEN, VALUES, "my-board")
    with pytest.raises(UnknownNameError):
        archcast.predict(TEN, "my-board")
    folder = made.save()
    assert folder.parent.parent == home
    assert made.save() == folder
    given = SPACE.sample(50, seed=3)
    expected = made.predict(given)
    np.testing.assert_array_equal(archcast.predict(given, "my-board"), expected)
    for mine, again in zip(
        made.predict_interval(given), archcast.predict_interval(given, "my-board"), strict=True
    ):
        np.testing.assert_array_equal(mine, again)
    here = [d for d in archcast.devices("nasbench201", "latency") if d.device == "my-board"]
    assert [(d.origin, d.predictor, d.unit) for d in here] == [("own", "adapted", "ms")]
    code = (
        "import archcast; given = archcast.spaces('nasbench201').sample(50, seed=3);"
        "print(archcast.predict(given, 'my-board').tobytes().hex())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected.tobytes().hex()


def test_interval_covers_and_narrows_on_a_made_up_device():
    rng = np.random.default_rng(5)
    codes = SPACE.sample(900, seed=4)
    values = (2.0 + UNIT_MS[codes].sum(axis=1)) * np.exp(0.05 * rng.normal(size=900))
    widths = []
    for n in (10, 40, 160):
        made = archcast.adapt(codes[:n], values[:n], "board")
        low, high = made.predict_interval(codes[200:], 0.9)
        assert 0.8 <= ((low <= values[200:]) & (values[200:] <= high)).mean() <= 0.995
        widths.append(float(np.median(high / low)))
        narrow = made.predict_interval(codes[200:], 0.5)
        assert (low <= narrow[0]).all()
        assert (narrow[1] <= high).all()
    assert widths[0] > widths[1]
    assert widths[2] < 1.01 * widths[1], "the noise is left"
    with pytest.raises(InputError, match="coverage"):
        made.predict_interval(codes[:2], 1.0)


def test_adapting_twice_gives_the_same(home):
    given = SPACE.sample(50, seed=3)
    sources = ["pixel3", "raspi4"]
    one, other = (archcast.adapt(TEN, VALUES, "board", sources=sources).predict(given) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_suggestions_are_distinct_networks_of_the_candidates():
    pool = SPACE.sample(300, seed=6)
    pool = np.concatenate([pool, pool])
    picked = SPACE.parse(archcast.suggest("nasbench201", 30, candidates=pool))
    assert len(np.unique(SPACE.canonical(picked), axis=0)) == 30
    assert set(map(tuple, picked.tolist())) <= set(map(tuple, pool.tolist()))
    again = SPACE.parse(archcast.suggest(None, 30, candidates=SPACE.format(pool)))
    np.testing.assert_array_equal(picked, again)


def test_suggestions_build_on_what_was_measured():
    pool = SPACE.sample(300, seed=6)
    first = archcast.suggest("nasbench201", 8, candidates=pool)
    rest = archcast.suggest("nasbench201", 4, candidates=pool, measured=first[:4])
    assert rest == first[4:]


def test_suggestions_of_a_space_without_sources():
    picked = archcast.suggest("macro", 3)
    assert len(set(picked)) == 3
    made = archcast.adapt(picked, [4.0, 9.0, 6.0], "board")
    assert made.card.sources == ("3 measurements of board",)


@pytest.mark.parametrize("n", [0, -1, 300, 2.5, "3", None])
def test_a_count_that_cannot_be_had_is_refused(n):
    with pytest.raises(InputError, match="n must be 1 to"):
        archcast.suggest("nasbench201", n, candidates=SPACE.sample(200, seed=6))


def test_suggest_needs_a_space_and_known_sources():
    with pytest.raises(InputError, match="space must be named"):
        archcast.suggest(n=3)
    with pytest.raises(UnknownNameError, match="source device"):
        archcast.suggest("nasbench201", 3, ["nowhere"])
    with pytest.raises(InputError, match="list of devices"):
        archcast.suggest("nasbench201", 3, "raspi4")


def test_every_space_with_sources_can_be_adapted_to():
    for name in ("fbnet", "hat", "mnasnet", "ofa_mbv3"):
        space = archcast.spaces(name)
        codes = space.sample(12, seed=0)
        known = source_devices(name)
        values = np.median(known.costs(codes, known.names, "latency"), axis=1)
        made = archcast.adapt(space.format(codes), values, "board", space=name)
        assert spearmanr(made.predict(codes), values)[0] > 0.8


@pytest.mark.parametrize(("n", "floor"), [(25, 0.6), (100, 0.7)])
def test_accuracy_from_a_few_networks(accuracy, n, floor):
    codes, values = accuracy
    order = np.random.default_rng(0).permutation(len(codes))
    rows, rest = order[:n], order[n : n + 3000]
    made = archcast.adapt(codes[rows], values[rows], "cifar10", "accuracy")
    assert kendalltau(made.predict(codes[rest]), values[rest])[0] > floor
    low, high = made.predict_interval(codes[rest], 0.9)
    assert 0.8 <= ((low <= values[rest]) & (values[rest] <= high)).mean() <= 0.995
    assert made.entry.unit == "%"


def test_a_saved_stack_answers_here_and_when_loaded(accuracy):
    codes, values = accuracy
    rows = np.random.default_rng(0).permutation(len(codes))[:80]
    made = archcast.adapt(codes[rows], values[rows], "my-images", "accuracy", families=["stack"])
    assert made.entry.predictor == "stack"
    made.save()
    np.testing.assert_array_equal(
        archcast.predict(codes[:20], "my-images", "accuracy"), made.predict(codes[:20])
    )
    low, high = made.predict_interval(codes[:20], 0.9)
    assert (low < high).all()


def test_a_saved_accuracy_is_found_by_its_data_set(accuracy):
    codes, values = accuracy
    made = archcast.adapt(codes[::600], values[::600], "my-images", "accuracy", sources=[])
    path = made.save()
    assert Path(path, "manifest.json").is_file()
    found = archcast.predict(codes[:20], "my-images", "accuracy")
    np.testing.assert_array_equal(found, made.predict(codes[:20]))


def test_an_estimators_label_is_a_device_that_can_be_saved(home):
    label = "eyeriss-like:array=8x8,buffer_kib=54"
    folder = archcast.adapt(TEN, VALUES, label, space="nasbench201", sources=[]).save()
    assert folder.name == "nasbench201-latency-eyeriss-like%3Aarray%3D8x8%2Cbuffer_kib%3D54-cifar10"
    assert label in {found.device for found in archcast.devices("nasbench201", "latency")}
    assert archcast.predict(TEN, label).shape == (10,)


def test_the_data_set_that_was_measured_on_is_kept():
    archs = archcast.spaces("fbnet").sample(8, seed=0)
    values = np.arange(1.0, 9.0)
    made = archcast.adapt(archs, values, "my-board", "latency", "fbnet", [], 0, "imagenet")
    assert made.measured.targets[0].dataset == made.measured.dataset == "imagenet"
    usual = archcast.adapt(archs, values, "my-board", space="fbnet", sources=[])
    assert usual.measured.dataset == "cifar100"
    assert not np.allclose(made.predict(archs[:4]), usual.predict(archs[:4]), rtol=1e-4)
    with pytest.raises(UnknownNameError, match="dataset of fbnet must be one of cifar100, imagenet"):
        archcast.adapt(archs, values, "my-board", space="fbnet", dataset="cifar10")


@pytest.mark.parametrize("values", [[True] * 10, ["1"] * 10, np.arange(10) + 1j])
def test_values_are_numbers(values):
    with pytest.raises(InputError, match="values must be numbers"):
        archcast.adapt(TEN, values, "my-board", space="nasbench201", sources=[])


def test_a_likely_unit_is_named():
    with pytest.warns(ArchcastWarning, match="is it in ms, or in us"):
        archcast.adapt(TEN, 1000 * VALUES, "my-board", space="nasbench201", sources=["pixel3"])


def test_accuracy_as_a_fraction_is_asked_about():
    with pytest.warns(ArchcastWarning, match="is it in per cent, or a fraction"):
        archcast.adapt(TEN, np.linspace(0.5, 0.9, 10), "mine", "accuracy", families=["linear"])
