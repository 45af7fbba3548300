"""The way of a batch from `archcast.predict` to its values, told by tracing the calls."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import archcast
from archcast.core.registry import Registry
from archcast.featurize.spaces import SPACES

ROOT = Path(archcast.__file__).parent
CELLS = archcast.spaces("nasbench201").format(archcast.spaces("nasbench201").sample(1024, seed=0))


def traced(call: Callable[[], Any]) -> list[tuple[str, str]]:
    """(folder of the package, function) of every call into the package, in order."""
    calls: list[tuple[str, str]] = []

    def watch(frame: FrameType, event: str, argument: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(ROOT):
            calls.append((path.relative_to(ROOT).parts[0], frame.f_code.co_qualname))

    call()
    call()
    sys.setprofile(watch)
    try:
        call()
    finally:
        sys.setprofile(None)
    return calls


def folders(calls: list[tuple[str, str]]) -> list[str]:
    """Folders in the order in which they are come to."""
    return [folder for folder, _ in groupby(folder for folder, _ in calls)]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    monkeypatch.setattr("archcast.serving.store.FRESH_NS", 3600 * 10**9)


def test_a_batch_of_text_passes_six_functions_in_three_folders() -> None:
    calls = traced(lambda: archcast.predict(CELLS, "raspi4", space="nasbench201"))
    assert calls[0] == ("serving", "predict")
    assert len(calls) <= 6, calls
    assert folders(calls) == ["serving", "featurize", "predictors"], calls


def test_the_space_is_told_once() -> None:
    """Each space is asked once whether the first item is its own; registries count as dictionaries."""
    calls = traced(lambda: archcast.predict(CELLS, "raspi4"))
    asked = [name for _, name in calls if name.rpartition(".")[2] == "matches"]
    assert sum(name.endswith(".matches") for name in asked) == len(SPACES)
    assert [name for _, name in calls].count("_first_space") == 1
    own = {f"{Registry.__name__}.{name}" for name in vars(Registry)}
    way = [c for c in calls if c[1].partition(".<")[0] not in own and c[1] not in asked and "<" not in c[1]]
    assert len(way) <= 8, way
    assert folders(way) == ["serving", "featurize", "predictors"], way


def test_a_batch_of_mappings_passes_eight_functions_once_it_is_read() -> None:
    space = archcast.spaces("ofa_mbv3")
    batch = space.format(space.sample(16, seed=0))
    calls = traced(lambda: archcast.predict(batch, "2080ti_1", space="ofa_mbv3"))
    assert folders(calls) == ["serving", "featurize", "predictors"], calls
    own = {name for folder, name in calls if folder != "featurize"}
    assert len(own) <= 8, own
    assert len(set(calls)) <= 15, calls


def test_a_loaded_predictor_takes_the_same_way() -> None:
    loaded = archcast.load("raspi4", space="nasbench201")
    calls = traced(lambda: loaded.predict(CELLS))
    assert len(calls) <= 7, calls
    assert folders(calls) == ["serving", "featurize", "predictors"], calls
    assert {"read", "values_of_batch"} <= {name for _, name in calls}


def test_an_adapted_device_takes_the_same_way_once_its_table_is_made() -> None:
    values = 1.3 * archcast.predict(CELLS[:40], "raspi4", space="nasbench201")
    archcast.adapt(CELLS[:40], values, device="board", space="nasbench201").save()
    archcast.predict(archcast.spaces("nasbench201").sample(15_625, seed=0), "board", space="nasbench201")
    calls = traced(lambda: archcast.predict(CELLS, "board", space="nasbench201"))
    assert len(calls) <= 8, calls
    assert folders(calls) == ["serving", "featurize", "predictors"], calls


def test_a_network_that_was_seen_passes_eight_functions() -> None:
    network = archcast.spaces("nasbench201").network(archcast.parse(CELLS[:1])[0], "cifar10")
    device = archcast.devices(space="network", metric="latency")[0].device
    calls = traced(lambda: archcast.predict([network], device))
    assert len(calls) <= 8, calls
    assert folders(calls) == ["serving", "featurize", "predictors"], calls


def test_an_interval_predicts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = archcast.load("raspi4", space="nasbench201")
    codes = loaded.space.sample(256, seed=0)
    asked: list[int] = []
    before = type(loaded.form).values

    def counted(form: Any, given: Any) -> Any:
        asked.append(len(given))
        return before(form, given)

    monkeypatch.setattr(type(loaded.form), "values", counted)
    values = loaded.predict_codes(codes)
    low, high = loaded.interval_codes(codes, 0.9, predicted=values)
    assert asked == [256]
    assert ((low < values) & (values < high)).all()
    loaded.predict_interval(codes)
    assert asked == [256, 256]
