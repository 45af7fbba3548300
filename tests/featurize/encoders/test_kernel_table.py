"""Tables of kernels."""

from __future__ import annotations

import numpy as np
import pytest

from archcast.core.device import DeviceName
from archcast.featurize.encoders.kernel_records import CLASSES, FIELDS, KernelTable, Row
from archcast.featurize.encoders.kernel_table import kernel_table
from archcast.featurize.encoders.program import Program, program_of
from archcast.featurize.spaces.builder import NetworkBuilder


def _network():
    build = NetworkBuilder()
    x = build.conv(build.input(3, 8), 8, kernel=3, stride=2)
    build.pointwise(x, "relu")
    return build.network()


@pytest.mark.parametrize(
    ("device", "program"),
    [
        ("pixel4-ort1.18-4small", Program()),
        ("pixel4-tflite2.10-4small-int8", Program("tflite")),
        ("pixel4-torch2.0_mobile-gpu-fp16", Program("tflite")),
        ("raspi4-ncnn-4t", Program("ncnn")),
        ("rtx3090-torch1.13-b1024-amp", Program("eager", "amp", "", "parts")),
        ("rtx3090-torch2.4-b1024-amp", Program("eager", "amp")),
        ("rtx3090-torch2.4_nhwc-b1024-amp", Program("eager", "amp", "nhwc")),
        ("rtx4090-torch2.9.1_compiled-b1024-bf16", Program("compiled", "bf16", "", "exact")),
        ("mine-torch", Program("eager", "", "", "exact")),
    ],
)
def test_the_program_follows_from_a_devices_name(device, program):
    assert program_of(DeviceName.parse(device)) == program


def test_a_table_of_rows_has_their_classes_and_fields():
    row = Row("cast", [float(i) for i in range(len(FIELDS))], "stem", ("Cast",))
    table = KernelTable.of([row, row])
    assert len(table) == 2
    assert CLASSES[table.classes[1]] == "cast"
    np.testing.assert_array_equal(table.field("written"), [FIELDS.index("written")] * 2)
    assert table.parts == ("stem", "stem")
    assert table.operators == (("Cast",), ("Cast",))
    assert len(KernelTable.of([])) == 0
    assert KernelTable.of([]).fields.shape == (0, len(FIELDS))


def test_a_table_is_made_once_a_program():
    network = _network()
    table = kernel_table(network, Program())
    assert kernel_table(network, Program()) is table
    assert kernel_table(network, Program("eager")) is not table
    assert len(kernel_table(network, Program("eager"))) == 2


def test_a_convolutions_fields_are_those_of_its_loops():
    table = kernel_table(_network(), Program())
    assert [CLASSES[c] for c in table.classes] == ["conv_kxk"]
    expected = {"macs": 8 * 27 * 16, "inputs": 3, "outputs": 8, "places": 16, "window": 9, "stride": 2}
    for name, value in expected.items():
        assert table.field(name) == [value]
    assert table.field("joined") == [2]
