"""Members drawn at random, uniformly: what every other method has to beat."""

from __future__ import annotations

from itertools import count

from archcast.search.loop.methods.base import METHODS, Method, Task


def random(task: Task) -> None:
    """Score one drawn batch after another."""
    task.scores(task.first())
    for i in count(1):
        task.evaluate(task.genome.sample(task.population, seed=_seed(task.seed, i)))


def _seed(seed: int, batch: int) -> int:
    """A seed of its own for each batch."""
    return seed * 1_000_003 + batch


METHODS.register("random", Method("random", random, several_goals=True))
