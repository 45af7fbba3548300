"""Where the cost of a network goes on a device, by kernel and by part of the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.errors import InputError
from archcast.core.network import Network
from archcast.featurize.encoders.kernel_table import CLASSES, KernelTable
from archcast.serving.loaded import LoadedNetworks

START = "start"
"""Kind of what a pass costs whatever its kernels are."""


@dataclass(frozen=True, slots=True)
class KernelCost:
    """What a kernel adds to the cost of a network.

    Attributes:
        kind: of its work.
        operators: operators that are run as it, in their order and each once.
        part: of the network.
        macs, bytes: of one item.
        value: in the unit of the predictor's own metric; values sum to the prediction.
        share: of the prediction.
        dearness: its share of the cost over its share of all multiply-adds and bytes moved: above 1 it is
            dear for what it computes.
        shape: channels, window, stride, groups and places of its output, as text; empty where it has none.
    """

    kind: str
    operators: str
    part: str
    macs: float
    bytes: float
    value: float
    share: float
    dearness: float
    shape: str = ""


def kernel_costs(loaded: LoadedNetworks, network: Network) -> list[KernelCost]:
    """Costs of the kernels of a network on a device, in the order in which they are run.

    Raises:
        InputError: a shape of the network is not known; names the node. The metric is derived from another.
    """
    entry = loaded.entry
    if entry.derived_from:
        raise InputError(
            f"{entry.metric} on {entry.device} follows from {entry.derived_from}, which is what adds up: "
            f"ask that"
        )
    table = loaded.model.kernels(network)
    shapes = _shapes(table)
    costs = loaded.model.shares(network)[:, 0]
    total = float(costs.sum()) or 1.0
    macs = table.field("macs")
    moved = table.field("read") + table.field("written") + table.field("weights")
    work = (macs / (macs.sum() or 1.0) + moved / (moved.sum() or 1.0)) / 2
    rows = []
    for place, cost in enumerate(costs.tolist()):
        share = cost / total
        if place >= len(table):
            rows.append(KernelCost(START, "", "", 0.0, 0.0, cost, share, 0.0))
            continue
        rows.append(
            KernelCost(
                kind=CLASSES[table.classes[place]],
                operators=" + ".join(dict.fromkeys(table.operators[place])),
                part=table.parts[place],
                macs=float(macs[place]),
                bytes=float(moved[place]),
                value=cost,
                share=share,
                dearness=share / float(work[place]) if work[place] else 0.0,
                shape=shapes[place],
            )
        )
    return [row for row in rows if row.kind != START or row.value]


def _shapes(table: KernelTable) -> list[str]:
    """What kernels work on, as text."""
    names = ("inputs", "outputs", "window", "stride", "groups", "places")
    rows = np.stack([table.field(name) for name in names], axis=1).astype(np.int64).tolist()
    return [shape_text(**dict(zip(names, row, strict=True))) for row in rows]


def shape_text(*, inputs: int, outputs: int, window: int, stride: int, groups: int, places: int) -> str:
    """Channels of all groups, window, stride, groups and places of the output; "" without channels."""
    if not (inputs and outputs):
        return ""
    many = max(groups, 1)
    words = [f"{inputs * many} to {outputs * many} channels"]
    words += [f"window of {window}"] if window > 1 else []
    words += [f"stride {stride}"] if stride > 1 else []
    words += [f"{groups} groups"] if groups > 1 else []
    return ", ".join([*words, f"{places} places"])


def by_part(costs: Sequence[KernelCost], *, depth: int = 2) -> list[tuple[str, float, float]]:
    """Parts of the network with what they add and their share, dearest first.

    Args:
        depth: how many words of a part's name tell parts apart, `stage1.block0` being two.
    """
    sums: dict[str, tuple[float, float]] = {}
    for cost in costs:
        name = ".".join(cost.part.replace("/", ".").strip(".").split(".")[:depth]) or f"({cost.kind})"
        value, share = sums.get(name, (0.0, 0.0))
        sums[name] = (value + cost.value, share + cost.share)
    parts = [(name, value, share) for name, (value, share) in sums.items()]
    return sorted(parts, key=lambda row: -row[1])
