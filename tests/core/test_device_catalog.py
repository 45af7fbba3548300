"""What is known of devices."""

from __future__ import annotations

import pytest

from archcast.collect.tables import RECIPES
from archcast.core.device import DeviceName
from archcast.core.device_catalog import (
    DEVICES,
    KINDS,
    Device,
    device_of,
    known_hardware,
    same_device,
    unknown_device,
)
from archcast.core.errors import InputError


def test_every_device_of_a_table_is_known() -> None:
    named = {device for recipe in RECIPES.values() for device in recipe.devices}
    assert len(named) > 800
    assert {device_of(device).kind for device in named} == set(KINDS)
    assert all(
        device in DEVICES or device_of(device).hardware != DeviceName.parse(device).hardware
        for device in named
    )


def test_hardware_of_networks_tables_is_known_by_its_makers_name() -> None:
    assert {kind for _, kind in known_hardware().values()} <= set(KINDS)
    run = device_of("raspberry-pi-5-run48-ncnn-4t")
    assert (run.hardware, run.kind, run.threads, run.precision) == ("Raspberry Pi 5", "board", 4, "")
    assert "one contributed run" in run.note
    step = device_of("rtx3090-torch1.12_train-b512-amp")
    assert (step.batch, step.note) == (512, "a training step, not a pass")
    assert "not wall time" in device_of("a100-torch_kernels-amp").note
    assert device_of("my-board-vitis_ai3.0-1t").note == ""


@pytest.mark.parametrize("name", DEVICES)
def test_names_are_in_the_grammar_and_stay_as_they_are(name: str) -> None:
    assert str(DeviceName.parse(name)) == name == DEVICES[name].name
    assert DEVICES[name].kind in KINDS


def test_batch_is_the_number_at_the_end_of_a_gpus_name() -> None:
    assert (DEVICES["titan_rtx_256"].batch, DEVICES["titan_rtx_256"].hardware) == (256, "NVIDIA Titan RTX")
    assert (DEVICES["2080ti_1"].batch, DEVICES["titan_xp_32"].batch) == (1, 32)
    assert DEVICES["essential_ph_1"].batch is None
    assert DEVICES["essential_ph_1"].kind == "phone"
    assert (DEVICES["zcu102"].batch, DEVICES["vck190"].batch) == (1, 6)


def test_what_is_unknown_is_empty() -> None:
    assert DEVICES["eyeriss-like"].hardware == ""
    assert DEVICES["raspi4"].precision == ""


def test_estimates_say_that_they_are_none_of_a_device() -> None:
    from archcast.collect.tables.shipped import shipped_recipes

    (estimates,) = (recipe for recipe in shipped_recipes() if recipe.name == "estimates")
    assert len(estimates.devices) == 8
    assert {"not a measurement" in DEVICES[name].note for name in estimates.devices} == {True}


def test_what_another_device_is_its_name_says() -> None:
    assert device_of("raspi4") is DEVICES["raspi4"]
    assert device_of("pixel9-tflite2.10-4small-int8") == Device(
        "pixel9-tflite2.10-4small-int8", "pixel9", "", "TensorFlow Lite 2.10", "int8", 1, 4
    )
    assert device_of("my-board-ort-2t").precision == "fp32"
    assert device_of("my-board") == Device("my-board", "my-board", batch=1)
    assert device_of("of another's store") == Device("of another's store")


def test_an_unknown_device_is_told_by_near_names_and_of_adapt() -> None:
    error = unknown_device("device for latency", "Titan RTX 256", ["titan_rtx_1", "titan_rtx_256"], "latency")
    assert "did you mean 'titan_rtx_256'" in str(error)
    assert "archcast adapt learns another device from three measurements" in str(error)
    assert "adapt" not in str(unknown_device("device for accuracy", "cifar", ["cifar10"], "accuracy"))


def test_a_device_of_another_space_is_told_how_it_is_learned_for_all() -> None:
    elsewhere = ["ofa_mbv3", "fbnet", "fbnet"]
    error = unknown_device("device", "my-board", ["raspi4"], "latency", elsewhere=elsewhere)
    assert "my-board is known for members of fbnet, ofa_mbv3 alone" in str(error)
    assert "adapt --space network" in str(error)


def test_a_name_is_found_in_any_case_and_by_its_maker():
    known = ("raspi4", "pixel3", "v100_1", "v100_32", "my-board")
    for name, wanted in (
        ("raspi4", "raspi4"),
        ("RasPi-4", "raspi4"),
        ("Pixel 3", "pixel3"),
        ("Raspberry Pi 4", "raspi4"),
        ("google pixel 3", "pixel3"),
        ("MY_BOARD", "my-board"),
        ("pixel", None),
        ("--", None),
        (3, None),
    ):
        assert same_device(name, known) == wanted
    with pytest.raises(InputError, match="'NVIDIA V100' may be v100_1, v100_32"):
        same_device("NVIDIA V100", known)
    with pytest.raises(InputError, match=r"'a\.b' may be a-b, a_b"):
        same_device("a.b", ("a-b", "a_b"))
