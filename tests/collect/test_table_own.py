"""The user's own measurements, read like a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archcast.collect.matrix import load_measurements
from archcast.collect.store import MeasurementStore
from archcast.core.errors import UnknownNameError
from archcast.featurize.spaces import SPACES
from archcast.training.labels import load_labels

SPACE = SPACES["nasbench201"]


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    archs = SPACE.to_text(SPACE.sample(5, seed=1))
    with MeasurementStore() as store:
        store.append(
            {
                "space": "nasbench201",
                "arch": arch,
                "device": "my-board",
                "metric": "latency",
                "dataset": "cifar10",
                "value": 1.0 + i,
                "status": "ok",
                "source": "test",
                "environment": '{"threads": 1}',
            }
            for i, arch in enumerate(archs)
        )
    return archs


def test_a_device_that_no_table_has_is_found_in_the_store(measured: list[str]) -> None:
    matrix = load_measurements("nasbench201", "latency", devices=["my-board"])
    assert matrix.sources == ("store",)
    values = dict(zip(SPACE.to_text(matrix.codes), matrix.values[:, 0], strict=True))
    assert values == {arch: 1.0 + i for i, arch in enumerate(measured)}


def test_the_store_may_be_named_and_its_models_are_not_for_shipping(measured: list[str]) -> None:
    labels = load_labels("nasbench201", "latency", sources=["store"])
    assert labels.devices == ("my-board",)
    assert len(labels) == len(measured)
    assert not labels.redistributable
    assert np.isfinite(labels.values).all()


def test_without_a_store_an_unknown_device_is_named(
    tmp_path: Path, small_tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    with pytest.raises(UnknownNameError, match="my-board"):
        load_measurements("nasbench201", "latency", devices=["my-board"])
