"""pymoo with archcast's predictions as objectives: the front of accuracy and latency.

Method: NSGA-II (Deb et al., 2002), as pymoo has it, over codes; each generation is predicted as one batch.
Left out: limits, which are pymoo's `n_ieq_constr` and `out["G"]`; `archcast search` has both ready.

    python examples/loops/with_pymoo.py
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.problem import Problem
from pymoo.operators.crossover.ux import UX
from pymoo.operators.mutation.pm import PM
from pymoo.operators.repair.rounding import RoundingRepair
from pymoo.operators.sampling.rnd import IntegerRandomSampling
from pymoo.optimize import minimize

import archcast

SPACE, DEVICE = archcast.spaces("nasbench201"), "raspi4"


class AccuracyAndLatency(Problem):
    """Two objectives, both to be minimised: 100 less accuracy (%), and latency (ms)."""

    def __init__(self) -> None:
        tops = np.array(SPACE.cardinalities)
        super().__init__(n_var=len(tops), n_obj=2, xl=0, xu=tops - 1, vtype=int)

    def _evaluate(self, x: np.ndarray, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        error = 100.0 - archcast.predict(x, metric="accuracy", space=SPACE.name)
        out["F"] = np.column_stack([error, archcast.predict(x, DEVICE, space=SPACE.name)])


def main(generations: int = 30, population: int = 60, seed: int = 0) -> list[tuple[str, float, float]]:
    """Breed; gives the front from quick to slow: networks, their accuracies (%) and latencies (ms)."""
    algorithm = NSGA2(
        pop_size=population,
        sampling=IntegerRandomSampling(),
        crossover=UX(),
        mutation=PM(vtype=float, repair=RoundingRepair()),
        eliminate_duplicates=True,
    )
    found = minimize(AccuracyAndLatency(), algorithm, ("n_gen", generations), seed=seed)
    archs = SPACE.format(SPACE.parse(found.X.astype(int)))
    front = sorted(zip(archs, 100.0 - found.F[:, 0], found.F[:, 1], strict=True), key=lambda row: row[2])
    for arch, accuracy, ms in front:
        print(f"{accuracy:.2f} %, {ms:.2f} ms: {arch}")
    return front


if __name__ == "__main__":
    main()
