"""Work of layers, and the conventions that make it."""

from collections.abc import Mapping

import pytest

from archcast.collect.estimate.kernel_works import KernelWork, kernel_works
from archcast.collect.estimate.work import CHOICES, Work, check_conventions
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.network import Network
from archcast.featurize.spaces.builder import NetworkBuilder

OWN = {name: next(iter(choices)) for name, choices in CHOICES.items()}


def network() -> Network:
    b = NetworkBuilder()
    b.part = "stem"
    x = b.pointwise(b.pointwise(b.conv(b.input(3, 8), 4, kernel=3), "batch_norm"), "relu")
    b.part = "cell"
    y = b.add(x, b.pool(x, "avg_pool", kernel=3, stride=1), b.pointwise(x, "zero"))
    b.pointwise(y, "batch_norm")
    return b.network()


def works_of(conventions: Mapping[str, str] = OWN) -> list[KernelWork]:
    return kernel_works(network(), conventions, refused_by="it")


def test_each_layer_has_the_work_that_its_convention_names() -> None:
    found = works_of()
    assert found[0].kernel.operators == ("Conv", "BatchNormalization", "Relu")
    assert [at.works for at in found] == [
        ((Work("conv", (3, 8, 8), (4, 8, 8), (3, 3), padding=1), 1),),
        ((Work("window", (4, 8, 8), (4, 8, 8), (3, 3), padding=1), 1),),
        (),
        ((Work("elementwise", (4, 8, 8), (4, 8, 8)), 2),),
        ((Work("conv", (4, 8, 8), (4, 8, 8), groups=4), 1),),
    ]


def test_what_costs_nothing_or_otherwise_than_usual_says_why() -> None:
    assert [at.note for at in works_of()] == ["", "", "zero: removed", "", "not after a convolution"]


def test_a_pool_may_be_priced_as_a_dense_convolution() -> None:
    ((pool, _),) = works_of(OWN | {"pool": "dense"})[1].works
    assert pool.operations == 9 * 4 * 4 * 8 * 8
    assert pool.weights == 9 * 4 * 4


@pytest.mark.parametrize("missing", ["pool", "add", "zero", "activation", "batch_norm"])
def test_a_class_without_convention_is_refused_by_name(missing: str) -> None:
    rest = {name: choice for name, choice in OWN.items() if name != missing}
    with pytest.raises(
        InputError, match=f"it does not price the operator .*conventions do not name {missing}"
    ):
        works_of(rest)


def test_refusal_names_layer_and_part() -> None:
    with pytest.raises(InputError, match=r"operator AveragePool \(node 3, cell\)"):
        works_of({name: c for name, c in OWN.items() if name != "pool"})


def test_counts_of_work() -> None:
    depthwise = Work("conv", (8, 6, 6), (8, 3, 3), (3, 3), stride=2, groups=8, padding=1)
    assert depthwise.is_depthwise
    assert (depthwise.operations, depthwise.weights) == (8 * 9 * 9, 8 * 9)
    assert depthwise.moved == 8 * 36 + 8 * 9 + 8 * 9
    linear = Work("linear", (5, 1, 1), (7, 1, 1))
    assert (linear.operations, linear.weights, linear.moved) == (35, 35, 5 + 35 + 7)
    assert Work("elementwise", (2, 3, 3), (2, 3, 3)).moved == 3 * 18


def test_unknown_conventions_are_refused_by_name() -> None:
    with pytest.raises(UnknownNameError, match=r"conventions key of mine must be one of .*got 'pols'"):
        check_conventions({"pols": "window"}, "mine")
    with pytest.raises(UnknownNameError, match=r"conventions.pool of mine must be one of dense, window"):
        check_conventions({"pool": "free"}, "mine")
