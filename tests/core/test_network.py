"""Networks as records: what is refused, what is equal, what binding does."""

import pytest

from archcast.core.errors import InputError
from archcast.core.network import BITS, Network, Node, Value


def _chain(*ops: str, names: str = "v", order: bool = True) -> Network:
    values = {f"{names}{i}": Value(f"{names}{i}", (1, 8)) for i in range(len(ops) + 1)}
    nodes = tuple(Node(op, (f"{names}{i}",), (f"{names}{i + 1}",)) for i, op in enumerate(ops))
    return Network(values, nodes if order else nodes[::-1], (f"{names}0",), (f"{names}{len(ops)}",))


def _branches(*, swapped: bool = False, op: str = "Relu") -> Network:
    values = {name: Value(name, (1, 8)) for name in ("x", "a", "b", "y")}
    nodes = [Node(op, ("x",), ("a",)), Node("Tanh", ("x",), ("b",))]
    return Network(
        values, (*(nodes[::-1] if swapped else nodes), Node("Add", ("a", "b"), ("y",))), ("x",), ("y",)
    )


def test_networks_are_equal_whatever_values_are_called_and_in_whatever_order_nodes_stand():
    assert _chain("Relu", "Tanh") == _chain("Relu", "Tanh", names="other")
    assert _branches() == _branches(swapped=True)
    assert hash(_branches()) == hash(_branches(swapped=True))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_chain("Relu", "Tanh"), _chain("Tanh", "Relu")),
        (_chain("Relu"), _chain("Relu", "Relu")),
        (_branches(), _branches(op="Sigmoid")),
    ],
)
def test_networks_that_compute_something_else_differ(one, other):
    assert one != other


def test_weights_count_by_shape_and_not_by_name():
    def conv(name: str, side: int) -> Network:
        values = {
            "x": Value("x", (1, 3, 8, 8)),
            "y": Value("y", (1, 4, 8, 8)),
            name: Value(name, (4, 3, side, side), constant=True),
        }
        pads = {"pads": (side // 2,) * 4}
        return Network(values, (Node("Conv", ("x", name), ("y",), pads),), ("x",), ("y",))

    assert conv("w", 3) == conv("weight", 3) != conv("w", 5)


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ((Node("Relu", ("y",), ("z",)), Node("Relu", ("x",), ("y",))), "node 0 (Relu) reads 'y'"),
        ((Node("Relu", ("x",), ("y",)), Node("Tanh", ("x",), ("y",))), "a second time"),
        ((Node("Relu", ("x",), ("gone",)),), "lack 'gone'"),
        ((Node("Relu", ("nowhere",), ("y",)),), "no constant and not written"),
        ((), "written by no node"),
    ],
)
def test_what_is_no_network_is_refused(nodes, said):
    values = {name: Value(name, (1,)) for name in "xyz"}
    with pytest.raises(InputError) as caught:
        Network(values, nodes, ("x",), ("y",))
    assert said in str(caught.value)


def test_open_dimensions_are_bound_by_name_and_shapes_follow():
    open_ = Network(
        {name: Value(name, ("batch", "tokens", 8)) for name in "xy"},
        (Node("Relu", ("x",), ("y",)),),
        ("x",),
        ("y",),
    )
    assert open_.symbols == ("batch", "tokens")
    bound = open_.bind(batch=2, tokens=5)
    assert bound.values["y"].dims == (2, 5, 8)
    assert open_.bind(batch=2).symbols == ("tokens",)
    with pytest.raises(InputError, match=r"dimension 'tokens' of 'y' is not bound.*bind\(tokens"):
        open_.bind(batch=2).values["y"].elements  # noqa: B018
    for wrong in ({"sides": 3}, {"batch": 0}, {"batch": True}, {"batch": 1.5}):
        with pytest.raises(InputError, match="dimension"):
            open_.bind(**wrong)


def test_small_types_are_packed():
    assert Value("w", (3, 3), "int4").bytes == 5
    assert Value("w", (3, 3), "bfloat16").bytes == 18
    assert {"bool", "float32", "uint8", "float8e5m2"} <= set(BITS)


def test_a_value_of_unknown_shape_says_so():
    with pytest.raises(InputError, match="shape of 'v' is not known"):
        Value("v", None).dims  # noqa: B018


@pytest.mark.parametrize(("learned", "same"), [(None, True), (True, True), (False, False)])
def test_elements_of_weights_are_no_part_of_the_key(learned: bool | None, same: bool) -> None:
    def made(*data: float) -> Network:
        values = {"x": Value("x", (1, 2)), "y": Value("y", (1, 2))}
        values["w"] = Value("w", (2,), constant=True, data=data, learned=learned)
        return Network(values, (Node("Mul", ("x", "w"), ("y",)),), ("x",), ("y",))

    one, other = made(1.0, 2.0), made(3.0, 4.0)
    assert (one.key == other.key) is same
