"""Predictors of networks that were adapted to a device from a few measurements."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles, Floats, Ints
from archcast.core.errors import InputError
from archcast.core.network import Network
from archcast.featurize.encoders.kernel_table import KernelTable
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.intervals import check_coverage
from archcast.predictors.networks.adapt.posterior import Hypothesis, Posterior, learn
from archcast.predictors.networks.adapt.sources import Sources, by_kind, kind_of
from archcast.predictors.networks.contract import NetworkPredictor, network_predictor, operators_of
from archcast.predictors.networks.labels import NetworkLabels

LEAST = 3
"""Fewest different networks that must be measured."""
_ARRAYS = "posterior.npz"


@dataclass(frozen=True, slots=True)
class AdaptedConfig:
    """There is nothing to set."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is predicted of each different network without its measurements.

    Shapes:
        rows: (measurements,), which network each is of; predicted, deviation: (n,), of log values
    """

    rows: Ints
    predicted: Doubles
    deviation: Doubles


class AdaptedNetworks(NetworkPredictor):
    """One device, from what source devices say of a network.

    Attributes:
        sources_: that teach, kept with it.
        posterior_: what the measurements say.
        left_out_: of the measurements; where it was adapted, and not where it was loaded.
    """

    family = "adapted"
    Config = AdaptedConfig
    sources_: Sources
    posterior_: Posterior
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
        measured, mixes = self.sources_.parts(networks)
        places = by_kind(self.sources_.kinds)
        self.posterior_ = learn(logs, measured, mixes, places=places, kind=kind_of(labels.devices[0]))
        self.left_out_ = LeftOut(rows, *self.posterior_.left_out(logs))
        self.operators_ = tuple(
            sorted({op for p in self.sources_.predictors for op in p.operators_} | set(self.operators_))
        )

    def kernel_terms(self, network: Network) -> Doubles:
        """Terms of the sources, and work by class."""
        return self.sources_.kernel_terms(network)

    def finish(self, terms: Doubles) -> Doubles:
        """Weighted means of sources' logarithms, with what shares of work add to them.

        Shapes:
            terms: (n, q); output: (n, 1)
        """
        values, shares = self.sources_.parts_of_terms(terms, self._sizes())
        found: Doubles = np.exp(self.posterior_.mean(values, shares))[:, None]
        return found

    def predict(self, networks: Sequence[Network]) -> Floats:
        if not networks:
            return np.empty((0, 1), dtype=np.float32)
        found: Floats = np.exp(self.posterior_.mean(*self.sources_.parts(networks)))[:, None]
        return found.astype(np.float32)

    def kernels(self, network: Network) -> KernelTable:
        """Those of the sources that stand first."""
        return self.sources_.predictors[0].kernels(network)

    def shares(self, network: Network) -> Doubles:
        """What kernels add, as the first sources divide it: those that weigh most, in one program."""
        weights = self._weights()
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
        """Ends by the posterior's deviations, with the tails of few measurements."""
        check_coverage(coverage)
        parts = self.sources_.parts(networks)
        values = np.exp(self.posterior_.mean(*parts)) if predicted is None else predicted[:, 0]
        reach = self.posterior_.reach(*parts, coverage)
        low, high = values * np.exp(-reach), values * np.exp(reach)
        return low[:, None].astype(np.float32), high[:, None].astype(np.float32)

    def take_columns(self, whole: AdaptedNetworks, columns: tuple[int, ...]) -> None:
        """There is one device alone."""
        del columns
        self.sources_, self.posterior_ = whole.sources_, whole.posterior_

    def learned_files(self) -> dict[str, bytes]:
        """The posterior, and the sources."""
        p = self.posterior_
        arrays = {"measured": p.measured, "mixes": p.mixes}
        for name in ("weight", "level"):
            arrays[name] = np.array([getattr(h, name) for h in p.hypotheses])
        for name in ("on_sources", "on_shares", "on_likeness", "strengths", "inverse"):
            arrays[name] = np.stack([np.asarray(getattr(h, name)) for h in p.hypotheses])
        member = np.zeros((len(p.hypotheses), p.measured.shape[1]), dtype=np.uint8)
        for row, h in enumerate(p.hypotheses):
            member[row, list(h.places)] = 1
        files = {_ARRAYS: pack(arrays | {"member": member})}
        for place, source in enumerate(self.sources_.predictors):
            files[f"source{place}.json"] = json.dumps(source.header(), sort_keys=True).encode()
            files |= {f"source{place}.{name}": content for name, content in source.learned_files().items()}
        return files

    def take_files(self, files: Mapping[str, bytes]) -> None:
        """Take back what `learned_files` gave."""
        arrays = unpack(files[_ARRAYS], _ARRAYS)
        hypotheses = tuple(
            Hypothesis(
                float(arrays["weight"][i]),
                float(arrays["level"][i]),
                arrays["on_sources"][i],
                arrays["on_shares"][i],
                arrays["on_likeness"][i],
                tuple(np.flatnonzero(arrays["member"][i]).tolist()),
                tuple(arrays["strengths"][i].tolist()),
                arrays["inverse"][i],
            )
            for i in range(len(arrays["weight"]))
        )
        self.posterior_ = Posterior(hypotheses, arrays["measured"], arrays["mixes"])
        predictors: list[NetworkPredictor] = []
        while (head := f"source{len(predictors)}.json") in files:
            start = head.removesuffix("json")
            own = {n.removeprefix(start): c for n, c in files.items() if n.startswith(start) and n != head}
            predictors.append(network_predictor(json.loads(files[head]), own))
        self.sources_ = Sources(tuple(predictors))

    def _sizes(self) -> tuple[int, ...]:
        """Number of terms of each source predictor."""
        return tuple(predictor.terms_count for predictor in self.sources_.predictors)

    def _weights(self) -> Doubles:
        """Of sources in the mean of all hypotheses, (S,)."""
        weights: Doubles = np.zeros(len(self.sources_.devices))
        for h in self.posterior_.hypotheses:
            weights = weights + h.weight * h.on_sources
        return weights


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
        sources: predictors of the same metric.

    Raises:
        InputError: fewer than three different networks, values that are not finite and above 0, or no source.
    """
    made = AdaptedNetworks()
    made.sources_ = Sources(tuple(s for s in sources if s.metric_ == metric)).without([device])
    if not made.sources_.predictors:
        raise InputError(f"there must be at least one source device with {metric} of networks")
    known = tuple(networks)
    labels = NetworkLabels(
        metric, (device,), known, np.asarray(values, dtype=np.float64)[:, None], ("",) * len(known)
    )
    made.operators_ = operators_of(known)
    return made.fit(labels, seed=seed)


def _distinct(labels: NetworkLabels) -> tuple[list[Network], Doubles, Ints]:
    """Different networks with their mean log values, and which of them each measurement is of."""
    found: dict[str, tuple[Network, list[float]]] = {}
    for network, value in zip(labels.networks, labels.values[:, 0].tolist(), strict=True):
        found.setdefault(network.key, (network, []))[1].append(value)
    place = {key: i for i, key in enumerate(found)}
    rows = np.array([place[network.key] for network in labels.networks])
    return [n for n, _ in found.values()], np.array([np.log(v).mean() for _, v in found.values()]), rows
