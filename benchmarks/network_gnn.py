"""What a graph network does for the cost of networks, beside what ships and together with it.

A kernel costs the exponential of what a perceptron makes of its state, and a network the sum of its kernels,
as with the other predictors of networks. States are of the kernel alone (`rounds` 0) or take in those around
it by rounds of message passing in both directions, with layers of `archcast.predictors.families.gnn`. Kernels
are those of the device's program; an edge leads from a kernel to those that read what it wrote.

Ten folds of families are left out in turn. Of what teaches, a fifth of its families is set aside: on it the
number of rounds and of steps is chosen, and the share of the graph network in a geometric mean with what
ships. Then it is fitted anew to all that teaches.

    ARCHCAST_DATA=... python benchmarks/network_gnn.py --csv benchmarks/results/network_gnn.csv
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from make_network_zoo import ENTRIES, NetworkEntry
from torch import Tensor, nn

from archcast.core.arrays import Doubles, Ints
from archcast.core.device import DeviceName
from archcast.core.network import Network
from archcast.featurize.encoders.kernel_launched import bounded
from archcast.featurize.encoders.kernel_table import CLASSES, kernel_table
from archcast.featurize.encoders.program import EAGER, Program, program_of
from archcast.featurize.kernels import kernels
from archcast.featurize.launches.run import launched
from archcast.predictors.families.gnn.network import MessageLayer
from archcast.predictors.networks.folds import family_folds
from archcast.predictors.networks.labels import NetworkLabels
from archcast.training.networks.fit import FOLDS, new, quality_by_device
from archcast.training.networks.labels import network_labels

SETTINGS = {
    "pixel4-tflite2.10-1large": ("network-phones", None, (500, 1500)),
    "rtx3090-torch2.4-b1024-amp": ("network-gpus", 500, (300, 900)),
}
"""Devices with what ships for them, how many networks are drawn at random, and steps of training to try."""
FIGURES = ("mape", "median_error", "within_10", "within_20", "spearman")
ROUNDS, INNER = (0, 2), 5
SHARES = tuple(round(0.1 * step, 1) for step in range(11))
WIDTH, BATCH, RATE, DECAY, EDGE = 32, 8, 5e-3, 1e-2, 0.05


class Graph(NamedTuple):
    """Kernels of a network: classes (k,), fields (k, f), edges (2, e)."""

    classes: Tensor
    fields: Tensor
    edges: Tensor


class Costs(nn.Module):
    """Milliseconds of networks as sums over kernels, in logarithms."""

    def __init__(self, fields: Tensor, rounds: int, level: float) -> None:
        super().__init__()
        self.mean, self.deviation = fields.mean(dim=0), fields.std(dim=0).clamp(min=1e-3)
        self.kinds = nn.Embedding(len(CLASSES), WIDTH)
        self.of_fields = nn.Sequential(nn.Linear(fields.shape[1], WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH))
        self.rounds = nn.ModuleList(MessageLayer(WIDTH) for _ in range(rounds))
        self.read = nn.Sequential(
            nn.LayerNorm(WIDTH), nn.Linear(WIDTH, WIDTH), nn.SiLU(), nn.Linear(WIDTH, 1)
        )
        self.level = level

    def forward(self, batch: Sequence[Graph]) -> Tensor:
        """Log milliseconds of a batch, (b,)."""
        starts = np.cumsum([0, *(len(graph.classes) for graph in batch)])
        fields = (torch.cat([graph.fields for graph in batch]) - self.mean) / self.deviation
        state = self.kinds(torch.cat([graph.classes for graph in batch])) + self.of_fields(fields)
        edges = torch.cat([g.edges + s for g, s in zip(batch, starts[:-1].tolist(), strict=True)], dim=1)
        for layer in self.rounds:
            state = layer(state, edges)
        costs = torch.exp(self.read(state)[:, 0] + self.level)
        owner = torch.repeat_interleave(torch.from_numpy(np.diff(starts)))
        return torch.zeros(len(batch)).index_add(0, owner, costs).log()


def graph_of(network: Network, program: Program) -> Graph:
    """The kernels of a network and which of them read what others wrote."""
    table = kernel_table(network, program)
    wired = _of_steps(network, program) if program.rules == EAGER else _of_groups(network, program)
    fields = np.log1p(table.fields).astype(np.float32)
    edges = np.array(sorted(wired), dtype=np.int64).reshape(-1, 2).T
    return Graph(*map(torch.from_numpy, (table.classes.astype(np.int64), fields, edges.copy())))


def _of_steps(network: Network, program: Program) -> set[tuple[int, int]]:
    """Edges between the kernels that an eager program launches."""
    wired: set[tuple[int, int]] = set()
    writer: dict[str, int] = {}
    for place, step in enumerate(launched(bounded(network), program).steps):
        wired |= {(writer[name], place) for name in step.reads if name in writer}
        writer |= dict.fromkeys((step.wrote, *step.also), place)
    return wired


def _of_groups(network: Network, program: Program) -> set[tuple[int, int]]:
    """Edges between the kernels that rules join; a node that is in none hands on what it reads."""
    kernel_of = {n: k for k, made in enumerate(kernels(network, program.rules)) for n in made.nodes}
    wired: set[tuple[int, int]] = set()
    writers: dict[str, set[int]] = {}
    for place, node in enumerate(network.nodes):
        read = set().union(*(writers.get(name, set()) for name in node.inputs))
        if place in kernel_of:
            own = kernel_of[place]
            wired |= {(other, own) for other in read - {own}}
            read = {own}
        writers |= dict.fromkeys(node.outputs, read)
    return wired


def fitted(graphs: Sequence[Graph], logs: Doubles, rounds: int, steps: int) -> Costs:
    """A network of costs fitted to log milliseconds, (n,), by a robust loss."""
    torch.manual_seed(0)
    fields = torch.cat([graph.fields for graph in graphs])
    model = Costs(fields, rounds, float(np.median(logs - np.log([len(g.classes) for g in graphs]))))
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    batches = -(-len(graphs) // BATCH)
    epochs = -(-steps // batches)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE, total_steps=epochs * batches, pct_start=0.2, cycle_momentum=False
    )
    values, rng = torch.from_numpy(logs.astype(np.float32)), np.random.default_rng(0)
    for _ in range(epochs):
        for rows in np.array_split(rng.permutation(len(graphs)), batches):
            optimiser.zero_grad()
            said = model([graphs[row] for row in rows])
            nn.functional.smooth_l1_loss(said, values[torch.from_numpy(rows)], beta=EDGE).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    return model.eval()


class Setting(NamedTuple):
    """Networks that one device measured.

    Attributes:
        graphs: of each of n networks.
        folds: (n,) fold of its family.
        steps: of training that are tried.
    """

    entry: NetworkEntry
    labels: NetworkLabels
    graphs: list[Graph]
    folds: Ints
    steps: tuple[int, ...]

    @classmethod
    def of(cls, device: str) -> Setting:
        """All that the device measured, or some of it at random."""
        name, most, steps = SETTINGS[device]
        labels = network_labels(ENTRIES[name].table, devices=[device], most=most).labels
        labels = labels.rows(np.isfinite(labels.values[:, 0]))
        program = program_of(DeviceName.parse(device))
        graphs = [graph_of(network, program) for network in labels.networks]
        return cls(ENTRIES[name], labels, graphs, family_folds(labels.families, FOLDS), steps)

    def ships(self, rows: Ints, asked: Ints, family: str = "") -> Doubles:
        """Log values of asked networks by the family that ships, or another, fitted to rows."""
        config = self.entry.config if not family else None
        model = new(family or self.entry.family, config).fit(self.labels.rows(rows))
        return np.log(model.predict([self.labels.networks[row] for row in asked])[:, 0])

    def graphed(self, rows: Ints, asked: Ints, rounds: int, steps: int) -> Doubles:
        """The same by the graph network."""
        model = fitted([self.graphs[row] for row in rows], self.logs[rows], rounds, steps)
        with torch.no_grad():
            said: Doubles = model([self.graphs[row] for row in asked]).numpy().astype(np.float64)
        return said

    @property
    def logs(self) -> Doubles:
        """Log milliseconds, (n,)."""
        return np.log(self.labels.values[:, 0])


def of_fold(setting: Setting, fold: int) -> dict[str, Doubles | float]:
    """Log values of a fold's networks by each predictor, with what was chosen."""
    rows, asked = np.flatnonzero(setting.folds != fold), np.flatnonzero(setting.folds == fold)
    inner = family_folds([setting.labels.families[row] for row in rows], INNER)
    taught, aside = rows[inner != 0], rows[inner == 0]
    truth, shipped = np.exp(setting.logs[aside]), setting.ships(taught, aside)
    found: dict[str, Any] = {}
    for rounds in ROUNDS:
        tried = {steps: setting.graphed(taught, aside, rounds, steps) for steps in setting.steps}
        steps = min(setting.steps, key=lambda s: _off(tried[s], truth))
        found[f"graph, {rounds} rounds"] = setting.graphed(rows, asked, rounds, steps)
        found[f"aside {rounds}"] = tried[steps]
    chosen = min(ROUNDS, key=lambda rounds: _off(found[f"aside {rounds}"], truth))
    graph = found["graph, chosen"] = found[f"graph, {chosen} rounds"]
    found["shipped"], found["sums"] = setting.ships(rows, asked), setting.ships(rows, asked, "sums")
    share = min(SHARES, key=lambda s: _off(s * found[f"aside {chosen}"] + (1 - s) * shipped, truth))
    found["together"] = share * graph + (1 - share) * found["shipped"]
    return {k: v for k, v in found.items() if not k.startswith("aside")} | {"share": share}


def _off(logs: Doubles, truth: Doubles) -> float:
    return float(np.abs(np.exp(logs) / truth - 1).mean())


def of_setting(device: str) -> list[dict[str, Any]]:
    """A row a predictor."""
    setting, began = Setting.of(device), time.process_time()
    folds = [of_fold(setting, fold) for fold in range(setting.folds.max() + 1)]
    minutes = (time.process_time() - began) / 60
    rows = []
    for name in [name for name in folds[0] if name != "share"]:
        said = np.full((len(setting.labels), 1), np.nan)
        for fold, found in enumerate(folds):
            said[setting.folds == fold, 0] = np.exp(found[name])
        quality = quality_by_device(setting.labels, said)[device]
        row = {"device": device, "networks": len(setting.labels), "predictor": name}
        row |= {figure: round(quality[figure], 4) for figure in FIGURES}
        row["share"] = round(float(np.mean([f["share"] for f in folds])), 2) if name == "together" else ""
        rows.append(row | {"processor_minutes": round(minutes, 1)})
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--csv", type=Path, required=True, help="file to write")
    path = parser.parse_args().csv
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    for device in SETTINGS:
        rows += of_setting(device)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
