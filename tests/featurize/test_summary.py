"""Summaries: memory by liveness, depth, sub-graphs, topology."""

import pytest

from archcast.core.errors import InputError
from archcast.core.network import Network, Node, Value
from archcast.featurize.cells import topology
from archcast.featurize.summary import depth, peak_bytes, summarize


def _network(nodes, outputs, *, side=4, constants=()):
    """A network on maps of one shape, whose values are told by its nodes."""
    names = dict.fromkeys(["x", *(name for node in nodes for name in (*node.inputs, *node.outputs))])
    values = {name: Value(name, (1, 2, side, side)) for name in names if name}
    values |= {value.name: value for value in constants}
    return Network(values, tuple(nodes), ("x",), tuple(outputs))


SIZE = 4 * 2 * 16


def test_memory_is_freed_after_the_last_reader():
    chain = [Node("Relu", ("x",), ("a",)), Node("Relu", ("a",), ("b",)), Node("Relu", ("b",), ("c",))]
    assert peak_bytes(_network(chain, ["c"])) == 2 * SIZE
    held = [*chain[:2], Node("Add", ("a", "b"), ("c",)), Node("Add", ("c", "x"), ("d",))]
    assert peak_bytes(_network(held, ["d"])) == 4 * SIZE


def test_a_view_shares_its_memory():
    nodes = [Node("Relu", ("x",), ("a",)), Node("Flatten", ("a",), ("f",)), Node("Relu", ("f",), ("b",))]
    assert peak_bytes(_network(nodes, ["b"])) == 2 * SIZE
    assert depth(_network(nodes, ["b"])) == 2


def test_a_branch_counts_its_dearer_side_and_a_loop_its_turns():
    def body(*ops):
        inner = [Value(f"i{k}", (1, 2, 4, 4)) for k in range(len(ops))]
        nodes = [Node(op, ((f"i{k - 1}" if k else "x"),), (f"i{k}",)) for k, op in enumerate(ops)]
        return Network({v.name: v for v in inner}, tuple(nodes), (), (f"i{len(ops) - 1}",), frozenset({"x"}))

    branch = Node(
        "If", ("c",), ("y",), {"then_branch": body("Relu"), "else_branch": body("Relu", "Tanh", "Relu")}
    )
    turns = Node("Loop", ("n", ""), ("z",), {"body": body("Relu")})
    known = [
        Value("c", (), "bool", constant=True, data=(True,)),
        Value("n", (), "int64", constant=True, data=(5,)),
    ]
    summary = summarize(_network([branch, turns], ["y", "z"], constants=known))
    assert summary.bytes == 3 * 2 * SIZE + 5 * 2 * SIZE
    assert summary.operators == {"Relu": 3, "If": 1, "Tanh": 1, "Loop": 1}


def test_shared_weights_are_counted_once():
    weight = Value("w", (2, 2, 3, 3), constant=True)
    pads = {"pads": (1,) * 4}
    nodes = [Node("Conv", ("x", "w"), ("a",), pads), Node("Conv", ("a", "w"), ("b",), pads)]
    summary = summarize(_network(nodes, ["b"], constants=[weight]))
    assert summary.params == 36
    assert summary.macs == 2 * 36 * 16


@pytest.mark.parametrize(("residuals", "skip"), [(0, 0), (1, 2), (3, 6)])
def test_residual_sums_are_skips_of_one_cell(residuals, skip):
    weights = [Value(f"w{k}", (2, 2, 3, 3), constant=True) for k in range(4)]
    nodes, x = [], "x"
    for k in range(4):
        nodes.append(Node("Conv", (x, f"w{k}"), (f"c{k}",), {"pads": (1,) * 4}))
        if k < residuals:
            nodes.append(Node("Add", (x, f"c{k}"), (f"s{k}",)))
        x = nodes[-1].outputs[0]
    made = topology(_network(nodes, [x], constants=weights))
    assert made.cells.width.tolist() == [[2.0]]
    assert made.cells.depth.tolist() == [[4.0]]
    assert made.cells.skip.tolist() == [[float(skip)]]
    assert made.nn_degree == pytest.approx(2 + skip / 8)


def test_operands_that_do_not_fit_are_told_with_their_node():
    with pytest.raises(InputError, match=r"node 0 \(LSTM\): its operands do not fit"):
        summarize(_network([Node("LSTM", ("x", "x", "x"), ("y",))], ["y"]))
