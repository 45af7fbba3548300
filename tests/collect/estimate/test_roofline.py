"""The roofline, and what all estimators of layers share."""

import pytest

from archcast.collect.estimate import load_target, make_estimator
from archcast.collect.estimate.roofline import RooflineEstimator
from archcast.collect.estimate.target import Target
from archcast.collect.estimate.work import Work
from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES

CONV = Work("conv", (16, 8, 8), (32, 8, 8), (3, 3), padding=1)
MACS, BYTES = 16 * 32 * 9 * 64, 16 * 64 + 16 * 32 * 9 + 32 * 64


def target(spec: str = "") -> Target:
    return load_target(f"roofline:peak_gmacs=2,bandwidth_gbs=0.5{spec}")


def test_latency_is_the_slower_of_computing_and_moving() -> None:
    cost = RooflineEstimator(target()).price_one(CONV)
    assert cost.latency_ms == pytest.approx(max(MACS / 2e6, BYTES / 0.5e6))
    assert cost.latency_parts["memory"] == pytest.approx(BYTES / 0.5e6)
    starved = RooflineEstimator(target(",bytes_per_element=4,overhead_us=10")).price_one(
        Work("elementwise", (8, 4, 4), (8, 4, 4))
    )
    assert starved.latency_ms == pytest.approx(3 * 128 * 4 / 0.5e6 + 0.01)


def test_energy_needs_its_costs() -> None:
    assert RooflineEstimator(target()).price_one(CONV).energy_mj is None
    priced = RooflineEstimator(target(",pj_per_mac=2,pj_per_byte=30")).price_one(CONV)
    assert priced.energy_mj == pytest.approx((2 * MACS + 30 * BYTES) * 1e-9)
    assert priced.energy_mj == pytest.approx(sum(priced.energy_parts.values()))
    with pytest.raises(InputError, match="both of pj_per_mac and pj_per_byte"):
        target(",pj_per_mac=2")


def test_a_network_is_the_sum_of_its_layers() -> None:
    space = SPACES["macro"]
    graph = space.network(space.parse(["02012100"]))
    made = make_estimator(target(",pj_per_mac=2,pj_per_byte=30")).estimate(graph)
    assert made.latency_ms == pytest.approx(sum(at.cost.latency_ms for at in made.layers))
    assert made.energy_mj == pytest.approx(sum(at.cost.energy_mj or 0.0 for at in made.layers))
    joined = [op for at in made.layers for op in at.op.split("+")]
    assert set(joined) == {node.op for node in graph.nodes} - {"Flatten"}
    assert all(at.op.startswith(graph.nodes[at.position].op) for at in made.layers)
    assert all(at.cost.latency_ms > 0 or at.cost.note for at in made.layers)


def test_each_distinct_work_is_priced_once() -> None:
    class Counting(RooflineEstimator):
        priced: list[Work] = []  # noqa: RUF012

        def price_one(self, work: Work):
            self.priced.append(work)
            return super().price_one(work)

    space, estimator = SPACES["nasbench201"], Counting(target())
    graph = space.network(space.members([15624]))
    first, second = estimator.estimate(graph), estimator.estimate(graph)
    assert first == second
    assert len(Counting.priced) == len(set(Counting.priced)) < len(graph)


def test_nothing_of_a_roofline_is_kept_on_disk(home) -> None:
    assert make_estimator(target()).cache is None
    assert make_estimator(load_target("eyeriss-like")).cache is not None
    assert make_estimator(load_target("eyeriss-like"), use_cache=False).cache is None
    assert not home.exists()
