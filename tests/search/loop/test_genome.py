"""Genes stand for members, and members for genes."""

import numpy as np
import pytest

from archcast.featurize.spaces import SPACES
from archcast.search.loop.genome import changed, genome_of


@pytest.mark.parametrize("name", list(SPACES))
def test_any_genes_are_a_member(name):
    space = SPACES[name]
    genome = genome_of(space)
    genes = np.random.default_rng(0).integers(0, genome.cardinalities, size=(300, len(space.columns)))
    codes = genome.codes(genes)
    assert codes.dtype == np.int8
    assert space.valid(codes).all()


@pytest.mark.parametrize("name", list(SPACES))
def test_members_survive_the_way_there_and_back(name):
    space = SPACES[name]
    genome = genome_of(space)
    members = space.sample(200, seed=1)
    genes = genome.genes(members)
    assert ((genes >= 0) & (genes < genome.cardinalities)).all()
    np.testing.assert_array_equal(genome.codes(genes), members)


def test_a_change_is_of_one_gene():
    tops = np.array([3, 1, 5, 2])
    genes = np.random.default_rng(0).integers(0, tops, size=(500, 4))
    before = genes.copy()
    after = changed(genes, tops, np.random.default_rng(1))
    np.testing.assert_array_equal(genes, before)
    np.testing.assert_array_equal((after != genes).sum(axis=1), 1)
    assert ((after >= 0) & (after < tops)).all()
    assert set(np.nonzero(after != genes)[1]) == {0, 2, 3}
