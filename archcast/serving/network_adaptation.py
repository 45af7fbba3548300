"""New devices from a few measured networks of any form, and which networks to measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from archcast.core.arrays import ArchBatch, Doubles
from archcast.core.device import DeviceName
from archcast.core.doubts import tell
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.measured_values import check_differ, read_measured
from archcast.core.metric import METRICS
from archcast.core.network import Network
from archcast.featurize.networks import NETWORK, is_module, is_network
from archcast.featurize.operators.counted import counted
from archcast.featurize.spaces.catalog import infer_space
from archcast.featurize.spaces.networks import NETWORKS
from archcast.predictors.artifact.measured import Measured
from archcast.predictors.networks.adapt.predictor import LEAST, AdaptedNetworks, adapt_network, alike
from archcast.predictors.networks.adapt.references import suggest_networks
from archcast.predictors.networks.adapt.sources import Sources, shipped_sources
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.form import NetworkForm
from archcast.predictors.networks.kinds import pass_costs
from archcast.serving.doubts import doubts_of_networks
from archcast.serving.entry import Entry
from archcast.serving.loaded import LoadedNetworks
from archcast.serving.replacing import keep
from archcast.serving.store import store

if TYPE_CHECKING:
    from archcast.collect.structures import Structure

_REFERENCE_SIZE = 600_000_000
"""Multiply-adds up to which a known network is suggested where no candidates are given."""


class AdaptedToNetworks(LoadedNetworks):
    """A predictor of networks on a new device; saved on request.

    Attributes:
        sources: source devices that taught.
        kept: what is saved of how it was learned.
    """

    model: AdaptedNetworks

    def __init__(self, entry: Entry, model: AdaptedNetworks, kept: Measured) -> None:
        super().__init__(entry, model, NetworkForm(model, (0,), version=object()))
        self.sources, self.kept = model.sources_.devices, kept

    def save(self) -> Path:
        """As `AdaptedPredictor.save`; from now on `archcast.predict` knows the device, in every space."""
        return keep(self.model, self.entry, self.kept)


def holds_networks(batch: Any, space: str | None = None) -> bool:
    """Whether a batch is of networks of any form, or has some among architectures."""
    if space is not None:
        return space == NETWORK
    return isinstance(batch, list | tuple) and any(is_network(item) or is_module(item) for item in batch)


def adapt_networks(
    archs: ArchBatch,
    values: Sequence[float] | Doubles,
    device: str,
    *,
    metric: str = "latency",
    sources: Sequence[str] | None = None,
    strict: bool = False,
) -> AdaptedToNetworks:
    """Learn a predictor of networks of any form on a new device, see `archcast.adapt`.

    Raises:
        DoubtError: with `strict`, measurements that are likely wrong.
        InputError: fewer than three different networks, values all equal, not finite or not above 0, or a
            device name that is no name.
        UnknownNameError: a source that does not exist, or a metric that no source has.
    """
    DeviceName.parse(device)
    if not METRICS[metric].of_device:
        raise InputError(f"{metric} is learned within a space: networks of any form have no common task")
    networks = networks_of(archs)
    measured = _checked(values, networks, metric)
    chosen = _chosen(metric, sources)
    model = adapt_network(networks, measured, device=device, metric=metric, sources=chosen)
    tell(doubts_of_networks(model, measured), strict=strict, stacklevel=4)
    costs = np.exp(model.left_out_.predicted[model.left_out_.rows])
    without = pass_costs(costs[:, None], metric, (device,))[:, 0]
    kept = Measured(tuple(networks), tuple(measured.tolist()), tuple(without.tolist()), sources)
    entry = Entry.adapted(
        (NETWORK, metric, device, ""),
        model.family,
        measured,
        model.sources_.devices,
        title=f"{metric} of networks of any form on {device}, from {len(measured)} measurements",
    )
    return AdaptedToNetworks(entry, model, kept)


def suggest_of_networks(
    n: int,
    *,
    candidates: ArchBatch | None = None,
    sources: Sequence[str] | None = None,
    measured: ArchBatch | None = None,
    device: str | None = None,
) -> list[Any]:
    """The networks to measure first, see `archcast.suggest`: those of the candidates, as they were given.

    Without candidates they are among `reference_networks`.
    """
    known = Sources(tuple(_chosen("latency", sources)))
    left = known.without([device]) if device is not None else known
    if candidates is None:
        pool = list(reference_networks().values())
        given: list[Any] = pool
    else:
        given, pool = list(candidates), networks_of(candidates)
    done = () if measured is None else networks_of(measured)
    places = suggest_networks(pool, n, sources=left.predictors, measured=done)
    return [given[place] for place in places]


def networks_of(archs: ArchBatch) -> list[Network]:
    """The networks of a batch of networks, model files and architectures of spaces, mixed as they come.

    Raises:
        InputError: an item is none of these; names it.
    """
    networks: list[Network] = []
    for item, given in enumerate(archs):
        try:
            if is_network(given) or is_module(given):
                networks += NETWORKS.read([given]).networks
                counted(networks[-1])  # raises where a shape is open
            else:
                space = infer_space([given])
                networks.append(space.network(space.parse([given])[0]))
        except InputError as error:
            reason = str(error).removesuffix(f" (item {error.item})")
            raise InputError(reason, item=item) from error
    return networks


@cache
def reference_networks() -> Mapping[str, Network]:
    """Published networks that are quick to run, by name: the smallest and the largest of each family."""
    from archcast.collect.structures import structures

    kept = structures()
    small = [r for r in kept.records if r.macs <= _REFERENCE_SIZE and r.table in ("mobile_ml_bench", "timm")]
    small = [r for r in small if not r.name.startswith("test_")]  # timm's own, which nobody would run
    of_family: dict[str, list[Structure]] = {}
    for record in sorted(small, key=lambda r: (r.macs, r.name)):
        of_family.setdefault(record.family, []).append(record)
    ends = {r.group: r for members in of_family.values() for r in (members[-1], members[0])}
    return MappingProxyType({record.name: kept.network(record) for record in ends.values()})


def _chosen(metric: str, sources: Sequence[str] | None) -> list[NetworkPredictor]:
    """Shipped predictors of networks and those that only teach, of some devices where they are named."""
    here = store(fresh=True)
    entries = [
        e
        for e in here.every
        if (e.space, e.origin, e.derived_from) == (NETWORK, "zoo", "") and e.metric in alike(metric)
    ]
    if not entries:
        raise InputError(f"no shipped predictor teaches {metric} of networks of any form")
    folders = {str(entry.saved.folder): entry for entry in entries}
    models: list[Any] = [here.load(entry) for entry in folders.values()]
    models += [model for model in shipped_sources() if model.metric_ in alike(metric)]
    known = {device for model in models for device in model.devices_}
    for name in sources or ():
        if name not in known:
            raise UnknownNameError("source device of networks", name, known)
    if sources is not None and not sources:
        raise InputError("sources must be at least one device: networks of any form are learned from others")
    chosen = Sources(tuple(models))
    return list((chosen if sources is None else chosen.only(sources)).predictors)


def _checked(values: Any, networks: Sequence[Network], metric: str) -> Doubles:
    measured = read_measured(values, len(networks), metric, of="a network")
    different = len({network.key for network in networks})
    if different < LEAST:
        raise InputError(f"archs must be at least {LEAST} different measured networks, got {different}")
    check_differ(measured)
    return measured
