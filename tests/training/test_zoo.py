from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from made_up import additive_labels
from scipy.stats import spearmanr

import archcast
from archcast.core.errors import DataError, UnknownNameError
from archcast.core.labels import Labels, Target, target_key
from archcast.core.settings import predictors_dir
from archcast.featurize.spaces import SPACES
from archcast.predictors import Additive, BayesianLinear, FlopsBaseline, Tabulated, load, read_manifest
from archcast.predictors.artifact.manifest import MANIFEST
from archcast.predictors.distill import Teaching
from archcast.training import zoo, zoo_sources
from archcast.training.fit import fit
from archcast.training.labels import load_labels
from archcast.training.splits import group_split
from archcast.training.train import make_predictor
from archcast.training.zoo import ACCURACY, COST, FEW, ZOO, ZooEntry, as_shipped, choose, make_entry, make_zoo

SHIPPED = Path(archcast.__file__).parent / "zoo"
NAMES = [entry.name for entry in ZOO]
MACRO = next(entry for entry in ZOO if entry.name == "macro-accuracy")
LABELS = additive_labels()
"""Devices whose measurements of one network differ, or are rounded, by more than networks do."""
DATASETS = {
    "hat-latency": {
        *((device, d) for device in ("raspberrypi", "xeon", "titanxp") for d in ("wmt14ende", "wmt14enfr")),
        ("titanxp", "wmt19ende"),
        ("titanxp", "iwslt14deen"),
    },
    "nasbench201-accuracy": {(d, d) for d in ("cifar10", "cifar100", "imagenet16-120")},
    "macro-accuracy": {("cifar10", "cifar10")},
    "mnasnet-accuracy": {("imagenet", "imagenet")},
    "ofa_mbv3-accuracy": {("imagenet", "imagenet")},
    "skipnet-accuracy": {("digits", "digits")},
}
DEVICE_COUNTS = {
    "nasbench201-latency": 27,
    "fbnet-latency": 27,
    "ofa_mbv3-latency": 12,
    "mnasnet-latency": 2,
    "mnasnet-throughput": 6,
    "nasbench201-latency-cpu": 2,
    "fbnet-latency-cpu": 2,
    "nasbench201-latency-estimated": 8,
    "nasbench201-energy-estimated": 5,
    "fbnet-latency-estimated": 8,
    "fbnet-energy-estimated": 5,
}


@pytest.fixture(autouse=True)
def tables(monkeypatch, tmp_path, small_tables):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))


def quiet(text):
    del text


# -- the recipe -----------------------------------------------------------------------------------------


def test_entries_are_named_after_what_they_predict():
    assert all(entry.name.startswith(f"{entry.space}-{entry.metric}") for entry in ZOO)
    assert len(set(NAMES)) == len(NAMES) == len(DATASETS) + len(DEVICE_COUNTS)


def test_candidates_follow_the_metric():
    assert {entry.metric for entry in ZOO} == {"accuracy", "energy", "latency", "throughput"}
    for entry in ZOO:
        common = ACCURACY if entry.metric == "accuracy" else COST
        assert entry.candidates == ((*common, FEW) if entry.own else common)
        for family, settings in entry.candidates:
            assert make_predictor(family, settings).family == family


def test_the_better_candidate_is_chosen_on_training_rows_alone():
    said = []
    split = group_split(LABELS, seed=0)
    taught = LABELS.rows(split.train)
    for candidates in ((("flops", {}), ("lookup", {})), (("lookup", {}), ("flops", {}))):
        assert choose(candidates, taught, said.append) == ("lookup", {})
    assert len(said) == 4
    assert said[1].startswith("lookup {} has Kendall 0.9")
    inner = group_split(taught, seed=1)
    tried = fit(make_predictor("lookup", {}), taught, inner, seed=0)
    assert said[1].split()[4] == f"{tried.mean_quality['kendall']:.4f}"


def test_settings_tell_candidates_apart():
    candidates = (("lookup", {"ridge": 1e6}), ("lookup", {"ridge": 1e-3}))
    assert choose(candidates, LABELS, quiet) == candidates[1]


def entry_of(space, **settings):
    return ZooEntry(f"{space}-latency", space, "latency", ("made up",), **settings)


def large_labels(values):
    codes = SPACES["fbnet"].sample(len(values), seed=0)
    return Labels("fbnet", "latency", "cifar100", (Target("d", "cifar100"),), codes, values[:, None])


def test_small_spaces_are_written_out():
    split = group_split(LABELS, seed=0)
    made = fit(FlopsBaseline(), LABELS, split)
    written = as_shipped(entry_of("nasbench201"), made, LABELS, split, quiet)
    assert isinstance(written.predictor, Tabulated)
    assert (written.card.teacher, written.card.title) == ("flops", made.card.title)


def test_what_lowers_itself_ships_as_it_is():
    large = large_labels(np.arange(1.0, 41))
    split = group_split(large, seed=0)
    made = fit(Additive(), large, split)
    assert as_shipped(entry_of("fbnet"), made, large, split, quiet) is made


def test_a_slow_one_is_distilled_where_the_student_is_no_worse():
    codes = SPACES["fbnet"].sample(300, seed=0)
    noise = np.random.default_rng(0).uniform(0.7, 1.4, 300)
    large = large_labels((1.0 + codes @ np.linspace(0.02, 0.3, 22)) * noise)
    split = group_split(large, seed=0)
    made = fit(BayesianLinear(), large, split)
    entry = entry_of("fbnet", teaching=Teaching(taught=6000, hidden=24, epochs=8, batch=128))
    student = as_shipped(entry, made, large, split, quiet)
    assert (student.predictor.family, student.card.teacher) == ("distilled", "linear")
    assert student.card.agreement["held_out"] == len(split.test)
    assert student.card.agreement["worse"] < 0.02
    said = []
    untaught = replace(entry, teaching=Teaching(taught=400, hidden=2, epochs=1))
    assert as_shipped(untaught, made, large, split, said.append) is made
    assert "the teacher is served itself" in said[0]


def test_an_entry_from_table_to_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "ACCURACY", (("flops", {}), ("linear", {"iterations": 50})))
    monkeypatch.setattr(zoo, "BASELINES", ("flops",))
    said = []
    made = make_entry(MACRO, tmp_path, said.append)
    assert made.chosen == ("linear", {"iterations": 50})
    assert made.folder == tmp_path / "macro-accuracy"
    assert all(text.startswith("macro-accuracy: ") for text in said)
    found = read_manifest(made.folder)
    labels = load_labels("macro", "accuracy", sources=["nas_bench_macro"])
    split = group_split(labels, seed=0)
    assert (found.card.rows, found.card.held_out_rows) == (len(split.train), len(split.test))
    assert (found.header["family"], found.card.teacher) == ("tabulated", "linear")
    assert found.card == made.fitted.card
    np.testing.assert_array_equal(load(found).predict(labels.codes[split.test]), made.fitted.predicted)
    low, high = found.intervals.around(made.fitted.predicted[:, 0].astype(float), 0, 0.9)
    inside = (low <= labels.values[split.test, 0]) & (labels.values[split.test, 0] <= high)
    assert 0.89 <= inside.mean() < 0.92
    summary = made.summary()
    assert summary["entry"] == "macro-accuracy"
    assert (summary["targets"], summary["predictor"]) == (1, "linear")
    assert summary["spearman"] == pytest.approx(found.card.quality["cifar10"]["spearman"], abs=1e-4)
    assert summary["spearman flops"] < summary["spearman"]
    size = sum(path.stat().st_size for path in made.folder.iterdir())
    assert summary["kB"] == round(size / 1000) > 5


def test_only_named_entries_are_made(tmp_path, monkeypatch):
    asked, taught = [], []
    monkeypatch.setattr(zoo_sources, "make_sources", lambda root, progress: taught.append(root))
    monkeypatch.setattr(zoo, "make_entry", lambda entry, root, progress: asked.append((entry.name, root)))
    make_zoo(only=["macro-accuracy", "fbnet-latency"], out=tmp_path)
    assert asked == [("fbnet-latency", tmp_path), ("macro-accuracy", tmp_path)]
    asked.clear()
    make_zoo()
    assert asked == [(name, SHIPPED) for name in NAMES]
    assert taught == [SHIPPED]
    asked.clear()
    with pytest.raises(UnknownNameError, match=r"zoo entry must be one of .*did you mean 'fbnet-latency'"):
        make_zoo(only=["macro-accuracy", "fbnet-latencies"], out=tmp_path)
    assert asked == []


def test_what_may_not_be_redistributed_is_not_shipped(tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "load_labels", lambda *_, **__: replace(LABELS, redistributable=False))
    with pytest.raises(DataError, match="mine must not be shipped"):
        make_entry(ZooEntry("mine", "nasbench201", "latency", ("help",)), tmp_path, quiet)
    assert list(tmp_path.glob("*/*")) == []


# -- what ships -----------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def shipped():
    return {name: read_manifest(SHIPPED / name) for name in NAMES}


def test_every_entry_ships_and_nothing_else():
    folders = sorted(path.name for path in SHIPPED.iterdir() if (path / MANIFEST).is_file())
    assert folders == sorted(NAMES)
    for name, manifest in shipped().items():
        entry = ZOO[NAMES.index(name)]
        assert (manifest.header["space"], manifest.header["metric"]) == (entry.space, entry.metric)
        assert {path.name for path in (SHIPPED / name).iterdir()} == {MANIFEST, *manifest.files}


def test_it_is_small():
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) <= 12_000_000


def test_every_target_of_the_tables_is_served():
    targets = {name: {(t.device, t.dataset) for t in m.targets} for name, m in shipped().items()}
    assert {name: targets[name] for name in DATASETS} == DATASETS
    assert {name: len({d for d, _ in targets[name]}) for name in DEVICE_COUNTS} == DEVICE_COUNTS
    assert not predictors_dir().exists(), "the user's own predictors must not be in the way"
    served = {(d.space, d.metric, d.device, d.dataset) for d in archcast.devices()}
    expected = {
        (entry.space, entry.metric, device, dataset)
        for entry in ZOO
        for device, dataset in targets[entry.name]
    }
    assert served == expected
    assert {d.origin for d in archcast.devices()} == {"zoo"}


def test_cards_say_where_the_values_come_from():
    assert list(shipped()) == NAMES
    for manifest in shipped().values():
        card = manifest.card
        assert card.sources
        assert all(licence for licence in card.licences)
        assert set(card.quality) == set(card.ranges) == {target_key(t) for t in manifest.targets}
        assert card.split == "20% of the groups of equal architectures held out, seed 0"
        assert manifest.intervals is not None
        least = 4 if card.held_out_rows < 100 else 0  # 44 rows cannot tell what holds 99 %
        assert np.isfinite(manifest.intervals.widths[: len(manifest.intervals.widths) - least]).all()


@pytest.mark.parametrize("entry", ZOO, ids=NAMES)
def test_shipped_predictions_agree_with_the_tables_as_the_card_says(entry, public_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))
    manifest = read_manifest(SHIPPED / entry.name)
    labels = load_labels(entry.space, entry.metric, datasets=entry.datasets, sources=entry.sources)
    split = group_split(labels, seed=0)
    assert manifest.targets == labels.targets
    assert (manifest.card.rows, manifest.card.held_out_rows) == (len(split.train), len(split.test))
    tested = labels.rows(split.test)
    predicted = load(manifest).predict(tested.codes)
    for column, target in enumerate(labels.targets):
        known = np.isfinite(tested.values[:, column])
        truth, found = tested.values[known, column], predicted[known, column]
        figures = manifest.card.quality[target_key(target)]
        rank = spearmanr(truth, found).statistic
        error = np.abs(found / truth - 1)
        assert figures["spearman"] == pytest.approx(rank, abs=1e-3)
        assert figures["mape"] == pytest.approx(error.mean(), abs=1e-3)
        assert figures["within_10"] == pytest.approx((error <= 0.1).mean(), abs=1e-3)
        assert figures["rows"] == known.sum()
        assert rank > 0.65, target
