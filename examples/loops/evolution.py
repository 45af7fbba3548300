"""Regularised evolution under a latency limit.

Method: Real et al., Regularized Evolution for Image Classifier Architecture Search, AAAI 2019: a child is
the best of a few members drawn at random with one decision changed; the oldest member dies, however good.
Left out: training, as accuracy is predicted; the paper's separate mutations of inputs and operations.
Added: a network over the limit ranks below every one within it (Deb, 2000).

    python examples/loops/evolution.py
"""

from __future__ import annotations

from collections import deque

import numpy as np

import archcast

SPACE, DEVICE = archcast.spaces("nasbench201"), "raspi4"
Member = tuple[tuple[bool, float], np.ndarray]
"""Rank (within the limit, then accuracy or how near the limit) and codes (6,)."""


def members(codes: np.ndarray, limit_ms: float) -> list[Member]:
    """Codes with their ranks, the higher the better; predicted as one batch."""
    accuracy = archcast.predict(codes, metric="accuracy", space=SPACE.name)
    latency_ms = archcast.predict(codes, DEVICE, space=SPACE.name)
    pairs = zip(accuracy.tolist(), latency_ms.tolist(), codes, strict=True)
    return [((ms <= limit_ms, a if ms <= limit_ms else -ms), code) for a, ms, code in pairs]


def mutated(code: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One decision changed to another choice."""
    child, column = code.copy(), rng.integers(len(code))
    top = SPACE.cardinalities[column]
    child[column] = (child[column] + rng.integers(1, top)) % top
    return child


def main(limit_ms: float = 30.0, budget: int = 1000, seed: int = 0) -> tuple[str, float, float]:
    """Evolve; gives the best network, its accuracy (%) and latency (ms)."""
    population, drawn = 50, 10
    rng = np.random.default_rng(seed)
    alive = deque(members(SPACE.sample(population, seed=seed), limit_ms), maxlen=population)
    best = max(alive, key=lambda member: member[0])
    for _ in range(budget - population):
        entrants = [alive[i] for i in rng.integers(population, size=drawn)]
        parent = max(entrants, key=lambda member: member[0])
        (child,) = members(mutated(parent[1], rng)[None], limit_ms)
        alive.append(child)  # which pushes the oldest out
        best = max(best, child, key=lambda member: member[0])
    (arch,) = SPACE.format(best[1][None])
    accuracy, ms = archcast.predict([arch], metric="accuracy")[0], archcast.predict([arch], DEVICE)[0]
    print(f"{accuracy:.2f} %, {ms:.2f} ms: {arch}")
    return arch, float(accuracy), float(ms)


if __name__ == "__main__":
    main()
