"""Answers in blocks, on threads, and what they leave alone."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import archcast
from archcast.featurize.spaces import SPACES, catalog
from archcast.featurize.spaces.catalog import read
from archcast.predictors.lowered import batches as module
from archcast.predictors.lowered.batches import values_of_batch

CELLS = SPACES["nasbench201"].format(SPACES["nasbench201"].sample(50, seed=0))


def small_blocks(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Take batches of more rows than that for large ones."""
    monkeypatch.setattr(module, "LARGE", rows)
    monkeypatch.setattr(catalog, "LARGE", rows)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))


@pytest.mark.parametrize("threads", ["1", "2", "5"])
@pytest.mark.parametrize(
    ("space", "device"), [("fbnet", "raspi4"), ("nasbench201", "raspi4"), ("hat", "titanxp")]
)
def test_blocks_are_the_whole(space: str, device: str, threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHCAST_THREADS", threads)
    codes = SPACES[space].sample(30_000, seed=0)
    loaded = archcast.load(device, space=space)
    expected = loaded.predict(codes)
    small_blocks(monkeypatch, 1000)
    np.testing.assert_allclose(loaded.predict(codes), expected, rtol=1e-6)
    np.testing.assert_allclose(loaded.predict_codes(codes), expected, rtol=1e-6)
    devices = [d.device for d in archcast.devices(space, "latency")][:3]
    np.testing.assert_allclose(
        archcast.predict(codes, devices, space=space)[:, 1],
        archcast.predict(codes, devices[1], space=space),
        rtol=1e-6,
    )


def test_a_mistake_in_a_later_block_is_told_by_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 1000)
    codes = SPACES["fbnet"].sample(30_000, seed=0)
    codes[25_001, 3] = 9
    with pytest.raises(archcast.ParseError, match=r"layer_3 must be 0 to 8, got 9 \(item 25001\)"):
        archcast.predict(codes, "raspi4", space="fbnet")


@pytest.mark.parametrize("threads", ["0", "-1", "two", "1.5", "\u0663"])
def test_a_wrong_number_of_threads_is_told(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHCAST_THREADS", threads)
    small_blocks(monkeypatch, 10)
    with pytest.raises(archcast.InputError, match="ARCHCAST_THREADS must be a whole number"):
        archcast.predict(SPACES["fbnet"].sample(20, seed=0), "raspi4", space="fbnet")


def test_codes_given_are_not_changed() -> None:
    codes = SPACES["ofa_mbv3"].sample(100, seed=0).astype(np.int64)
    codes[:, :40] += codes[:, :40] == 0  # positions that no layer uses may hold anything in range
    before = codes.copy()
    device = archcast.devices("ofa_mbv3", "latency")[0].device
    found = archcast.predict(codes, device, space="ofa_mbv3")
    np.testing.assert_array_equal(codes, before)
    plain = SPACES["ofa_mbv3"].parse(codes)
    np.testing.assert_array_equal(found, archcast.predict(plain, device, space="ofa_mbv3"))


def test_many_threads_get_what_one_gets() -> None:
    spaces = ["fbnet", "mnasnet", "hat", "nasbench201"]
    handles = [archcast.load(archcast.devices(s, "latency")[0].device, space=s) for s in spaces]
    batches = [SPACES[s].sample(700, seed=1) for s in spaces]
    expected = [h.predict(b) for h, b in zip(handles, batches, strict=True)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: handles[i % 4].predict(batches[i % 4]), range(80)))
    assert len(found) == 80
    for i, values in enumerate(found):
        np.testing.assert_array_equal(values, expected[i % 4])


def test_a_fork_answers_as_its_parent() -> None:
    loaded = archcast.load("raspi4", space="nasbench201")
    expected = loaded.predict(CELLS)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.map(loaded.predict, [CELLS] * 4)
    np.testing.assert_array_equal(found, [expected] * 4)


def test_thread_settings_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from threadpoolctl import threadpool_info

    def settings() -> list[object]:
        pools = sorted((p["filepath"], p["num_threads"]) for p in threadpool_info())
        return [torch.get_num_threads(), torch.get_num_interop_threads(), pools]

    archcast.predict(CELLS, "raspi4")
    before = settings()
    small_blocks(monkeypatch, 1000)
    for space in ("fbnet", "mnasnet", "ofa_mbv3", "hat", "macro", "nasbench201"):
        for served in archcast.devices(space)[:2]:
            archcast.predict(SPACES[space].sample(20_000, seed=0), served.device, served.metric, space)
    assert settings() == before


def test_answers_are_one_column_a_target() -> None:
    space = SPACES["fbnet"]
    form = archcast.load("raspi4", space="fbnet").form
    codes = space.sample(7, seed=0)
    plain = form.values(codes)
    assert plain.shape == (7, 1)
    for batch in (codes, space.format(codes), codes.astype(np.int64)):
        np.testing.assert_array_equal(values_of_batch(((form, (0,)),), read(batch, space)), plain)


def test_several_forms_stand_in_the_columns_that_are_theirs() -> None:
    space = SPACES["fbnet"]
    first, second = (archcast.load(device, space="fbnet").form for device in ("raspi4", "eyeriss"))
    codes = space.sample(7, seed=0)
    found = values_of_batch(((first, (1,)), (second, (0,))), read(codes, space))
    np.testing.assert_array_equal(found[:, :1], second.values(codes))
    np.testing.assert_array_equal(found[:, 1:], first.values(codes))
