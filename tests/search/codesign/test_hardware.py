import numpy as np
import pytest

from archcast.collect.estimate import load_target
from archcast.core.errors import InputError, UnknownNameError
from archcast.search.codesign.hardware import HardwareGrid, multipliers


def test_accelerators_come_in_the_order_of_their_positions():
    grid = HardwareGrid(("2x2", "4x4"), (8.0, 16.0), (100.0, 200.0, 300.0))
    chips = grid.accelerators()
    position = np.array([1, 0, 2])
    chip = chips[int(np.ravel_multi_index(tuple(position), grid.shape))]
    assert (chip.array, chip.buffer_kib, chip.clock_mhz) == (16, 8.0, 300.0)
    assert grid.describe(position) == {"array": "4x4", "buffer_kib": 8.0, "clock_mhz": 300.0}


def test_values_are_replaced_and_sorted():
    grid = HardwareGrid(("2x2",), (8.0,), (100.0,)).with_values(["clock_mhz=300,50", "array=14x12, 2x3"])
    assert grid.clock_mhz == (50.0, 300.0)
    assert grid.array == ("2x3", "14x12")


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (["clock_mhz"], "name=value"),
        (["clock_mhz=fast"], "must be a number"),
        (["clock_mhz=100,-1"], "above 0"),
        (["clock_mhz=100,100"], "different"),
        (["array=14"], None),
        (["array=0x3"], "array must be"),
        (["clock_mhz=1", "clock_mhz=2"], "once"),
    ],
)
def test_bad_hardware_is_refused(pairs, words):
    grid = HardwareGrid(("2x2",), (8.0,), (100.0,))
    if words is None:
        assert grid.with_values(pairs).array == ("14",)
        return
    with pytest.raises(InputError, match=words):
        grid.with_values(pairs)


def test_an_unknown_parameter_is_named():
    with pytest.raises(UnknownNameError, match="volts"):
        HardwareGrid(("2x2",), (8.0,), (100.0,)).with_values(["volts=1"])


def test_a_target_without_a_grid_of_arrays_is_refused():
    with pytest.raises(InputError, match="must list array"):
        HardwareGrid.of(load_target("ethos-u55-256"))


def test_multipliers_are_the_product_of_the_sides():
    assert multipliers("14x12") == 168
