"""Pieces of work of networks of any form: as many operations as the network counts multiply-adds."""

from __future__ import annotations

import numpy as np
import pytest

from archcast.collect.estimate import estimate_networks, load_target, make_estimator
from archcast.collect.estimate.base import Estimator, LayerCost, NetworkEstimate
from archcast.collect.estimate.kernel_estimates import estimate_kernels, fallbacks
from archcast.collect.estimate.kernel_works import AT_ONCE, UNFOLDED, KernelWork, folded, kernel_works
from archcast.collect.estimate.work import Work
from archcast.core.errors import InputError
from archcast.core.network import Network, Node, Value
from archcast.featurize.networks import network
from archcast.featurize.onnx_model import to_onnx
from archcast.featurize.spaces import SPACES

CONVENTIONS = load_target("eyeriss-like").conventions


def one(op: str, reads: tuple[int, ...], made: tuple[int, ...], weight: tuple[int, ...] = (), **attributes):
    values = {"x": Value("x", reads), "y": Value("y", made)}
    if weight:
        values["w"] = Value("w", weight, constant=True)
    node = Node(op, ("x", "w") if weight else ("x",), ("y",), attributes)
    return Network(values, (node,), ("x",), ("y",))


def work_of(made: Network) -> KernelWork:
    (found,) = kernel_works(made, CONVENTIONS)
    return found


@pytest.mark.parametrize(
    ("made", "note"),
    [
        (one("Conv", (2, 4, 9, 9), (2, 8, 9, 9), (8, 4, 3, 3), pads=(1, 1, 1, 1)), ""),
        (one("Conv", (1, 4, 9, 9), (1, 8, 5, 5), (8, 4, 3, 3), strides=(2, 2), pads=(0, 0, 2, 2)), ""),
        (one("Conv", (1, 4, 9, 9), (1, 4, 5, 5), (4, 1, 3, 3), dilations=(2, 2), group=4), ""),
        (one("Conv", (1, 4, 9), (1, 8, 7), (8, 4, 3)), ""),
        (one("Conv", (1, 4, 9, 9), (1, 8, 9, 4), (8, 4, 1, 2), strides=(1, 2)), UNFOLDED),
        (one("Conv", (1, 2, 4, 4, 4), (1, 3, 3, 3, 3), (3, 2, 2, 2, 2)), UNFOLDED),
        (one("ConvTranspose", (1, 4, 5, 5), (1, 2, 10, 10), (4, 2, 2, 2), strides=(2, 2)), ""),
        (one("MatMul", (1, 7, 8), (1, 7, 16), (8, 16)), ""),
        (one("MatMul", (1, 8), (1, 16), (8, 16)), ""),
    ],
)
def test_operations_are_the_multiply_adds(made: Network, note: str) -> None:
    found = work_of(made)
    assert sum(work.operations * times for work, times in found.works) == made.summary().macs
    assert found.note == note


def test_products_of_activations_and_steps_have_all_their_operations() -> None:
    sides = {"q": Value("q", (2, 3, 5, 8)), "k": Value("k", (2, 3, 8, 7)), "y": Value("y", (2, 3, 5, 7))}
    made = Network(sides, (Node("MatMul", ("q", "k"), ("y",)),), ("q", "k"), ("y",))
    assert work_of(made).works == ((Work("conv", (48, 5, 1), (42, 5, 1), groups=6), 1),)
    lstm = {"x": Value("x", (5, 1, 16)), "y": Value("y", (5, 1, 1, 8))}
    lstm |= {name: Value(name, (1, 32, side), constant=True) for name, side in (("w", 16), ("r", 8))}
    steps = Network(lstm, (Node("LSTM", ("x", "w", "r"), ("y",), {"hidden_size": 8}),), ("x",), ("y",))
    found = work_of(steps)
    assert sum(work.operations * times for work, times in found.works) == steps.summary().macs
    assert found.note == AT_ONCE


def test_what_has_no_multiply_adds_is_a_window_a_sum_or_a_copy() -> None:
    pool = one("MaxPool", (2, 4, 8, 8), (2, 4, 4, 4), kernel_shape=(2, 2), strides=(2, 2))
    assert work_of(pool).works == ((Work("window", (8, 8, 8), (8, 4, 4), (2, 2), 2), 1),)
    mean = one("GlobalAveragePool", (1, 4, 8, 8), (1, 4, 1, 1))
    assert work_of(mean).works == ((Work("window", (4, 8, 8), (4, 1, 1), (8, 8), 8), 1),)
    soft = work_of(one("Softmax", (1, 3, 6), (1, 3, 6)))
    assert soft.works == ((Work("window", (6, 3, 1), (6, 3, 1)), 1),)
    assert soft.note == "softmax has no convention: priced as the data it moves"
    total = work_of(one("ReduceMax", (1, 9, 6), (1, 1, 6)))
    assert total.works == ((Work("window", (6, 9, 1), (6, 9, 1)), 1),)
    assert folded((2, 3, 4, 5)) == (6, 4, 5)
    assert folded(()) == (1, 1, 1)


SMALL = {"macro": {"layer_0": 1}, "mnasnet": {"block0_se": 1}}
"""Members of few different layers, of every kind that the space has: decisions that are not their first."""


@pytest.mark.parametrize("space", SMALL)
def test_files_of_members_cost_what_the_members_cost(space: str) -> None:
    pytest.importorskip("zigzag")
    chosen = SPACES[space]
    codes = np.array([[SMALL[space].get(column, 0) for column in chosen.columns]], dtype=np.int8)
    estimator = make_estimator(load_target("eyeriss-like"))
    wanted = estimate_networks(estimator, chosen, codes)
    assert wanted.energy_mj is not None
    found = estimate_kernels(estimator, network(to_onnx(chosen.network(codes[0]))))
    assert found.latency_ms == pytest.approx(wanted.latency_ms[0])
    assert found.energy_mj == pytest.approx(wanted.energy_mj[0], rel=1e-3)
    assert fallbacks(found) == {}


class OfMembers(Estimator):
    """An estimator from elsewhere that knows no kernels."""

    program = "made up"

    def estimate(self, network: Network) -> NetworkEstimate:
        return NetworkEstimate("", LayerCost(1.0), ())


def test_an_estimator_of_members_alone_says_so() -> None:
    with pytest.raises(InputError, match="eyeriss-like estimates members of search spaces alone"):
        estimate_kernels(OfMembers(load_target("eyeriss-like")), one("Relu", (1, 4), (1, 4)))
