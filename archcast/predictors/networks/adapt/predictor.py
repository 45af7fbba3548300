"""Predictors of networks that were adapted to a device from a few measurements."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles, Floats, Ints
from archcast.core.errors import ArtifactError, InputError
from archcast.core.network import Network
from archcast.featurize.encoders.kernel_table import KernelTable
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.intervals import check_coverage
from archcast.predictors.networks.adapt.files import ARRAYS, arrays_of, learned_of
from archcast.predictors.networks.adapt.learned import Learned, learn_device
from archcast.predictors.networks.adapt.own import logs_of_sums
from archcast.predictors.networks.adapt.sources import Sources, SourceValues
from archcast.predictors.networks.contract import UNLIKE, NetworkPredictor, network_predictor, operators_of
from archcast.predictors.networks.kinds import Kind, pass_costs
from archcast.predictors.networks.labels import NetworkLabels
from archcast.predictors.networks.remembered import shares_of, work_by_class

LEAST = 3
"""Fewest different networks that must be measured."""
_UNLIKE = 0.05
"""Likeness below which work is another; of members of a space with the nearest of ten it is .07 and more."""


@dataclass(frozen=True, slots=True)
class AdaptedConfig:
    """There is nothing to set."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is predicted of each different network without its measurements.

    Shapes:
        rows: (measurements,), which network each is of; predicted, deviation: (n,), of log costs of a pass
        sources: (n, S), log costs by sources
    """

    rows: Ints
    predicted: Doubles
    deviation: Doubles
    sources: Doubles


class AdaptedNetworks(NetworkPredictor):
    """One device, from what source devices say of a network.

    Attributes:
        sources_: that teach, kept with it.
        learned_: what the measurements say.
        left_out_: of the measurements; where it was adapted, and not where it was loaded.
    """

    family = "adapted"
    Config = AdaptedConfig
    sources_: Sources
    learned_: Learned
    left_out_: LeftOut

    def learn(self, labels: NetworkLabels, *, seed: int) -> None:
        """Learn from measurements of one device; `sources_` is set already.

        Raises:
            InputError: fewer than three different networks, or several devices.
        """
        del seed
        if len(labels.devices) != 1:
            raise InputError(f"one device must be learned at a time, got {len(labels.devices)}")
        networks, logs, rows = _distinct(labels)
        if len(networks) < LEAST:
            raise InputError(
                f"archs must be at least {LEAST} different measured networks, got {len(networks)}"
            )
        said, x = self.sources_.parts(networks), self._kind.totals(networks)
        learned = learn_device(logs, said, x, sources=self.sources_, device=labels.devices[0])
        self.learned_, left_out, deviation = learned
        self.left_out_ = LeftOut(rows, left_out, deviation, said.values)
        self.operators_ = tuple(
            sorted({op for p in self.sources_.predictors for op in p.operators_} | set(self.operators_))
        )

    def kernel_terms(self, network: Network) -> Doubles:
        """Terms of the sources, work by class, and costs by own prices; kernels of each stand in own rows."""
        blocks = [
            self.sources_.kernel_terms(network),
            self._kind.work_of(network) @ self.learned_.own.weights,
        ]
        out = np.zeros((sum(map(len, blocks)), sum(block.shape[1] for block in blocks)))
        rows, columns = blocks[0].shape
        out[:rows, :columns], out[rows:, columns:] = blocks
        return out

    def finish(self, terms: Doubles) -> Doubles:
        """Weighted means of logarithms of sources and own prices, with what shares of work add to them.

        Shapes:
            terms: (n, q); output: (n, 1)
        """
        ridges = self.learned_.own.weights.shape[1]
        said = self.sources_.parts_of_terms(terms[:, :-ridges], self._sizes())
        return self._values(self.learned_.mean(said, logs_of_sums(terms[:, -ridges:])))

    def predict(self, networks: Sequence[Network]) -> Floats:
        if not networks:
            return np.empty((0, 1), dtype=np.float32)
        return self._values(self.learned_.mean(*self._told(networks))).astype(np.float32)

    def kernels(self, network: Network) -> KernelTable:
        """Those of the sources that stand first."""
        return self.sources_.predictors[0].kernels(network)

    def shares(self, network: Network) -> Doubles:
        """What kernels add, as the first sources divide it: those that weigh most, in one program."""
        weights = self.learned_.posterior.on_sources
        place = 0
        best: tuple[float, NetworkPredictor, Doubles] | None = None
        for predictor in self.sources_.predictors:
            own = np.maximum(weights[place : place + len(predictor.devices_)], 0.0)
            place += len(predictor.devices_)
            if best is None or own.sum() > best[0]:
                best = (float(own.sum()), predictor, own)
        assert best is not None
        by_device = best[1].shares(network)
        mixed = by_device @ (best[2] if best[2].any() else np.ones(len(best[2])))
        parts: Doubles = (mixed / mixed.sum() * float(self.predict([network])[0, 0]))[:, None]
        return parts

    def interval(
        self, networks: Sequence[Network], coverage: float, *, predicted: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """Ends by deviations as `archcast.predictors.networks.adapt.learned` tells them."""
        check_coverage(coverage)
        told = self._told(networks)
        values = self._values(self.learned_.mean(*told))[:, 0] if predicted is None else predicted[:, 0]
        reach = self.learned_.reach(*told, coverage)
        low, high = values * np.exp(-reach), values * np.exp(reach)
        return low[:, None].astype(np.float32), high[:, None].astype(np.float32)

    def notes_by_device(self, networks: Sequence[Network]) -> list[list[str]]:
        """What sources never saw, and networks of other work than all that were measured on the device."""
        notes = super().notes_by_device(networks)
        if not networks:
            return notes
        shares = shares_of(np.stack([work_by_class(network).sum(axis=0) for network in networks]))
        unlike = [UNLIKE if near < _UNLIKE else "" for near in self.learned_.nearest(shares)]
        return [["; ".join(filter(None, (note, far)))] for (note,), far in zip(notes, unlike, strict=True)]

    def take_columns(self, whole: AdaptedNetworks, columns: tuple[int, ...]) -> None:
        """There is one device alone."""
        del columns
        self.sources_, self.learned_ = whole.sources_, whole.learned_

    def learned_files(self) -> dict[str, bytes]:
        """What measurements tell, and the sources."""
        files = {ARRAYS: pack(arrays_of(self.learned_))}
        for place, source in enumerate(self.sources_.predictors):
            files[f"source{place}.json"] = json.dumps(source.header(), sort_keys=True).encode()
            files |= {f"source{place}.{name}": content for name, content in source.source_files().items()}
        return files

    def take_files(self, files: Mapping[str, bytes]) -> None:
        """Take back what `learned_files` gave.

        Raises:
            ArtifactError: it was saved by a version that learned otherwise.
        """
        predictors: list[NetworkPredictor] = []
        while (head := f"source{len(predictors)}.json") in files:
            start = head.removesuffix("json")
            own = {n.removeprefix(start): c for n, c in files.items() if n.startswith(start) and n != head}
            predictors.append(network_predictor(json.loads(files[head]), own))
        self.sources_ = Sources(tuple(predictors))
        arrays = unpack(files[ARRAYS], ARRAYS) if ARRAYS in files else {}
        if "groups" not in arrays:
            raise ArtifactError("it was adapted by an earlier version: adapt the device again")
        self.learned_ = learned_of(arrays, self.sources_.left)

    @property
    def _kind(self) -> Kind:
        """How the device sees networks."""
        return Kind.of(self.devices_[0])

    def _told(self, networks: Sequence[Network]) -> tuple[SourceValues, Doubles]:
        """What sources say of networks, and log costs by own prices."""
        return self.sources_.parts(networks), self.learned_.own.logs(self._kind.totals(networks))

    def _values(self, logs: Doubles) -> Doubles:
        """Values in the metric's unit from log costs, (n, 1)."""
        return pass_costs(np.exp(logs)[:, None], self.metric_, self.devices_)

    def _sizes(self) -> tuple[int, ...]:
        """Number of terms of each source predictor."""
        return tuple(predictor.terms_count for predictor in self.sources_.predictors)


def adapt_network(
    networks: Sequence[Network],
    values: Sequence[float] | Doubles,
    *,
    device: str,
    metric: str = "latency",
    sources: Sequence[NetworkPredictor],
    seed: int = 0,
) -> AdaptedNetworks:
    """A predictor of a new device from a few measured networks and from source devices.

    Sources on the device's own hardware are left out. Every network may be measured several times, and one
    measurement in ten may be far off.

    Args:
        networks, values: n >= 3 different ones, each one item, and their values in the metric's unit.
        sources: predictors, of which those of `alike` metrics teach.

    Raises:
        InputError: fewer than three different networks, values that are not finite and above 0, or no source.
    """
    adapted = AdaptedNetworks()
    adapted.sources_ = Sources(tuple(s for s in sources if s.metric_ in alike(metric))).without([device])
    if not adapted.sources_.predictors:
        raise InputError(f"there must be at least one source device with {metric} of networks")
    known = tuple(networks)
    labels = NetworkLabels(
        metric, (device,), known, np.asarray(values, dtype=np.float64)[:, None], ("",) * len(known)
    )
    adapted.operators_ = operators_of(known)
    return adapted.fit(labels, seed=seed)


def alike(metric: str) -> tuple[str, ...]:
    """Metrics that teach a metric: a time and what is done in it teach each other."""
    times = ("latency", "throughput")
    return times if metric in times else (metric,)


def _distinct(labels: NetworkLabels) -> tuple[list[Network], Doubles, Ints]:
    """Different networks with their mean log costs, and which of them each measurement is of."""
    costs = pass_costs(labels.values, labels.metric, labels.devices)[:, 0]
    pairs: dict[str, tuple[Network, list[float]]] = {}
    for network, value in zip(labels.networks, costs.tolist(), strict=True):
        pairs.setdefault(network.key, (network, []))[1].append(value)
    place = {key: i for i, key in enumerate(pairs)}
    rows = np.array([place[network.key] for network in labels.networks])
    return [n for n, _ in pairs.values()], np.array([np.log(v).mean() for _, v in pairs.values()]), rows
