"""Random search for a network whose neighbours are good too.

Method: Wang et al., Neighborhood-Aware Neural Architecture Search, BMVC 2021 (NA-RS): candidates are scored
by the mean over themselves and the networks one edit away, so that a flat optimum is found.
Left out: training or a table for each neighbour, as all are predicted, in one batch; sampling of
neighbours, as all 24 are taken; the paper's differentiable form (NA-DARTS).

    python examples/loops/neighbours.py
"""

from __future__ import annotations

import numpy as np

import archcast

SPACE, DEVICE = archcast.spaces("nasbench201"), "raspi4"


def neighbourhood_mean(codes: np.ndarray) -> np.ndarray:
    """Mean predicted accuracy of each architecture and its one-edit neighbours: codes (n, k) to (n,)."""
    around, owner = SPACE.neighbours(codes)
    everyone = np.concatenate([codes, around])
    owners = np.concatenate([np.arange(len(codes)), owner])
    accuracy = archcast.predict(everyone, metric="accuracy", space=SPACE.name).astype(float)
    return np.bincount(owners, accuracy) / np.bincount(owners)


def main(limit_ms: float = 30.0, n: int = 500, seed: int = 0) -> tuple[str, float, float]:
    """Search; gives the best network, its neighbourhood's mean accuracy (%) and its latency (ms)."""
    codes = SPACE.sample(n, seed=seed)
    latency_ms = archcast.predict(codes, DEVICE, space=SPACE.name)
    within = codes[latency_ms <= limit_ms]
    if len(within) == 0:
        raise SystemExit(f"limit must be at least {latency_ms.min():.1f} ms, the least that was drawn")
    means = neighbourhood_mean(within)
    best = int(means.argmax())
    (arch,) = SPACE.format(within[best : best + 1])
    ms = float(archcast.predict([arch], DEVICE)[0])
    own = float(archcast.predict([arch], metric="accuracy")[0])
    print(f"{means[best]:.2f} % around it, {own:.2f} % itself, {ms:.2f} ms: {arch}")
    return arch, float(means[best]), ms


if __name__ == "__main__":
    main()
