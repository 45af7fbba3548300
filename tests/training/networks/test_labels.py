"""Labels from the published tables."""

import numpy as np
import pytest
from made_up_networks import plain_network

from archcast.collect.structures import Structures
from archcast.core.errors import DataError, UnknownNameError
from archcast.featurize.spaces import SPACES
from archcast.training.networks.labels import network_labels


@pytest.fixture
def tables(public_tables, monkeypatch):
    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))


def test_phones_have_all_their_networks(tables):
    found = network_labels("mobile_ml_bench", devices=["pixel4-tflite2.10-1large"])
    labels = found.labels
    assert labels.values.shape == (102, 1)
    assert np.isfinite(labels.values).all()
    assert len(set(labels.families)) == 28
    assert len(set(found.coarse)) == 11
    assert labels.values[[r.name for r in found.records].index("bagnet9"), 0] == pytest.approx(908.365)


@pytest.fixture
def unread(tables, monkeypatch):
    """Networks are not read: of timm's there are 1,831."""
    monkeypatch.setattr(Structures, "network", lambda self, record: plain_network(8))


def test_merged_networks_are_those_that_new_versions_ran(unread):
    old, new = "rtx4090-torch2.4-b1024-amp", "rtx4090-torch2.9.1-b1024-amp"
    found = network_labels("timm", devices=[old, new])
    place = {(r.name, r.variant): i for i, r in enumerate(found.records) if r.name == "mobileone_s0"}
    values = found.labels.values
    assert np.isfinite(values[place["mobileone_s0", ""]]).tolist() == [True, False]
    assert np.isfinite(values[place["mobileone_s0", "reparameterized"]]).tolist() == [False, True]


def test_what_is_wrong_or_trains_is_left_out(unread):
    found = network_labels("timm", devices=["rtx4090-torch2.4-b1024-amp"])
    assert "ecaresnext50t_32x4d" not in {record.name for record in found.records}
    assert not any("train" in device for device in network_labels("timm").labels.devices)


def test_unknown_names_are_told(tables):
    with pytest.raises(UnknownNameError, match="device of ncnn"):
        network_labels("ncnn", devices=["abacus"])
    with pytest.raises(UnknownNameError, match="metric of ncnn"):
        network_labels("ncnn", "energy")


def test_a_table_that_is_not_here_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHCAST_DATA", str(tmp_path))
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    with pytest.raises(DataError, match="timm is not on this machine"):
        network_labels("timm")


def test_members_of_spaces_are_networks_on_devices_whose_batch_is_in_the_grammar(tables):
    found = network_labels("help", devices=["titan_rtx-b32", "raspi4"], most=3)
    assert sorted(found.labels.families) == ["fbnet"] * 3 + ["nasbench201"] * 3 + ["ofa_mbv3"] * 3
    measured = np.isfinite(found.labels.values).sum(axis=0)
    assert measured.tolist() == [9, 6]
    record, network = found.records[0], found.labels.networks[0]
    assert SPACES[record.family].network(SPACES[record.family].parse([record.name])[0]).key == network.key
    with pytest.raises(UnknownNameError, match="device of help must be one of 1080ti"):
        network_labels("help", devices=["titan_rtx_32"], most=3)
