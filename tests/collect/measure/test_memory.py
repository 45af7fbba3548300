"""Peak memory of a network of known size."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
from typing import Any

import numpy as np
import pytest

from archcast.collect.measure import memory


class Hungry:
    """Holds 20 MiB, and for a moment of each run 60 MiB more."""

    model_bytes = 20 * 2**20

    def __init__(self, request: dict[str, Any]) -> None:
        self.weights = np.ones(20 * 2**20, dtype=np.uint8)

    def run(self) -> None:
        np.ones(60 * 2**20, dtype=np.uint8).sum()


def test_the_peak_counts_what_is_held_for_a_moment() -> None:
    alone = multiprocessing.get_context("spawn")  # a process that has freed memory may take it again unseen
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=alone) as pool:
        answer = pool.submit(memory.measure_here, {"runtime": "ort"}, Hungry).result()
    assert answer["model_mib"] == 20.0
    if answer["peak_was_reset"]:
        assert 75 < answer["peak_mib"] < 120


def test_where_the_mark_cannot_be_lowered_the_rise_is_over_the_old_mark(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "_reset_peak", lambda: False)
    marks = iter([100 * 1024.0, 130 * 1024.0])
    asked: list[str] = []

    def status(key: str) -> float:
        asked.append(key)
        return next(marks)

    monkeypatch.setattr(memory, "_status", status)
    answer = memory.measure_here({"runtime": "ort"}, Hungry)
    assert answer == {"peak_mib": 30.0, "model_mib": 20.0, "peak_was_reset": False}
    assert asked == ["VmHWM", "VmHWM"]


def test_a_system_without_the_figure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_read", lambda path: None)
    with pytest.raises(RuntimeError, match="Linux alone"):
        memory.measure_here({"runtime": "ort"}, Hungry)
