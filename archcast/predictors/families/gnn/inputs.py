"""What the network reads of a batch of architectures, standardised, as plain arrays.

| symbol | meaning |
|---|---|
| n, N, E | graphs; nodes and edges of all of them |
| F, d | node and graph-level features that are kept |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Doubles, Floats, Ints
from archcast.core.errors import ArtifactError
from archcast.featurize.encoders.packed import PackedGraphs

_FLAT = 1e-6
_FAR = 8.0
"""Standardised features are held within this many deviations: beyond them a linear model is a guess."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """Mean and deviation of the columns that vary; the others are left out.

    Shapes:
        kept: (F,), positions among all columns; mean, deviation: (F,)
    """

    kept: Ints
    mean: Floats
    deviation: Floats

    @classmethod
    def fit(cls, values: NDArray[Any]) -> Self:
        """Learn from (rows, columns)."""
        mean, deviation = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64)
        kept = np.flatnonzero(deviation > _FLAT)
        return cls(kept, mean[kept].astype(np.float32), deviation[kept].astype(np.float32))

    def apply(self, values: NDArray[Any]) -> Floats:
        """(rows, columns) -> float32 (rows, F)."""
        scaled = (values[:, self.kept] - self.mean) / self.deviation
        clipped: Floats = np.clip(scaled, -_FAR, _FAR).astype(np.float32)
        return clipped

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Named arrays for a file."""
        parts: dict[str, NDArray[Any]] = {"kept": self.kept, "mean": self.mean, "deviation": self.deviation}
        return {f"{prefix}_{name}": array for name, array in parts.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str, *, columns: int) -> Self:
        """Take back `arrays`; raise ArtifactError unless they fit a table of `columns` columns."""
        try:
            kept, mean, deviation = (arrays[f"{prefix}_{name}"] for name in ("kept", "mean", "deviation"))
        except KeyError as error:
            raise ArtifactError(f"norm.npz must hold the array {error}") from error
        alike = kept.ndim == 1 and kept.shape == mean.shape == deviation.shape
        if not alike or (kept.size and not 0 <= kept.min() <= kept.max() < columns):
            raise ArtifactError(f"{prefix} columns of norm.npz must be among the {columns} of the space")
        return cls(kept.astype(np.int64), mean.astype(np.float32), deviation.astype(np.float32))


@dataclass(frozen=True, slots=True)
class Inputs:
    """A batch as the network reads it.

    Shapes:
        node_type: int64 (N,); node_features: float32 (N, F); edge_index: int64 (2, E);
        batch: int64 (N,), ascending; graph_features: float32 (n, d)
    """

    node_type: Ints
    node_features: Floats
    edge_index: Ints
    batch: Ints
    graph_features: Floats
    types: int

    @classmethod
    def of(cls, graphs: PackedGraphs, table: Doubles, node: Scaling, graph: Scaling) -> Self:
        """Standardised arrays of graphs and the table (n, columns) of their graph-level features."""
        return cls(
            node_type=graphs.node_type,
            node_features=node.apply(graphs.node_features),
            edge_index=graphs.edge_index,
            batch=graphs.batch,
            graph_features=graph.apply(table),
            types=graphs.types,
        )

    def feed(self) -> dict[str, NDArray[Any]]:
        """Arrays by the names of the network's inputs, in its order."""
        return {
            "node_type": self.node_type,
            "node_features": self.node_features,
            "edge_index": self.edge_index,
            "batch": self.batch,
            "graph_features": self.graph_features,
        }

    def rows(self, chosen: Ints) -> Inputs:
        """The graphs at `chosen` positions, in that order."""
        n = len(self.graph_features)
        starts = np.searchsorted(self.batch, np.arange(n + 1))
        nodes, shift, owner = _ranges(starts, chosen)
        edge_owner = self.batch[self.edge_index[0]]
        order = np.argsort(edge_owner, kind="stable")
        edge_starts = np.searchsorted(edge_owner[order], np.arange(n + 1))
        edges, _, edge_new = _ranges(edge_starts, chosen)
        return Inputs(
            node_type=self.node_type[nodes],
            node_features=self.node_features[nodes],
            edge_index=self.edge_index[:, order[edges]] + shift[edge_new],
            batch=owner,
            graph_features=self.graph_features[chosen],
            types=self.types,
        )


def _ranges(starts: Ints, chosen: Ints) -> tuple[Ints, Ints, Ints]:
    """Members of the chosen ranges one after another, what moves each range there, and whose they are.

    Shapes:
        starts: (n + 1,); chosen: (c,); output: (members,), (c,), (members,)
    """
    counts = starts[chosen + 1] - starts[chosen]
    owner = np.repeat(np.arange(len(chosen)), counts)
    shift = np.cumsum(counts) - counts - starts[chosen]
    return np.arange(counts.sum()) - shift[owner], shift, owner
