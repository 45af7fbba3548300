"""Networks of any form on an Ethos-U: members cost the same, and what is left to the processor is named."""

from __future__ import annotations

from math import isnan

import pytest

from archcast.collect.estimate import estimate_networks, load_target, make_estimator
from archcast.collect.estimate.kernel_estimates import (
    estimate_kernels,
    fallbacks,
    kernel_rows,
)
from archcast.collect.estimate.lowering_parts import PartialLowering
from archcast.collect.estimate.records import breakdown
from archcast.core.errors import InputError
from archcast.core.network import Network, Node, Value
from archcast.featurize.networks import network
from archcast.featurize.onnx_model import to_onnx
from archcast.featurize.spaces import SPACES

pytest.importorskip("ethosu")


def chain(nodes: tuple[Node, ...], first: tuple[int, ...], **shapes: tuple[int, ...]) -> Network:
    values = {"x": Value("x", first)}
    values |= {name: Value(name, shape, constant=name.startswith("w")) for name, shape in shapes.items()}
    return Network(values, nodes, ("x",), (nodes[-1].outputs[-1],))


TOKENS = chain(
    (
        Node("MatMul", ("x", "w"), ("a",)),
        Node("Softmax", ("a",), ("b",), {"axis": -1}),
        Node("MatMul", ("b", "w2"), ("c",)),
    ),
    (1, 7, 16),
    w=(16, 32),
    a=(1, 7, 32),
    b=(1, 7, 32),
    w2=(32, 16),
    c=(1, 7, 16),
)


@pytest.mark.parametrize("space", ["nasbench201", "macro", "fbnet"])
def test_files_of_members_cost_what_the_members_cost(space: str) -> None:
    chosen = SPACES[space]
    codes = chosen.sample(1, seed=0)
    estimator = make_estimator(load_target("ethos-u55-256"))
    wanted = estimate_networks(estimator, chosen, codes)
    found = estimate_kernels(estimator, network(to_onnx(chosen.network(codes[0]))))
    assert found.latency_ms == pytest.approx(wanted.latency_ms[0])
    assert fallbacks(found) == {}


def test_what_is_left_to_the_processor_is_named_and_no_cost_is_made_up() -> None:
    estimator = make_estimator(load_target("ethos-u55-256"))
    found = estimate_kernels(estimator, TOKENS)
    assert found.latency_ms > 0
    (left,) = [at for at in found.layers if isnan(at.cost.latency_ms)]
    assert (left.position, left.op) == (1, "Softmax")
    assert fallbacks(found) == {
        "without what runs on the processor, whose time is not known: Softmax 1": None
    }
    (row,) = kernel_rows(estimator, {"m": TOKENS}, {"m": found}).to_pylist()
    assert (row["status"], row["note"].endswith("Softmax 1")) == ("failed", True)
    records = breakdown("m", found)
    assert [record["latency (ms)"] for record in records if "Softmax" in record["what"]] == [None]


@pytest.mark.parametrize(
    ("made", "padded"),
    [
        (
            chain(
                (Node("Conv", ("x", "w"), ("y",), {"strides": (2, 2), "pads": (2, 2, 2, 2)}),),
                (1, 3, 16, 16),
                w=(8, 3, 5, 5),
                y=(1, 8, 8, 8),
            ),
            False,
        ),
        (
            chain(
                (Node("Conv", ("x", "w"), ("y",), {"strides": (2, 2), "pads": (1, 1, 1, 1)}),),
                (1, 3, 16, 16),
                w=(8, 3, 7, 7),
                y=(1, 8, 6, 6),
            ),
            True,
        ),
        (chain((Node("Conv", ("x", "w"), ("y",)),), (1, 3, 9, 9), w=(8, 3, 3, 3), y=(1, 8, 7, 7)), False),
    ],
)
def test_paddings_without_a_word_are_operators(made: Network, padded: bool) -> None:
    lowering = PartialLowering(made)
    lowering.run()
    assert [o.code for o in lowering.operations] == (["PAD"] if padded else []) + ["CONV_2D"]
    assert estimate_kernels(make_estimator(load_target("ethos-u55-256")), made).latency_ms > 0


def test_a_network_of_which_nothing_runs_there_is_refused() -> None:
    made = chain((Node("Softmax", ("x",), ("y",)),), (1, 4), y=(1, 4))
    with pytest.raises(InputError, match="none of its operators can be written as TFLite"):
        estimate_kernels(make_estimator(load_target("ethos-u55-256")), made)
