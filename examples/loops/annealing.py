"""Simulated annealing, one architecture at a time.

Method: Liu et al., FOX-NAS: Fast, On-device and Explainable Neural Architecture Search, ICCV Workshops 2021:
simulated annealing over networks like MobileNetV3, towards the highest accuracy under a latency, both told by
regressions instead of measurements.
Left out: the two regressions, linear in decisions and their products. The authors' code
(github.com/great8nctu/FOX-NAS) also moves five to eight decisions at once, each to the next value, draws anew
what is over the limit, and takes a worse network only after 500 refusals and by up to 0.1 points. Here one
decision moves, the excess is penalised, and the usual rule of a falling temperature decides.

    python examples/loops/annealing.py
"""

from __future__ import annotations

import numpy as np

import archcast

SPACE = archcast.spaces("nasbench201")
PENALTY = 5.0
"""Points of accuracy that a millisecond over the limit costs."""


def main(
    device: str = "raspi4", limit_ms: float = 30.0, budget: int = 3000, seed: int = 0
) -> tuple[str, float, float]:
    """Anneal; gives the best network within the limit, its accuracy (%) and latency (ms)."""
    accuracy = archcast.load(metric="accuracy", space=SPACE.name, device="cifar10")
    latency = archcast.load(device, space=SPACE.name)
    rng = np.random.default_rng(seed)
    hot, cold = 5.0, 0.05  # points of accuracy
    code, score, best = SPACE.sample(1, seed=seed), -np.inf, None
    for step in range(budget):
        candidate = code.copy()
        if step:
            column = rng.integers(candidate.shape[1])
            candidate[0, column] = rng.integers(SPACE.cardinalities[column])
        points, ms = float(accuracy.predict(candidate)[0]), float(latency.predict(candidate)[0])
        value = points - PENALTY * max(0.0, ms - limit_ms)
        temperature = hot * (cold / hot) ** (step / budget)
        if value >= score or rng.random() < np.exp((value - score) / temperature):
            code, score = candidate, value
        if ms <= limit_ms and (best is None or points > best[1]):
            best = (SPACE.format(candidate)[0], points, ms)
    if best is None:
        raise SystemExit(f"no network within {limit_ms} ms was met in {budget} steps")
    print(f"{best[1]:.2f} %, {best[2]:.2f} ms: {best[0]}")
    return best


if __name__ == "__main__":
    main()
