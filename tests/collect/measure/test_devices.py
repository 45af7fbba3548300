"""Device names and what they mean."""

from __future__ import annotations

import pytest

from archcast.collect.measure.devices import parse_device
from archcast.core.errors import InputError


@pytest.mark.parametrize(
    ("name", "host", "runtime", "accelerator", "threads", "batch", "precision", "clock"),
    [
        ("this-host-ort-1t", "this-host", "ort", "cpu", 1, 1, "fp32", "processor"),
        ("this-host-ort-2t-int8", "this-host", "ort", "cpu", 2, 1, "int8", "wall"),
        ("this-host-torch-1t", "this-host", "torch", "cpu", 1, 1, "fp32", "processor"),
        ("this-host-torch-cuda-b32", "this-host", "torch", "cuda", 1, 32, "fp32", "wall"),
        ("pi5.kitchen-ort-4t-b8-int8", "pi5.kitchen", "ort", "cpu", 4, 8, "int8", "wall"),
        ("ort-torch-16t", "ort", "torch", "cpu", 16, 1, "fp32", "wall"),
    ],
)
def test_names(
    name: str,
    host: str,
    runtime: str,
    accelerator: str,
    threads: int,
    batch: int,
    precision: str,
    clock: str,
) -> None:
    device = parse_device(name)
    assert device.name == name
    assert (device.host, device.runtime, device.accelerator) == (host, runtime, accelerator)
    assert (device.threads, device.batch, device.precision) == (threads, batch, precision)
    assert device.clock == clock


@pytest.mark.parametrize(
    "name",
    [
        "",
        "this-host",
        "ort-1t",
        "-ort-1t",
        "this-host-ort",
        "this-host-ort-0t",
        "this-host-ort-01t",
        "this-host-ort-1t-b1",
        "this-host-ort-1t-fp32",
        "this-host-ort-cuda",
        "this-host-torch-1t-int8",
        "this-host-torch-1t-cuda",
        "this-host-ort-1t-int8-b2",
        "this host-ort-1t",
        "this-host-tvm-1t",
        "x" * 1000,
    ],
)
def test_other_names_are_refused_with_the_grammar(name: str) -> None:
    with pytest.raises(InputError, match=r"device must be HOST-ort-<threads>t\[-b<batch>\]\[-int8\]"):
        parse_device(name)
