"""`methods.lattice`, on pairs of a network and an accelerator."""

import numpy as np
import pytest
from search.codesign_cases import JOINT, problem

from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES
from archcast.search.loop.budget import Budget
from archcast.search.loop.evaluator import Evaluator
from archcast.search.loop.methods.base import Task
from archcast.search.loop.methods.lattice import LatticeConfig, minimisers

LIMITS = ("latency<=2", "energy<=0.2", "area<=300")


def searched(asked, config=None):
    genome = asked.space.genome()
    evaluator = Evaluator(asked, Budget(10**7), size=genome.size)
    start = np.empty((0, len(genome.cardinalities)), dtype=np.int64)
    return genome.codes(minimisers(Task(genome, evaluator, start, 1, 0), config)), evaluator


@pytest.mark.parametrize("objective", ["accuracy", "efficiency"])
def test_a_search_beats_many_random_pairs(objective):
    asked = problem(*LIMITS, objectives=(objective,))
    drawn = asked.scores(asked.values(JOINT.sample(40_000, seed=1)))
    kept = drawn.costs[drawn.violation == 0, 0]
    assert len(kept)
    found = asked.scores(asked.values(searched(asked)[0][:1]))
    assert found.violation[0] == 0
    assert found.costs[0, 0] < kept.min()


def test_refinement_improves_on_the_lattice_and_no_single_move_on_the_best():
    asked = problem(*LIMITS)
    codes, evaluator = searched(asked)
    lattice = asked.scores(evaluator.values[: 27 * 64 * 3 * 36])
    best = asked.scores(asked.values(codes[:1])).costs[0, 0]
    assert best < lattice.costs[lattice.violation == 0].min()
    moved = np.clip(codes[:1] + np.vstack([np.eye(12), -np.eye(12)]), 0, np.array(JOINT.cardinalities) - 1)
    near = asked.scores(asked.values(moved.astype(np.int8)))
    assert near.costs[near.violation == 0].min() >= best - 1e-9


def test_without_limits_the_widest_network_is_found():
    best = searched(problem())[0][0]
    assert best[3:6].tolist() == [top - 1 for top in JOINT.cardinalities[3:6]]


def test_limits_that_nothing_keeps_give_the_nearest_pair():
    asked = problem("latency<=1e-9")
    best = searched(asked)[0][:1]
    smallest = np.array([[0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 3]], dtype=np.int8)
    assert asked.values(best)[0, 1] == pytest.approx(asked.values(smallest)[0, 1])


@pytest.mark.parametrize("name", ["fbnet", "hat", "nasbench201"])
def test_the_axes_of_a_genome_hold_every_gene_once(name):
    genome = SPACES[name].genome()
    assert [g for axis in genome.axes for g in axis.genes] == list(range(len(genome.cardinalities)))


@pytest.mark.parametrize("changes", [{"starts": 0}, {"steps": 0}])
def test_bad_settings_are_refused(changes):
    with pytest.raises(InputError, match="must be a whole number of at least"):
        LatticeConfig(**changes)
