"""What every search space offers: its notation and members, which are equal, the networks, their structure.

Equal architectures: each purpose has its own notion, and who compares architectures asks the space for it.
Each of the first three refines the next.

| equal | asked by | where | for |
|---|---|---|---|
| member | codes | every decision is the same | tables, stores, journals: one row an architecture |
| network | `canonical`, `network_groups` | live layers are the same | suggestions, repeats, kernels |
| function | `function_groups` | they compute the same | splits and folds, which must not leak |
| measurement | `measured_as` | public tables measured one for all | what such tables can tell |

| symbol | meaning |
|---|---|
| n | architectures in a batch |
| k | decisions (columns of codes) |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from archcast.core.arrays import Bools, Codes, Doubles, Ints
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.network import Network
from archcast.featurize.cost import network_cost, quantity
from archcast.featurize.encoders.onehot import one_hot
from archcast.featurize.encoders.packed import PackedGraphs, pack_networks
from archcast.featurize.spaces.members import Members
from archcast.featurize.spaces.structure import cost_group
from archcast.featurize.summary import peak_bytes
from archcast.featurize.topology import Cells, cell_of, joined_cells


class Summand(NamedTuple):
    """A term of what networks are made of: a stretch of them, or what a decision adds to a common frame.

    Attributes:
        name: of the stretch; empty where it is no part of the network.
        forms: (n,), which of the stretches each network has for it.
        networks: the stretches, read once.
        less: what is counted off each of them.
    """

    name: str
    forms: Ints
    networks: Iterable[Network]
    less: Network | None = None


class Space(Members):
    """A set of architectures with one notation; `network` and `choices` are all that one has to give.

    Attributes:
        datasets: data sets the networks are defined for; the first is the default.
        counts_nodes: whether costs are sums over the nodes of `network`, so that one pass of it tells them.
        has_dead_layers: whether networks may hold layers on no path from input to output.
        looked_up: whether costs that a device's note calls looked up are sums of its measured blocks.
        keeps_networks: whether a network that was asked for is at hand when it is asked for again.
        concatenates: whether skips are concatenated; they are added otherwise.
        term_groups: groups of columns such that every one of `terms` is a sum of functions of one group
            each; groups may share columns; None where that is not known.
        cost_groups: the same for `costs`.
        versions: of its own columns (terms, groups of structure, blocks) whose meaning has changed; that of
            all others is 1.
    """

    datasets: tuple[str, ...]
    counts_nodes: bool = True
    has_dead_layers: bool = False
    looked_up: bool = False
    keeps_networks: bool = False
    concatenates: bool = False
    term_groups: tuple[tuple[int, ...], ...] | None = None
    cost_groups: tuple[tuple[int, ...], ...] | None = None
    versions: Mapping[str, int] = {}

    # -- equal architectures, see the module ----------------------------------------------------------

    def canonical(self, codes: Codes) -> Codes:
        """The one that stands for all of the same network; most spaces have no two.

        Shapes:
            codes: (n, k); output: (n, k)
        """
        return codes.copy()

    @property
    def n_networks(self) -> int:
        """Number of different networks, or, where that is not known, the most there can be."""
        return self.size

    def network_groups(self, codes: Codes) -> Ints:
        """A number for each architecture, equal where networks are the same.

        Shapes:
            codes: (n, k); output: (n,), dense from 0
        """
        _, inverse = np.unique(self.canonical(codes), axis=0, return_inverse=True)
        return inverse.reshape(-1).astype(np.int64)

    def function_groups(self, codes: Codes) -> Ints:
        """A number for each architecture, equal where functions are the same.

        Shapes:
            codes: (n, k); output: (n,)
        """
        return self.network_groups(codes)

    def measured_as(self, codes: Codes) -> Codes:
        """The architecture whose measurement public tables give to each; itself in most spaces.

        Shapes:
            codes: (n, k); output: (n, k)
        """
        return codes.copy()

    # -- the networks -----------------------------------------------------------------------------

    def check_dataset(self, dataset: str | None) -> str:
        """`dataset`, or the default when it is None; raise UnknownNameError when it has no network."""
        return self.pick_dataset(self.datasets, dataset)

    def pick_dataset(self, available: Sequence[str], asked: str | None = None, *, of: str = "") -> str:
        """The one rule of data sets: the one asked for, else the space's first that is available.

        Args:
            available: what there is to choose from, at least one; without any of the space's own data sets
                its first is taken.
            of: what they are data sets of, for the message; default the space.

        Raises:
            UnknownNameError: what is asked for is not available; lists what is.
        """
        if asked is None:
            return next((name for name in self.datasets if name in available), available[0])
        if asked not in available:
            raise UnknownNameError(f"dataset {f'for {of}' if of else f'of {self.name}'}", asked, available)
        return asked

    def live(self, codes: Codes) -> Codes:
        """Codes without decisions that no path from input to output sees; most spaces have none.

        Shapes:
            codes: (n, k); output: (n, k)
        """
        return codes.copy()

    def connected(self, codes: Codes) -> Bools:
        """Whether the output depends on the input; in most spaces it always does.

        Shapes:
            codes: (n, k); output: (n,)
        """
        return np.ones(len(codes), dtype=bool)

    def network(self, code: Codes, dataset: str | None = None, *, live: bool = False) -> Network:
        """The whole network of one architecture.

        Args:
            code: (k,) or (1, k).
            dataset: fixes input side and classes; default the space's first.
            live: leave out operators on no path from input to output.

        Raises:
            InputError: the space has no network.
        """
        raise InputError(f"{self.name} has no network")

    def summands(
        self, codes: Codes, dataset: str | None = None, *, live: bool = False
    ) -> tuple[Summand, ...]:
        """Networks as sums of terms that repeat, each a network; by default one, the whole network.

        Shapes:
            codes: (n, k)
        """
        wanted = self.live(codes) if live else codes
        distinct, forms = np.unique(wanted, axis=0, return_inverse=True)
        networks = (self.network(code, dataset, live=live) for code in distinct)
        return (Summand("", forms.reshape(-1), networks),)

    def costs(self, codes: Codes, dataset: str | None = None, *, live: bool = False) -> Doubles:
        """Summed layer costs; equal to `network_cost` of each network.

        Shapes:
            codes: (n, k); output: (n, C, Q), see `archcast.featurize.cost`
        """
        dataset = self.check_dataset(dataset)
        return np.stack([_of_graph(self, bytes(row), dataset, live)[0] for row in codes])

    def peak_bytes(self, codes: Codes, dataset: str | None = None) -> Doubles:
        """Most bytes of activations alive at once; equal to `featurize.summary.peak_bytes` of each network.

        Shapes:
            codes: (n, k); output: (n,)
        """
        dataset = self.check_dataset(dataset)
        return np.array([_peak_of_graph(self, bytes(row), dataset) for row in codes], dtype=np.float64)

    def cells(self, codes: Codes) -> Cells:
        """Width, depth and skip channels of each architecture's cells, see `featurize.topology`."""
        cells = [
            _of_graph(self, bytes(row), self.check_dataset(None), self.has_dead_layers)[1] for row in codes
        ]
        return joined_cells(cells, concatenated=self.concatenates)

    def decision_counts(self, codes: Codes) -> tuple[tuple[str, ...], Doubles]:
        """Names and counts of decisions that layers do not show; most spaces have none.

        Shapes:
            codes: (n, k); output: (names,) and (n, names)
        """
        return (), np.zeros((len(codes), 0))

    def terms(self, codes: Codes) -> tuple[tuple[str, ...], Doubles]:
        """Names and values of terms whose weighted sum can express a cost; decisions one-hot by default.

        Shapes:
            codes: (n, k); output: (d,) and (n, d)
        """
        pairs = zip(self.columns, self.cardinalities, strict=True)
        names = tuple(f"{column}={value}" for column, top in pairs for value in range(top))
        return names, one_hot(codes, self.cardinalities).astype(np.float64)

    def dag(self, codes: Codes, dataset: str | None = None) -> PackedGraphs:
        """The architectures as DAGs for a graph network, one node a part or operation; by default a layer.

        Shapes:
            codes: (n, k); output: n graphs, see `archcast.featurize.encoders.packed`
        """
        return pack_networks([self.network(code, dataset) for code in codes])

    def published_counts(self, codes: Codes, dataset: str | None = None) -> tuple[Doubles, Doubles]:
        """Parameters and FLOPs under the counting rule of the space's public table, in single units.

        Where no rule is published FLOPs are multiply-adds of convolutions and linear layers.

        Shapes:
            codes: (n, k); output: (n,) and (n,)
        """
        costs = self.costs(codes, dataset)
        return quantity(costs, "params"), quantity(costs, "macs")

    def structure(self, codes: Codes, dataset: str | None = None) -> dict[str, Doubles]:
        """Columns by group that a device's cost is a weighted sum of, see `spaces.structure`.

        A row depends on its architecture alone, not on the batch.

        Shapes:
            codes: (n, k); output: group -> (n, d)
        """
        terms = {"terms": self.terms(codes)[1].astype(np.float64)}
        return (
            {"cost": cost_group(self, codes, self.check_dataset(dataset))} | terms
            if self.counts_nodes
            else terms
        )

    def function_columns(self, codes: Codes) -> dict[str, Doubles] | None:
        """Blocks of columns, equal where functions are the same, that a kernel measures distance in.

        None where the decisions of the canonical form and the features serve.

        Shapes:
            codes: (n, k); output: block -> (n, d)
        """
        del codes
        return None


@lru_cache(maxsize=2**15)
def _of_graph(
    space: Space, code: bytes, dataset: str, live: bool
) -> tuple[Doubles, tuple[float, float, float]]:
    """Costs (C, Q) and the one cell of one network."""
    network = space.network(np.frombuffer(code, dtype=np.int8), dataset, live=live)
    return network_cost(network), cell_of(network)


@lru_cache(maxsize=2**15)
def _peak_of_graph(space: Space, code: bytes, dataset: str) -> int:
    return peak_bytes(space.network(np.frombuffer(code, dtype=np.int8), dataset))
