"""Inputs drawn at random by type."""

from __future__ import annotations

import numpy as np

from archcast.collect.measure.drawn_inputs import draw_inputs

WANTED = [
    {"name": "image", "shape": [2, 3, 4], "dtype": "float16", "kind": "normal"},
    {"name": "mask", "shape": [2, 5], "dtype": "int64", "kind": "ones"},
    {"name": "ids", "shape": [200], "dtype": "int32", "kind": "integers", "below": 7},
]


def test_types_shapes_and_ranges_are_as_asked() -> None:
    drawn = draw_inputs(WANTED)
    assert {n: (a.shape, str(a.dtype)) for n, a in drawn.items()} == {
        "image": ((2, 3, 4), "float16"),
        "mask": ((2, 5), "int64"),
        "ids": ((200,), "int32"),
    }
    assert (drawn["mask"] == 1).all()
    assert set(drawn["ids"].tolist()) == set(range(7))
    assert drawn["image"].std() > 0.3


def test_the_seed_decides() -> None:
    same, other = draw_inputs(WANTED, seed=3), draw_inputs(WANTED, seed=4)
    np.testing.assert_array_equal(same["ids"], draw_inputs(WANTED, seed=3)["ids"])
    assert (same["ids"] != other["ids"]).any()
