"""What `nsga2` gives to pymoo."""

import numpy as np
import pytest

from archcast.search.loop.methods.nsga2 import _duplicates, _some_changed

pymoo = pytest.importorskip("pymoo.core.duplicate")


def test_duplicates_are_those_that_pymoo_finds():
    from pymoo.core.population import Population

    rng = np.random.default_rng(0)
    bred, *others = (Population.new("X", rng.integers(0, 3, size=(n, 3))) for n in (40, 15, 6))
    ours = _duplicates().do(bred, *others, return_indices=True)
    theirs = pymoo.DefaultDuplicateElimination().do(bred, *others, return_indices=True)
    np.testing.assert_array_equal(ours[0].get("X"), theirs[0].get("X"))
    assert list(map(list, ours[1:])) == list(map(list, theirs[1:]))
    assert 0 < len(ours[1]) < 20


def test_a_changed_gene_takes_another_value():
    genes = np.zeros((2000, 4), dtype=np.int64)
    cardinalities = np.array([2, 5, 1, 9])
    made = _some_changed(genes, cardinalities, np.random.default_rng(1))
    assert (made < cardinalities).all()
    assert 0.2 < (made[:, [0, 1, 3]] != 0).mean() < 0.3
    assert len(np.unique(made[:, 3])) == 9
