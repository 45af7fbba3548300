"""New devices from a few measurements: `adapt` and `suggest`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from archcast.core.arrays import Arch, ArchBatch, Codes, Doubles
from archcast.core.batches import check_aligned
from archcast.core.device import DeviceName
from archcast.core.doubts import tell
from archcast.core.errors import InputError
from archcast.core.labels import Labels, Target
from archcast.core.measured_values import check_differ, read_measured
from archcast.core.metric import METRICS
from archcast.featurize.spaces import SPACES, Space
from archcast.featurize.spaces.catalog import given, name_of
from archcast.featurize.spaces.checks import check_batch
from archcast.predictors import Predictor
from archcast.predictors.adapt.posterior import LEAST, adapt_to
from archcast.predictors.adapt.references import suggest_references
from archcast.predictors.adapt.sources import choose_sources, prior_of
from archcast.predictors.artifact.measured import Measured
from archcast.predictors.doubts.accuracies import doubts_of_accuracies
from archcast.predictors.intervals import Intervals
from archcast.predictors.lowered import served_form
from archcast.predictors.select import select
from archcast.serving.doubts import doubts_of_members
from archcast.serving.entry import Entry
from archcast.serving.loaded import LoadedPredictor
from archcast.serving.network_adaptation import (
    AdaptedToNetworks,
    adapt_networks,
    holds_networks,
    suggest_of_networks,
)
from archcast.serving.replacing import keep

_CANDIDATES = 4000


class AdaptedPredictor(LoadedPredictor):
    """A predictor of a new device; as quick to call as a shipped one, and saved on request.

    Attributes:
        measured: what it was learned from.
        sources: source devices that taught.
        kept: what is saved of how it was learned.
    """

    def __init__(
        self, entry: Entry, model: Predictor, measured: Labels, sources: tuple[str, ...], kept: Measured
    ) -> None:
        form = served_form(model, (0,))
        super().__init__(replace(entry, form=form.kind), model, form)
        self.measured, self.sources, self.kept = measured, sources, kept

    def save(self) -> Path:
        """Keep it under `ARCHCAST_HOME`; from now on `archcast.predict` knows the device.

        Of latency and throughput also in other spaces and for networks of any form, which is learned from the
        same measurements in some seconds when it is first asked for.

        Returns:
            The folder, which holds plain files with a manifest of hashes, and the measurements beside them;
            one saved before is kept aside, and `archcast remove` brings it back.

        Warns:
            ArchcastWarning: it takes the place of one that ships, or that is less far off.
        """
        return keep(self.model, self.entry, self.kept)


def adapt(
    archs: ArchBatch,
    values: Sequence[float] | Doubles,
    device: str,
    metric: str = "latency",
    space: str | Space | None = None,
    sources: Sequence[str] | None = None,
    seed: int = 0,
    dataset: str | None = None,
    *,
    families: Sequence[str] | None = None,
    notation: str | None = None,
    strict: bool = False,
) -> AdaptedPredictor | AdaptedToNetworks:
    """Learn a predictor of a new device from a few measurements of it and from source devices.

    Networks of any form, model files, and architectures of spaces mixed with them teach a predictor of
    networks, which answers for members of every space too; so do architectures with `space="network"`.

    For accuracy, `device` names the data set, `values` are those of a few trained networks, and nothing
    else teaches; the family is chosen by cross-validation on them.

    Measurements may be noisy: one in ten may be far off, ties are taken as they are, and an architecture
    measured several times counts by its mean and tells the noise.

    Args:
        archs: n >= 3 measured architectures.
        values: their measurements, in the metric's unit.
        device: a name for the new device, as `archcast.core.device` says.
        metric: `latency` (ms), `energy` (mJ), `throughput` (1/s), `memory` (MiB) or `accuracy` (%).
            Sources teach by their latency and throughput, whose structure the other costs share.
        space: the search space or its name; None infers it.
        sources: the only source devices to learn from; None takes all of the space but the device itself,
            [] none.
        seed: of the folds that choose a family for accuracy; costs draw nothing at random.
        dataset: data set (input size) that the networks were built for; None takes the space's first.
        families: for accuracy, the candidates, such as `["gp", "gnn", "stack"]`; None takes a Gaussian
            process, Bayesian linear regression, NN-Degree and, where it is installed, LightGBM and its
            stack with the process.
        notation: of others, in which the architectures are; see `archcast.parse`.
        strict: refuse measurements that are likely wrong, as in another unit, instead of warning of them;
            `archcast.predictors.doubts` says what is looked for.

    Raises:
        DoubtError: with `strict`, measurements that are likely wrong.
        InputError: fewer than 3 measurements, values all equal, not finite or not above 0, or a device
            name that is no name.
        UnknownNameError: a source or family that does not exist; lists those that do.
    """
    check_aligned(archs, values)
    archs = check_batch(archs)
    if notation is None and holds_networks(archs, name_of(space)):
        if families is not None or dataset:
            raise InputError("families and dataset must be left out for networks of any form")
        return adapt_networks(archs, values, device, metric=metric, sources=sources, strict=strict)
    chosen, archs = given(archs, space, notation)
    codes = chosen.parse(archs)
    measured = _checked(values, codes, metric)
    DeviceName.parse(device)
    of_device = METRICS[metric].of_device
    dataset = chosen.check_dataset(dataset)
    target = Target(device, dataset if of_device else device)
    labels = Labels(chosen.name, metric, dataset, (target,), codes, measured[:, None])
    if not of_device:
        if sources:
            raise InputError(f"sources must be left out for {metric}: only the networks given may teach")
        groups = np.unique(codes, axis=0, return_inverse=True)[1].reshape(-1)
        tell(doubts_of_accuracies(measured, groups), strict=strict)
        selected = select(labels, families=families, seed=seed)
        kept = Measured(_texts(chosen, codes), tuple(measured.tolist()), families=families, seed=seed)
        return _adapted(selected.predictor, labels, (), kept, selected.intervals)
    if families is not None:
        raise InputError(f"families must be left out for {metric}: costs are adapted from source devices")
    names = choose_sources(chosen.name, sources, device=device)
    prior = replace(prior_of(chosen.name, names), dataset=dataset)
    model = adapt_to(prior, codes, measured, device=device, metric=metric)
    tell(doubts_of_members(model, codes, measured, names), strict=strict)
    without = tuple(model.left_out_values().tolist())
    kept = Measured(_texts(chosen, codes), tuple(measured.tolist()), without, sources, seed=seed)
    return _adapted(model, labels, names, kept)


def suggest(
    space: str | Space | None = None,
    n: int = 10,
    sources: Sequence[str] | None = None,
    candidates: ArchBatch | None = None,
    seed: int = 0,
    *,
    measured: ArchBatch | None = None,
    device: str | None = None,
    notation: str | None = None,
) -> list[Arch]:
    """The architectures to measure first on a new device, in the order in which to measure them.

    Args:
        space: the search space or its name; None infers it from the candidates.
        n: how many.
        sources: the only source devices to learn from; None takes all of the space.
        candidates: the only architectures to pick from; None takes the whole of a small space, else
            4,000 drawn at random.
        seed: of that draw.
        measured: what was measured already, to be built on.
        device: leave this device out of the sources.
        notation: of others, in which candidates and what was measured are; see `archcast.parse`.

    Returns:
        n architectures in the space's notation, no two of them the same network; of networks those of the
        candidates, as they were given.

    Raises:
        InputError: fewer than n distinct candidates that are not measured yet.
        UnknownNameError: no such space or source device.
    """
    candidates = None if candidates is None else check_batch(candidates)
    measured = None if measured is None else check_batch(measured)
    if holds_networks(candidates, name_of(space)):
        return suggest_of_networks(
            n, candidates=candidates, sources=sources, measured=measured, device=device
        )
    if candidates is not None:
        chosen, candidates = given(candidates, space, notation)
    elif space is not None:
        chosen = SPACES[space]
    else:
        raise InputError("space must be named when there are no candidates to tell it by")
    names = choose_sources(chosen.name, sources, device=device)
    if candidates is not None:
        pool = chosen.parse(candidates)
    elif chosen.size <= _CANDIDATES * 5:
        pool = chosen.members(np.arange(chosen.size))
    else:
        pool = chosen.sample(_CANDIDATES, seed=seed)
    done = None if measured is None else chosen.parse(given(measured, chosen, notation)[1])
    rows = suggest_references(prior_of(chosen.name, names), pool, n, measured=done, seed=seed)
    return chosen.format(pool[rows])


def _checked(values: Any, codes: Codes, metric: str) -> Doubles:
    n, distinct = len(codes), len(np.unique(codes, axis=0))
    measured = read_measured(values, n, metric)
    if distinct < LEAST:
        raise InputError(f"archs must be at least {LEAST} different measured architectures, got {distinct}")
    check_differ(measured)
    return measured


def _texts(space: Space, codes: Codes) -> tuple[str, ...]:
    return tuple(space.to_text(codes))


def _adapted(
    model: Predictor,
    labels: Labels,
    sources: tuple[str, ...],
    kept: Measured,
    intervals: Intervals | None = None,
) -> AdaptedPredictor:
    target = model.targets_[0]
    entry = Entry.adapted(
        (model.space_.name, model.metric_, target.device, target.dataset),
        model.family,
        labels.values[:, 0],
        sources,
        title=f"{model.metric_} of {model.space_.name} on {target.device} ({model.family})",
        intervals=intervals,
    )
    return AdaptedPredictor(entry, model, labels, sources, kept)
