"""Devices that know networks answer for every space, on the same road."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_up_networks import DEVICES, save_tiny, tiny
from member_cases import STAGES, staged

import archcast
from archcast.core.settings import predictors_dir
from archcast.featurize.spaces import SPACES
from archcast.serving.loaded import LoadedMembers

PHONE, PHONE_INT8, GPU = DEVICES
ARCH = {name: values[0] for name, values in STAGES.items()}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))
    save_tiny(predictors_dir() / "tiny")
    return tmp_path


@pytest.fixture
def space(home: Path):
    yield archcast.define_space("staged", STAGES, staged)
    SPACES.forget("staged")


def test_a_defined_space_is_predicted_by_itself_its_name_and_its_form(space) -> None:
    other = {**ARCH, "depth2": 3}
    wanted = tiny().select((0,)).predict([staged(ARCH), staged(other)])[:, 0]
    for given in (space, "staged", None):
        np.testing.assert_allclose(archcast.predict([ARCH, other], PHONE, space=given), wanted, rtol=1e-5)
    every = archcast.predict([ARCH], list(DEVICES), space=space)
    assert every.shape == (1, 3)
    np.testing.assert_allclose(every[0, 0], wanted[0], rtol=1e-5)


def test_many_members_are_answered_from_tables(space) -> None:
    codes = space.sample(1000, seed=0)
    values = archcast.predict(codes, PHONE, space=space)
    direct = tiny().select((0,)).predict([space.network(code) for code in codes[:50]])[:, 0]
    np.testing.assert_allclose(values[:50], direct, rtol=1e-5)
    loaded = archcast.load(PHONE, space=space)
    assert isinstance(loaded, LoadedMembers)
    assert loaded.prepare().form.kind == "sums"
    np.testing.assert_array_equal(loaded.predict(codes), values)


@pytest.mark.parametrize("name", ["fbnet", "macro", "nasbench201", "hat", "mnasnet"])
def test_spaces_of_archcast_s_own_are_answered_too(name: str) -> None:
    known = SPACES[name]
    archs = known.format(known.sample(3, seed=0))
    wanted = tiny().select((0,)).predict([known.network(code) for code in known.parse(archs)])[:, 0]
    np.testing.assert_allclose(archcast.predict(archs, PHONE, space=name), wanted, rtol=1e-5)


def test_what_a_space_has_of_its_own_comes_first_and_is_listed_alone() -> None:
    own = {entry.device for entry in archcast.devices("fbnet", "latency")}
    assert not own & set(DEVICES)
    archs = SPACES["fbnet"].format(SPACES["fbnet"].sample(2, seed=0))
    assert archcast.load("raspi4", space="fbnet").entry.by_networks is False
    assert archcast.load(PHONE, space="fbnet").entry.by_networks is True
    with pytest.raises(archcast.UnknownNameError, match="device for latency of fbnet must be"):
        archcast.predict(archs, "pixel3-none")


def test_for_a_space_without_devices_of_its_own_those_of_networks_are_listed(space) -> None:
    listed = [e for e in archcast.devices(space, "latency") if e.origin == "own"]
    assert {(e.device, e.space, e.dataset, e.by_networks) for e in listed} == {
        (device, "staged", "default", True) for device in DEVICES
    }


def test_a_data_set_that_a_space_has_no_network_for_is_refused() -> None:
    archs = SPACES["nasbench201"].format(SPACES["nasbench201"].sample(2, seed=0))
    small = archcast.predict(archs, PHONE, dataset="imagenet16-120")
    assert (small < archcast.predict(archs, PHONE, dataset="cifar10")).all()
    with pytest.raises(archcast.UnknownNameError, match="dataset of nasbench201"):
        archcast.predict(archs, PHONE, dataset="photos")


def test_items_a_second_and_intervals(space) -> None:
    archs = space.format(space.sample(4, seed=1))
    latency = archcast.predict(archs, GPU, space=space)
    rate = archcast.predict(archs, GPU, metric="throughput", space=space)
    np.testing.assert_allclose(rate, 64_000 / latency, rtol=1e-5)
    low, high = archcast.predict_interval(archs, GPU, space=space)
    assert ((low < latency) & (latency < high)).all()
    low, high = archcast.predict_interval(archs, GPU, metric="throughput", space=space)
    assert ((low < rate) & (rate < high)).all()


def test_a_space_defined_anew_is_answered_anew(space) -> None:
    before = archcast.predict([ARCH], PHONE, space="staged")
    archcast.define_space("staged", STAGES, lambda choice: staged({**choice, "depth2": 3}))
    assert (archcast.predict([ARCH], PHONE, space="staged") > before).all()
    with pytest.raises(archcast.InputError, match="defined anew"):
        archcast.predict([ARCH], PHONE, space=space)
