"""What ships: every entry of the recipe, with the quality that its card says."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from make_network_zoo import ENTRIES as NETWORK_ENTRIES
from scipy.stats import spearmanr
from zoo_recipe import read_recipe

import archcast
from archcast.core.labels import target_key
from archcast.core.settings import predictors_dir
from archcast.predictors import load, read_manifest
from archcast.predictors.artifact.manifest import MANIFEST

ZOO = read_recipe().entries
SHIPPED = Path(archcast.__file__).parent / "zoo"
NAMES = [entry.name for entry in ZOO]
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
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))


@lru_cache(maxsize=1)
def shipped():
    return {name: read_manifest(SHIPPED / name) for name in NAMES}


def test_every_entry_ships_and_nothing_else():
    folders = sorted(path.name for path in SHIPPED.iterdir() if (path / MANIFEST).is_file())
    answer = [name for name, entry in NETWORK_ENTRIES.items() if not entry.teaches]
    assert folders == sorted([*NAMES, *answer])
    teach = sorted(path.name for path in (SHIPPED / "sources" / "network").iterdir())
    assert sorted([*answer, *teach]) == sorted(NETWORK_ENTRIES)
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
    served = {(d.space, d.metric, d.device, d.dataset) for d in archcast.devices() if d.space != "network"}
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
    labels = entry.labels()
    split = read_recipe().split_of(labels)
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
