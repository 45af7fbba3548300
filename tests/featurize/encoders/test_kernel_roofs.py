"""Kernels under rooflines: amounts, properties, and equal ones counted."""

from __future__ import annotations

import numpy as np
from made_up_networks import plain_network

from archcast.featurize.encoders.kernel_records import CLASSES, FIELDS, KernelTable, Row
from archcast.featurize.encoders.kernel_roofs import (
    AMOUNTS,
    ON_BYTES,
    ON_MACS,
    as_array,
    from_array,
    joined,
    kernel_roofs,
)
from archcast.featurize.encoders.kernel_table import kernel_table
from archcast.featurize.encoders.program import Program


def _table(*rows: tuple[str, dict[str, float]]) -> KernelTable:
    return KernelTable.of(
        [Row(kind, [given.get(name, 0.0) for name in FIELDS], "", ()) for kind, given in rows]
    )


def test_amounts_are_of_a_pass_and_what_is_free_has_none() -> None:
    given = {"macs": 2e9, "read": 3e6, "written": 1e6, "weights": 5e6, "curved": 4e6}
    found = kernel_roofs(_table(("linear", given), ("view", given)), batch=8).amounts
    np.testing.assert_allclose(found[0], [16, 24, 8, 32, 5, 1])
    assert not found[1].any()


def test_properties_tell_products_apart() -> None:
    wide = {"macs": 1e6, "window": 81, "stride": 1, "inputs": 1, "outputs": 1, "groups": 96, "places": 196}
    patch = {"macs": 1e6, "window": 256, "stride": 16, "inputs": 3, "outputs": 64, "groups": 1, "places": 196}
    rows = [
        ("conv_depthwise", wide | {"last": 1}),
        ("conv_kxk", patch),
        ("add", {"written": 8.0, "window": 81}),
    ]
    found = kernel_roofs(_table(*rows), batch=64)
    of = {name: found.on_macs[:, place] for place, name in enumerate(ON_MACS)}
    np.testing.assert_array_equal(of["depthwise.9.last"], [1, 0, 0])
    np.testing.assert_array_equal(of["patch"], [0, 1, 0])
    np.testing.assert_allclose(of["shallow"], [0, np.log1p(16 / 3), 0])
    assert not found.on_macs[2].any()
    assert not found.on_bytes[2].any()


def test_sizes_matter_where_one_item_is_run_at_a_time() -> None:
    rows = [("linear", {"macs": 1e6, "inputs": 64, "outputs": 64, "places": 1, "weights": 4e6, "read": 1e6})]
    place = list(ON_MACS).index("weights.one_item")
    assert kernel_roofs(_table(*rows), batch=1).on_macs[0, place] == np.log1p(4)
    assert kernel_roofs(_table(*rows), batch=64).on_macs[0, place] == 0
    assert kernel_roofs(_table(*rows), batch=1).on_bytes[0, list(ON_BYTES).index("bytes.one_item")] > 0


def test_equal_kernels_are_counted_and_amounts_kept() -> None:
    network = plain_network(8, 8, 8, last="Sigmoid")
    every = kernel_roofs(kernel_table(network, Program("eager", "amp")), batch=4)
    found, times = joined(every)
    assert len(times) < len(every.kinds)
    np.testing.assert_allclose(times @ found.amounts, every.amounts.sum(axis=0))
    assert set(found.kinds) == set(every.kinds[every.amounts[:, AMOUNTS.index("kernels")] > 0])
    assert found.kinds.max() < len(CLASSES)
    np.testing.assert_array_equal(as_array(from_array(as_array(found))), as_array(found))
