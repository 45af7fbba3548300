"""What was measured is told, and nothing else."""

import json

import numpy as np
import pytest

import archcast
from archcast.collect.networks import as_stored
from archcast.collect.rows import environment_json
from archcast.collect.store import MeasurementStore
from archcast.collect.structures import REPARAMETERIZED, structures
from archcast.collect.tables.catalog import RECIPES
from archcast.collect.tables.location import imported_path
from archcast.core.errors import DataError, InputError, ParseError, UnknownNameError
from archcast.featurize.spaces import SPACES
from archcast.training.labels import load_labels
from archcast.training.networks.labels import network_labels

CELLS = SPACES["nasbench201"]
FBNET = SPACES["fbnet"]
ORT = "epyc-zen4-ort-1t"


def row(arch, value, **changes):
    made = {
        "space": "fbnet",
        "arch": arch,
        "device": "my-board",
        "metric": "latency",
        "dataset": "cifar100",
        "value": value,
        "status": "ok",
        "source": "archcast",
        "environment": environment_json({"runtime": "own"}),
    }
    return made | changes


@pytest.fixture
def tables(small_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    return MeasurementStore()


def test_published_values_of_members_and_nothing_of_others(tables):
    labels = load_labels("fbnet", "latency", devices=["raspi4"], sources=["help"])
    other = FBNET.sample(20, seed=9)
    other = other[~(other[:, None] == labels.codes).all(axis=2).any(axis=1)][:1]
    found = archcast.measured(np.concatenate([labels.codes[:3], other]), device="raspi4")
    np.testing.assert_array_equal(found.values[:3], labels.values[:3, 0].astype(np.float32))
    assert found.values.dtype == found.spread.dtype == np.float32
    assert np.isnan(found.values[3])
    assert np.isnan(found.spread).all(), "HELP tells none"
    assert found.sources == ("help", "help", "help", None)
    assert found.status == ("ok", "ok", "ok", None)
    assert found.known.tolist() == [True, True, True, False]
    assert (found.space, found.dataset, found.unit) == ("fbnet", "cifar100", "ms")
    assert "sum of measured blocks" in found.about


def test_text_codes_and_index_are_one(tables):
    labels = load_labels("nasbench201", "latency", devices=["titanx_1"], sources=["help"])
    codes = labels.codes[:4]
    by_codes = archcast.measured(codes, "titanx_1")
    by_text = archcast.measured(CELLS.format(codes), "titanx_1")
    published = CELLS.from_index(np.arange(CELLS.size))
    index = [int((published == code).all(axis=1).argmax()) for code in codes]
    by_index = archcast.measured(CELLS.from_index(np.array(index)), "titanx_1")
    np.testing.assert_array_equal(by_codes.values, labels.values[:4, 0].astype(np.float32))
    np.testing.assert_array_equal(by_codes.values, by_text.values)
    np.testing.assert_array_equal(by_codes.values, by_index.values)
    told = archcast.measured(index, "titanx_1", space="nasbench201", notation="index")
    np.testing.assert_array_equal(by_codes.values, told.values)


def test_a_glitch_is_told_and_has_no_value(tables):
    labels = load_labels("nasbench201", "latency", devices=["raspi4"], sources=["help"])
    every = archcast.measured(CELLS.from_index(np.arange(CELLS.size)), "raspi4")
    assert set(every.status) == {"ok", "glitch", "missing"}
    glitch = every.status.index("glitch")
    assert np.isnan(every.values[glitch])
    assert every.sources[glitch] == "help"
    assert float(every.notes[glitch]) < 1.3, "what the source had written"
    assert every.known.sum() == np.isfinite(labels.values).sum()


def test_kept_measurements_have_their_spread(monkeypatch):
    monkeypatch.delenv("ARCHCAST_DATA", raising=False)
    labels = load_labels("fbnet", "latency", devices=[ORT], sources=["host_cpu"])
    found = archcast.measured(labels.codes, ORT)
    np.testing.assert_array_equal(found.values, labels.values[:, 0].astype(np.float32))
    assert set(found.sources) == {"host_cpu"}
    assert np.isfinite(found.spread).mean() > 0.9


def test_an_estimate_is_no_measurement():
    labels = load_labels("nasbench201", "latency", devices=["eyeriss-like"], sources=["estimates"])
    found = archcast.measured(labels.codes[:5], "eyeriss-like")
    assert not found.known.any()
    assert found.status == (None,) * 5


def test_own_measurements_come_first_and_repeats_are_averaged(tables, own):
    labels = load_labels("fbnet", "latency", devices=["raspi4"], sources=["help"])
    texts = FBNET.to_text(labels.codes[:3])
    own.append(
        [
            row(texts[0], 10.0, device="raspi4", spread=0.3),
            row(texts[1], 11.0, device="raspi4", spread=0.3),
            row(texts[1], 13.0, device="raspi4", spread=0.4),
            row(texts[2], None, device="raspi4", status="failed", note="out of memory"),
        ]
    )
    found = archcast.measured(texts, "raspi4")
    assert found.values.tolist() == [10.0, 12.0, np.float32(labels.values[2, 0])]
    assert found.sources == ("store", "store", "help"), "a failure does not hide what another table has"
    assert found.spread[0] == np.float32(0.3)
    assert found.spread[1] == pytest.approx(np.sqrt(1.0 + (0.3**2 + 0.4**2) / 2))
    own.append([row(texts[0], 20.0, device="raspi4")])
    assert archcast.measured(texts[:1], "raspi4").values.tolist() == [15.0], "seen at once"


def test_a_failure_is_told_where_nothing_else_is(own):
    texts = FBNET.to_text(FBNET.sample(2, seed=0))
    own.append([row(texts[0], 1.5), row(texts[1], None, status="failed", note="out of memory")])
    found = archcast.measured(texts, "my-board")
    assert found.status == ("ok", "failed")
    assert found.notes == ("", "out of memory")
    assert found.records()[1] == {
        "measured": None,
        "spread": None,
        "source": "store",
        "status": "failed",
        "about": "out of memory",
    }


def test_the_same_network_under_other_codes(own):
    one = "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|none~0|skip_connect~1|avg_pool_3x3~2|"
    moved = "|nor_conv_1x1~0|+|nor_conv_3x3~0|none~1|+|none~0|avg_pool_3x3~1|skip_connect~2|"
    dead = "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|none~0|none~1|avg_pool_3x3~2|"
    alive = "|none~0|+|nor_conv_1x1~0|none~1|+|none~0|none~1|avg_pool_3x3~2|"
    own.append([row(arch, 7.0, space="nasbench201", dataset="cifar10") for arch in (one, alive)])
    found = archcast.measured([one, moved, dead], "my-board")
    assert found.values[:2].tolist() == [7.0, 7.0]
    assert np.isnan(found.values[2]), "what a dead convolution costs was not measured"


def test_networks_by_what_they_are(own):
    net = FBNET.network(FBNET.sample(1, seed=0)[0])
    other = FBNET.network(FBNET.sample(1, seed=1)[0])
    key = as_stored(net).key
    own.append(
        [row(key, 4.5, space="network", dataset="", environment=environment_json({"network": "mine"}))]
    )
    found = archcast.measured([net, other], "my-board")
    assert found.values[0] == 4.5
    assert found.status == ("ok", None)
    assert found.space == "network"


def test_networks_of_public_tables_whose_structure_is_known(public_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))
    held = structures()
    measured = network_labels("mobile_ml_bench")
    device, column = measured.labels.devices[0], measured.labels.values[:, 0]
    rows = np.flatnonzero(np.isfinite(column))[:3]
    networks = [held.network(measured.records[row]) for row in rows]
    found = archcast.measured(networks, device)
    np.testing.assert_allclose(found.values, column[rows], rtol=1e-6)
    assert set(found.sources) == {"mobile_ml_bench"}


def test_a_table_measured_one_form_of_a_network():
    held = structures()
    merged = next(r for r in held.of("timm") if r.variant == REPARAMETERIZED)
    plain = next(r for r in held.of("timm") if r.row_name == merged.row_name and r.variant == "")
    for device, ran, other in (
        ("rtx4090-torch2.9.1-b256-amp", merged, plain),
        ("rtx4090-torch2.4.1-b256-amp", plain, merged),
    ):
        assert f"timm:{merged.row_name}" in held.rows_of(ran.key, device)
        assert f"timm:{merged.row_name}" not in held.rows_of(other.key, device)


def test_accuracy_is_of_a_data_set(tables):
    codes = CELLS.from_index(np.arange(3))
    found = archcast.measured(codes, "cifar100", "accuracy")
    assert found.sources == ("nasbench201_accuracy",) * 3
    assert archcast.measured(codes, metric="accuracy").dataset == "cifar10"
    assert (found.device, found.unit) == ("cifar100", "%")
    assert archcast.measured(codes, "CIFAR-100", "accuracy").values.tolist() == found.values.tolist()


def test_a_sum_of_parts_says_so(tables):
    labels = load_labels("hat", "latency", sources=["hat"])
    found = archcast.measured(labels.codes[:1], labels.devices[0], space="hat")
    assert found.notes[0].startswith("a sum of")


def test_nothing_at_hand_and_where_there_would_be_more(monkeypatch, tmp_path):
    monkeypatch.delenv("ARCHCAST_DATA", raising=False)
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    found = archcast.measured(FBNET.sample(2, seed=0), "raspi4")
    assert not found.known.any()
    assert "help" in found.absent
    assert archcast.measured(FBNET.sample(1, seed=0), "raspi4", "memory").status == (None,)


def test_a_damaged_table_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    path = imported_path(RECIPES["help"])
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no table")
    with pytest.raises(DataError, match=r"help.parquet is not a measurement table"):
        archcast.measured(FBNET.sample(1, seed=0), "raspi4")


@pytest.mark.parametrize("name", ["RasPi-4", "Raspberry Pi 4"])
def test_devices_are_found_as_by_predictions(name):
    assert archcast.measured(FBNET.sample(1, seed=0), name).device == "raspi4"


def test_what_cannot_be_asked():
    code = FBNET.sample(1, seed=0)
    with pytest.raises(UnknownNameError, match="did you mean 'raspi4'"):
        archcast.measured(code, "raspi-44")
    with pytest.raises(UnknownNameError, match="dataset for cifar100 must be one of cifar100"):
        archcast.measured(CELLS.from_index([0]), "cifar100", "accuracy", dataset="cifar10")
    with pytest.raises(InputError, match="device must be named"):
        archcast.measured(code)
    with pytest.raises(InputError, match="device must be one name, got"):
        archcast.measured(code, ["raspi4", "eyeriss"])
    with pytest.raises(UnknownNameError, match="metric"):
        archcast.measured(code, "raspi4", "speed")
    with pytest.raises(UnknownNameError, match="dataset for raspi4"):
        archcast.measured(code, "raspi4", dataset="mnist")
    with pytest.raises(ParseError):
        archcast.measured([json.loads("[9]") * 22], "raspi4", space="fbnet")
