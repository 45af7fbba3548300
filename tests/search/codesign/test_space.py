import numpy as np
import pytest
from search.codesign_cases import GRID, JOINT

from archcast.collect.estimate import load_target
from archcast.core.errors import InputError, ParseError
from archcast.featurize.spaces import SPACES
from archcast.search.codesign.hardware import HardwareGrid
from archcast.search.codesign.space import JointSpace


def test_the_space_has_at_least_63_billion_configurations():
    space = JointSpace(SPACES["skipnet"], HardwareGrid.of(load_target("eyeriss-like")))
    assert space.networks.n_networks == 2_314_125_000
    assert space.n_networks == 2_314_125_000 * space.grid.size >= 63_000_000_000


@pytest.mark.parametrize("name", ["skipnet", "nasbench201", "hat", "ofa_mbv3"])
def test_pairs_are_read_as_they_are_written_and_genes_stand_for_members(name):
    space = JointSpace(SPACES[name], GRID)
    codes = space.sample(50, seed=2)
    np.testing.assert_array_equal(space.parse(space.format(codes)), codes)
    genome = space.genome()
    genes = np.random.default_rng(0).integers(0, genome.cardinalities, (50, len(genome.cardinalities)))
    assert space.valid(genome.codes(genes)).all()
    np.testing.assert_array_equal(genome.codes(genome.genes(codes)), codes)
    assert sorted(g for axis in genome.axes for g in axis.genes) == list(range(len(genome.cardinalities)))


def test_pairs_are_taken_apart_with_networks_side_by_side_once():
    networks = SPACES["skipnet"].sample(20, seed=3)
    codes = JOINT.join(networks.repeat(GRID.size, axis=0), np.array([*np.ndindex(*GRID.shape)] * 20))
    pairs = JOINT.split(codes)
    np.testing.assert_array_equal(pairs.networks, networks)
    np.testing.assert_array_equal(pairs.networks[pairs.owner], codes[:, :9])
    np.testing.assert_array_equal(pairs.accelerator, np.tile(np.arange(GRID.size), 20))


def test_skips_without_layers_are_taken_away():
    pair = np.array([[0, 0, 0, 1, 1, 1, 5, 5, 5, 2, 1, 0]], dtype=np.int8)
    assert JOINT.canonical(pair).tolist() == [[0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 1, 0]]


def test_other_hardware_is_refused():
    pair = JOINT.format(JOINT.sample(1, seed=0))[0]
    with pytest.raises(ParseError, match="array must be one of 7x6, 14x12, 28x24, got '1x1'"):
        JOINT.parse([pair | {"array": "1x1"}])
    with pytest.raises(InputError, match="clock_mhz"):
        JointSpace(SPACES["skipnet"], HardwareGrid(("1x1",), (8.0,), tuple(map(float, range(1, 200)))))
