"""Shrinking a cell edge by edge until it is quick enough.

Method: Zhang et al., AutoShrink: A Topology-aware NAS for Discovering Efficient Neural Architecture, AAAI
2020: search begins with the whole cell and takes away one edge after another, of those tried the one without
which the cell scores best.
Left out: cells of many nodes, each an operation. The authors' code (github.com/lordzth666/AutoShrink) tries
up to ten edges drawn at random, trains each smaller cell on a part of CIFAR-10, and scores it by accuracy
less a tenth of the decimal logarithm of its multiply-adds. Here all edges are tried, a prediction stands in
place of training, and the score is the accuracy lost for each millisecond saved.

    python examples/loops/shrink.py
"""

from __future__ import annotations

import numpy as np

import archcast

SPACE, DEVICE = archcast.spaces("nasbench201"), "raspi4"
NONE, CONVOLUTION = 0, 3
"""Codes of `none` and `nor_conv_3x3`."""


def main(limit_ms: float = 30.0) -> list[tuple[str, float, float]]:
    """Shrink; gives each cell on the way with its accuracy (%) and latency (ms), the last within limits."""
    code = np.full((1, 6), CONVOLUTION, dtype=np.int8)
    path: list[tuple[str, float, float]] = []
    while True:
        accuracy = float(archcast.predict(code, metric="accuracy", space=SPACE.name)[0])
        ms = float(archcast.predict(code, DEVICE, space=SPACE.name)[0])
        path.append((SPACE.format(code)[0], accuracy, ms))
        print(f"{accuracy:.2f} %, {ms:.2f} ms: {path[-1][0]}")
        if ms <= limit_ms:
            return path
        edges = np.flatnonzero(code[0] != NONE)
        smaller = np.repeat(code, len(edges), axis=0)
        smaller[np.arange(len(edges)), edges] = NONE
        smaller = smaller[SPACE.connected(smaller)]
        if len(smaller) == 0:
            least = min(row[2] for row in path)
            raise SystemExit(f"limit must be at least {least:.1f} ms, the least that shrinking reaches")
        lost = accuracy - archcast.predict(smaller, metric="accuracy", space=SPACE.name)
        saved = ms - archcast.predict(smaller, DEVICE, space=SPACE.name)
        worth = np.where(saved > 0, lost / np.maximum(saved, 1e-9), np.inf)
        code = smaller[[int(worth.argmin())]]


if __name__ == "__main__":
    main()
