"""Accuracy against cost, and neighbours by one edit."""

from typing import Any

import numpy as np
import pytest

import archcast
from archcast.featurize.spaces import SPACES
from archcast.serving.entry import through_networks
from archcast.serving.front import DRAWN_BUILT, cloud, edit, front_rows, neighbours
from archcast.serving.overview import MemberCosts

NB201 = SPACES["nasbench201"]
CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"


def pair(space: str = "nasbench201", device: str = "raspi4", metric: str = "latency") -> tuple[Any, Any]:
    return archcast.load(device, metric, space), archcast.load(None, "accuracy", space)


def test_front_rows_against_all_pairs() -> None:
    rng = np.random.default_rng(0)
    for lower in (True, False):
        cost, accuracy = rng.integers(0, 12, (2, 60)).astype(float)
        signed = cost if lower else -cost
        beaten = [
            any(
                (signed[j] <= signed[i] and accuracy[j] >= accuracy[i])
                and ((signed[j], -accuracy[j]) != (signed[i], -accuracy[i]) or j < i)
                for j in range(60)
            )
            for i in range(60)
        ]
        rows = front_rows(cost, accuracy, lower_is_better=lower)
        assert sorted(rows.tolist()) == [i for i in range(60) if not beaten[i]]
        assert (np.diff(signed[rows]) > 0).all()


def test_a_small_space_is_looked_at_whole() -> None:
    cost, accuracy = pair()
    seen = cloud(cost, accuracy)
    assert (len(seen.codes), seen.whole) == (15_625, True)
    assert seen.cost[7] == cost.predict_codes(seen.codes[7:8])[0]
    assert cloud(cost, accuracy) is seen


def test_of_a_large_one_members_are_drawn() -> None:
    seen = cloud(*pair("mnasnet", "zcu102"))
    assert not seen.whole
    assert len(np.unique(seen.codes, axis=0)) == len(seen.codes) > 10_000


def test_members_that_must_be_built_are_few() -> None:
    own: Any = archcast.load("pixel4-tflite2.10-1large", "latency", "network")
    space = SPACES["macro"]
    model = MemberCosts(own, through_networks(own.entry, space), space)
    accuracy: Any = archcast.load(None, "accuracy", "macro")
    seen = cloud(model, accuracy)
    assert DRAWN_BUILT / 2 < len(seen.codes) <= DRAWN_BUILT
    expected = own.predict([space.network(seen.codes[0])])[0]
    assert seen.cost[0] == pytest.approx(expected)
    assert cloud(MemberCosts(own, through_networks(own.entry, space), space), accuracy) is seen


@pytest.mark.parametrize(("device", "metric"), [("raspi4", "latency"), ("eyeriss-like", "energy")])
def test_neighbours_are_better_in_something(device, metric) -> None:
    cost, accuracy = pair(device=device, metric=metric)
    code = NB201.parse([CELL])
    own = float(cost.predict_codes(code)[0]), float(accuracy.predict_codes(code)[0])
    found = neighbours(cost, accuracy, code)
    assert found
    around = set(NB201.to_text(NB201.neighbours(code)[0]))
    for neighbour in found:
        assert neighbour.arch in around
        assert neighbour.cost == cost.predict([neighbour.arch])[0]
        assert neighbour.accuracy == accuracy.predict([neighbour.arch])[0]
        better = (neighbour.cost < own[0], neighbour.accuracy > own[1])
        assert {"both": (True, True), "cost": (True, False), "accuracy": (False, True)}[
            neighbour.better
        ] == better
    first_worse = next((i for i, n in enumerate(found) if n.better != "both"), len(found))
    assert all(n.better != "both" for n in found[first_worse:])


def test_more_a_second_is_better() -> None:
    cost, accuracy = pair("mnasnet", "a100", "throughput")
    code = SPACES["mnasnet"].sample(1, seed=3)
    own = cost.predict_codes(code)[0]
    found = neighbours(cost, accuracy, code)
    assert any(n.better in ("both", "cost") for n in found)
    assert all((n.cost > own) == (n.better != "accuracy") for n in found)


def test_edits_are_told_by_the_names_of_decisions() -> None:
    other = CELL.replace("avg_pool_3x3", "none")
    before, after = NB201.parse([CELL]), NB201.parse([other])
    assert edit(NB201, before, after) == "edge_1_2: avg_pool_3x3 -> none"
    assert edit(NB201, before, before) == ""


def test_edits_of_dependent_decisions_are_told_by_the_notation() -> None:
    space = SPACES["ofa_mbv3"]
    code = space.sample(1, seed=3)
    around, _ = space.neighbours(code)
    texts = [edit(space, code, other[None]) for other in around]
    assert all(" -> " in text for text in texts)
    assert any(text.startswith("r: ") for text in texts)
