"""NSGA-II (Deb et al., 2002), by pymoo: uniform crossover, and each gene changed with probability 1/k."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from archcast.core.arrays import Bools, Ints
from archcast.core.optional import require
from archcast.search.loop.methods.base import EXTRA, METHODS, Method, Task


def nsga2(task: Task) -> None:
    """Breed generation after generation."""
    limited = len(task.evaluate.problem.limits) > 0
    static = _module("pymoo.problems.static")
    problem = _module("pymoo.core.problem").Problem(
        n_var=len(task.genome.cardinalities),
        n_obj=len(task.evaluate.problem.goals),
        n_ieq_constr=int(limited),
        xl=0,
        xu=task.genome.cardinalities - 1,
        vtype=int,
    )
    algorithm = _module("pymoo.algorithms.moo.nsga2").NSGA2(
        pop_size=task.population,
        sampling=task.first(),
        crossover=_module("pymoo.operators.crossover.ux").UX(),
        mutation=_mutation(task.genome.cardinalities),
        eliminate_duplicates=_duplicates(),
    )
    endless = _module("pymoo.termination").get_termination("n_gen", np.inf)
    algorithm.setup(problem, termination=endless, seed=task.seed, verbose=False)
    evaluator = _module("pymoo.core.evaluator").Evaluator()
    while True:
        bred = algorithm.ask()
        if bred is None or len(bred) == 0:  # every child was in the population
            return
        scores = task.scores(bred.get("X").astype(np.int64))
        known: dict[str, Any] = {"F": scores.costs}
        if limited:  # which pymoo would add up, one architecture after another
            known["G"] = scores.violation[:, None]
        evaluator.eval(static.StaticProblem(problem, **known), bred)
        algorithm.tell(infills=bred)


def _module(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what pymoo's own imports warn of
        return require(name, extra=EXTRA, purpose="nsga2")


def _mutation(cardinalities: Ints) -> Any:
    """pymoo's form of a mutation."""
    base: Any = _module("pymoo.core.mutation").Mutation

    def mutate(self: Any, problem: Any, x: Ints, *, random_state: np.random.Generator, **_: Any) -> Ints:
        del self, problem
        return _some_changed(x.astype(np.int64), cardinalities, random_state)

    kind: Callable[[], Any] = type("ChangedGenes", (base,), {"_do": mutate})
    return kind()


def _duplicates() -> Any:
    """pymoo's form of leaving out equal genes, by their bytes; its own measures every pair's distance."""
    base: Any = _module("pymoo.core.duplicate").DuplicateElimination

    def mark(self: Any, population: Any, other: Any, is_duplicate: Bools) -> Bools:
        del self
        seen = set() if other is None else {_key(one) for one in other}
        for i, one in enumerate(population):
            key = _key(one)
            is_duplicate[i] = key in seen
            if other is None:
                seen.add(key)
        return is_duplicate

    kind: Callable[[], Any] = type("SameGenes", (base,), {"_do": mark})
    return kind()


def _key(individual: Any) -> bytes:
    return np.asarray(individual.X, dtype=np.int64).tobytes()


def _some_changed(genes: Ints, cardinalities: Ints, rng: np.random.Generator) -> Ints:
    """Each gene given another value with probability 1/k."""
    k = genes.shape[1]
    shift = rng.integers(1, np.maximum(cardinalities, 2), size=genes.shape)
    chosen = (rng.random(genes.shape) < 1 / k) & (cardinalities > 1)
    out: Ints = np.where(chosen, (genes + shift) % cardinalities, genes)
    return out


METHODS.register("nsga2", Method("nsga2", nsga2, several_goals=True))
