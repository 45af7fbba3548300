"""What a method is given, and the methods by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Ints
from archcast.core.registry import Registry
from archcast.featurize.spaces.genome import Genome
from archcast.search.loop.evaluator import Evaluator
from archcast.search.loop.problem import Scores

EXTRA = "search"


@dataclass(frozen=True, slots=True)
class Task:
    """One search.

    Attributes:
        evaluate: scores codes; raises `Ended` when the search is over.
        start: (s, k) genes of the architectures to begin with; may be empty.
        population: architectures that are scored together, where the method can.
    """

    genome: Genome
    evaluate: Evaluator
    start: Ints
    population: int
    seed: int

    def scores(self, genes: Ints) -> Scores:
        """Scores of genes, (n, k)."""
        return self.evaluate(self.genome.codes(genes))

    def first(self) -> Ints:
        """The population to begin with: those given, then members drawn at random.

        Shapes:
            output: (population or more, k)
        """
        missing = self.population - len(self.start)
        if missing <= 0:
            return self.start
        drawn = self.genome.sample(missing, seed=self.seed)
        return np.concatenate([self.start, self.genome.genes(drawn)])


@dataclass(frozen=True, slots=True)
class Method:
    """A way of searching.

    Attributes:
        run: proposes and scores until `Ended` is raised, or until it has no more to propose.
        several_goals: whether it takes more than one goal.
    """

    name: str
    run: Callable[[Task], None]
    several_goals: bool = False


METHODS: Registry[Method] = Registry("method")
