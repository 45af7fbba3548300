"""Prices: non-negative, recovered where the data tell them, borrowed where they do not."""

from __future__ import annotations

import numpy as np

from archcast.featurize.encoders.kernel_work import WORK, Units
from archcast.predictors.networks.nonnegative import prices, units

RIDGES = (1e-6, 0.1)


def hanging(*under, untaught=0.0):
    """Columns under others, each as plausible as those."""
    return Units(np.array(under), np.ones(len(under)), np.full(len(under), untaught))


def _data() -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).gamma(2.0, size=(60, 3)) * [1.0, 100.0, 1e6]
    return x, x @ [2.0, 0.05, 3e-6]


def test_prices_are_recovered() -> None:
    x, y = _data()
    found = prices(x, y, columns=hanging(0, 1, 2), ridges=RIDGES)
    np.testing.assert_allclose(found[0], [2.0, 0.05, 3e-6], rtol=1e-3)


def test_the_unit_of_a_column_does_not_matter() -> None:
    x, y = _data()
    scale = np.array([1e3, 1.0, 1e-6])
    plain = prices(x, y, columns=hanging(0, 1, 2), ridges=RIDGES)
    scaled = prices(x * scale, y, columns=hanging(0, 1, 2), ridges=RIDGES)
    np.testing.assert_allclose(scaled * scale, plain, rtol=1e-6)


def test_twice_the_costs_are_twice_the_prices() -> None:
    x, y = _data()
    one = prices(x, y, columns=hanging(0, 1, 2), ridges=RIDGES)
    two = prices(x, 2 * y, columns=hanging(0, 1, 2), ridges=RIDGES)
    np.testing.assert_allclose(two, 2 * one, rtol=1e-6)


def test_no_price_is_negative() -> None:
    x, y = _data()
    found = prices(x, np.maximum(y - 3 * x[:, 0], 1.0), columns=hanging(0, 1, 2), ridges=RIDGES)
    assert (found >= 0).all()


def test_a_rare_class_is_measured_by_its_pooled_column() -> None:
    pooled = np.linspace(1.0, 2.0, 40)
    rare = np.where(np.arange(40) == 7, 1e-3, 0.0)
    x = np.stack([pooled, rare], axis=1)
    y = pooled * 3.0
    y[7] *= 1.5
    by_itself = prices(x, y, columns=hanging(0, 1), ridges=(0.05,))[0]
    under = prices(x, y, columns=hanging(0, 0), ridges=(0.05,))[0]
    assert by_itself[1] > 100 * under[1]
    assert under[1] < 3.0


def test_a_column_that_no_network_has_is_free_or_as_dear_as_is_known() -> None:
    x, y = _data()
    x[:, 1] = 0
    assert units(x / y[:, None], hanging(0, 0, 2))[1] == 0
    assert prices(x, y, columns=hanging(0, 0, 2), ridges=RIDGES)[0, 1] == 0
    dear = prices(x, y, columns=hanging(0, 0, 2, untaught=7.0), ridges=RIDGES)
    np.testing.assert_allclose(dear[:, 1], 7.0 * dear[:, 0])


def test_grouped_convolutions_are_dear_untaught_where_groups_run_in_plain_loops() -> None:
    names = [column.name for column in WORK["plain_groups"].columns]
    place = names.index("grouped.macs")
    assert WORK["plain_groups"].units.untaught[place] > 1
    assert WORK["tiles"].units.untaught[place] == 0
