"""Made-up additive latencies and predictors fitted to them."""

from pathlib import Path

import numpy as np

from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.predictors import Card, LookupTable, save
from archcast.training.fit import Fitted, fit
from archcast.training.splits import group_split

UNIT_MS = np.array([0.0, 0.1, 1.0, 3.0, 0.5])


def additive_labels(devices: tuple[str, ...] = ("board_a", "board_b"), n: int = 300) -> Labels:
    """Latencies that are sums over the edges of NAS-Bench-201, twice as long on every next device."""
    codes = SPACES["nasbench201"].sample(n, seed=1)
    base = 2.0 + UNIT_MS[codes].sum(axis=1)
    values = np.stack([base * 2**i for i in range(len(devices))], axis=1)
    targets = tuple(Target(device, "cifar10") for device in devices)
    return Labels("nasbench201", "latency", "cifar10", targets, codes, values, ("made up",), ("none",))


def fitted_lookup(labels: Labels) -> Fitted:
    return fit(LookupTable(), labels, group_split(labels, seed=0))


TWO_BOARDS = LookupTable().fit(additive_labels(n=120))
OTHER_BOARD = LookupTable().fit(additive_labels(("board_c",), n=60))


def save_often(folder: str, title: str) -> None:
    """Save one of two predictors to the same folder again and again; for a process of its own."""
    predictor = {"one": TWO_BOARDS, "two": OTHER_BOARD}[title]
    for _ in range(25):
        save(predictor, Path(folder), card=Card(title))
