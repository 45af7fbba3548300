"""Devices of the public tables."""

from __future__ import annotations

from archcast.collect.tables import RECIPES
from archcast.core.device import DEVICES, KINDS


def test_every_device_of_a_table_is_known() -> None:
    named = {device for recipe in RECIPES.values() for device in recipe.devices}
    assert named <= set(DEVICES)


def test_names_and_kinds() -> None:
    for name in DEVICES:
        assert DEVICES[name].name == name
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
    from archcast.collect.tables.kept import kept_recipes

    (estimates,) = (recipe for recipe in kept_recipes() if recipe.name == "estimates")
    for name in estimates.devices:
        assert "not a measurement" in DEVICES[name].note
