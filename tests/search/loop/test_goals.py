"""Words of a search."""

import pytest

from archcast.core.errors import ArchcastWarning, InputError, UnknownNameError
from archcast.search.loop.goals import Limit, Quantity, parse_limit, parse_quantity, with_device


@pytest.mark.parametrize(
    ("text", "metric", "device", "sign", "value"),
    [
        ("latency@raspi4<=11", "latency", "raspi4", "<=", 11.0),
        (" throughput @ a100 >= 2e3 ", "throughput", "a100", ">=", 2000.0),
        ("energy<=.5", "energy", None, "<=", 0.5),
    ],
)
def test_limits_are_read(text, metric, device, sign, value):
    limit = parse_limit(text)
    assert limit == Limit(Quantity(metric, device), sign, value)
    assert parse_limit(limit.text) == limit


@pytest.mark.parametrize(
    "text", ["latency", "latency<11", "latency<=", "latency<=much", "<=3", 3, "a@b@c<=1"]
)
def test_what_is_no_limit_is_refused(text):
    with pytest.raises(InputError, match="must be"):
        parse_limit(text)


def test_other_mistakes():
    with pytest.raises(UnknownNameError, match="did you mean 'latency'"):
        parse_limit("latencie<=3")
    with pytest.raises(InputError, match="must be a number"):
        parse_limit("latency@raspi4<=nan")
    with pytest.raises(InputError, match="written like"):
        parse_quantity("latency@")


def test_a_limit_of_accuracy_is_in_per_cent():
    assert parse_limit("accuracy>=93.5").value == 93.5
    with pytest.raises(InputError, match="must be 0 to 100 %, got 935"):
        parse_limit("accuracy>=935")
    with pytest.warns(ArchcastWarning, match=r"accuracy is 0\.93 %: is it in per cent, or a fraction"):
        parse_limit("accuracy>=0.93")


def test_a_quantity_takes_the_only_device():
    assert with_device(Quantity("latency"), ["raspi4"], "cifar10").text == "latency@raspi4"
    assert with_device(Quantity("accuracy"), ["raspi4"], "cifar100").text == "accuracy@cifar100"
    assert with_device(Quantity("latency", "fpga"), ["a", "b"], "cifar10").device == "fpga"
    for devices in ([], ["a", "b"]):
        with pytest.raises(InputError, match="latency must name"):
            with_device(Quantity("latency"), devices, "cifar10")
