"""The cost of a network by kernel and part sums to its prediction, for files and members alike."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from made_up_networks import DEVICES, plain_network, save_tiny
from member_cases import STAGES, staged

import archcast
from archcast.core.errors import InputError
from archcast.core.settings import predictors_dir
from archcast.featurize.spaces import SPACES
from archcast.search.explain.kernel_figures import draw_kernels
from archcast.search.explain.kernels import DEAR, explain_member, explain_network, group_by_kind

PHONE = DEVICES[0]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))
    save_tiny(predictors_dir() / "tiny")
    return tmp_path


@pytest.fixture
def space(home: Path):
    yield archcast.define_space("staged", STAGES, staged)
    SPACES.forget("staged")


def _adds_up(told, value: float) -> None:
    np.testing.assert_allclose(told.value, value, rtol=1e-5)
    for rows in ([one.value for one in told.kernels], [value for _, value, _ in told.parts()]):
        np.testing.assert_allclose(sum(rows), told.value)
    np.testing.assert_allclose(sum(one.share for one in told.kernels), 1)
    np.testing.assert_allclose(sum(value for _, value in group_by_kind(told.kernels)), told.value)


def test_members_of_a_defined_space_and_of_archcast_s_own_add_up(space) -> None:
    arch = {name: values[-1] for name, values in STAGES.items()}
    told = explain_member(arch, PHONE, space="staged")
    _adds_up(told, archcast.predict([arch], PHONE, space=space)[0])
    assert {"stem", "layers.0", "head"} <= {name for name, _, _ in told.parts()}
    for name in ("macro", "fbnet", "nasbench201", "ofa_mbv3", "mnasnet", "hat", "skipnet"):
        known = SPACES[name]
        one = known.format(known.sample(1, seed=0))[0]
        _adds_up(explain_member(one, PHONE, space=name), archcast.predict([one], PHONE, space=name)[0])


def test_kernels_that_cost_more_than_their_work_are_told_with_how_much() -> None:
    told = explain_member("02012100", "galaxy-s10-tflite2.10-1large")
    dear = told.dear()
    assert {one.kind for one, _ in dear} >= {"conv_depthwise"}
    for one, more in dear:
        assert one.dearness >= DEAR
        np.testing.assert_allclose(more, one.value - told.value * one.share / one.dearness)
    assert [more for _, more in dear] == sorted((more for _, more in dear), reverse=True)


def test_it_is_written_and_drawn(home: Path) -> None:
    told = explain_network(plain_network(8, 16), PHONE, name="plain")
    told.save(home / "e.csv")
    with (home / "e.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["value"]) for row in rows] == [one.value for one in told.kernels]
    told.save(home / "e.json")
    assert json.loads((home / "e.json").read_text()) == told.to_json()
    bars, points = draw_kernels(told).axes
    ends = {}
    for bar in bars.patches:
        row = round(bar.get_y() + bar.get_height() / 2)
        ends[row] = max(ends.get(row, 0.0), bar.get_x() + bar.get_width())
    np.testing.assert_allclose([ends[row] for row in sorted(ends)], [value for _, value, _ in told.parts()])
    shares = [one.share for one in told.kernels if one.dearness]
    np.testing.assert_allclose(points.collections[0].get_offsets()[:, 1], shares)


def test_what_is_no_sum_over_kernels_is_refused(space) -> None:
    arch = SPACES["fbnet"].format(SPACES["fbnet"].sample(1, seed=0))[0]
    with pytest.raises(InputError, match="is answered from decisions"):
        explain_member(arch, "raspi4", space="fbnet")
    with pytest.raises(InputError, match=r"throughput on .* follows from latency"):
        explain_network(plain_network(8), PHONE, metric="throughput")
