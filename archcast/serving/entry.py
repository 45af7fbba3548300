"""What can be asked for, what was refused, and which of both a name means.

One rule, for every caller. Entries stand in the order in which they answer, and a name means the first that
fits. A saved predictor whose manifest cannot be used here is refused: it is left out, with a warning, and
what stands behind it answers; its reason is raised where nothing else fits, so to whoever asks for exactly
what was refused. One whose arrays turn out to be damaged when they are read raises whenever it is meant:
nothing answers in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import inf
from typing import Any, TypeAlias

from archcast.core.arrays import Doubles
from archcast.core.device_catalog import (
    ADDITIVE,
    ESTIMATED,
    LOOKED_UP,
    Device,
    device_of,
    same_device,
    unknown_device,
)
from archcast.core.errors import ArtifactError, InputError, UnknownNameError
from archcast.core.labels import Target, target_key
from archcast.core.metric import METRICS
from archcast.core.version import VERSION
from archcast.featurize.networks import NETWORK
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.catalog import space_named
from archcast.predictors import Card, Intervals, Manifest

ADAPTED = "adapted"
BASES = ("measurements", "look-up sums", "estimates", ADAPTED)
"""A table of measurements; sums of measured blocks; a model of hardware; a few measurements and sources."""
_COUNTED = {"memory": "archcast network counts what weights and activations hold at once at least"}
Key: TypeAlias = tuple[str, str, str, str]
"""(space, metric, device, data set)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer that can be had: a column of a predictor.

    Attributes:
        device, space, metric, dataset: what it predicts; for accuracy `device` is the data set.
        predictor: its family, and the family it was made from where it is an export.
        unit: unit of the predictions.
        origin: `own` for the user's predictors, `zoo` for shipped ones, `adapted` for one that is not saved.
        form: how it is called: `table` or `sums` of tables that were made of it, or `direct`.
        column: its place among the predictor's targets.
        manifest: of the saved predictor; None for one that is not saved.
        derived_from: metric of the predictor from which this one is worked out; empty for its own.
        by_networks: whether the predictor is of networks and answers for a space through its networks.
    """

    device: str
    space: str
    metric: str
    dataset: str
    predictor: str
    unit: str
    origin: str
    form: str
    column: int
    card: Card
    intervals: Intervals | None
    manifest: Manifest | None
    derived_from: str = ""
    by_networks: bool = False

    @classmethod
    def adapted(
        cls,
        key: Key,
        family: str,
        measured: Doubles,
        sources: Sequence[str],
        *,
        title: str,
        intervals: Intervals | None = None,
    ) -> Entry:
        """That of a predictor that was learned from measurements and is not saved.

        Args:
            sources: source devices that taught too.
            title: of its card.

        Shapes:
            measured: (n,), in the metric's unit
        """
        space, metric, device, dataset = key
        taught = (f"source devices: {', '.join(sources)}",) if sources else ()
        card = Card(
            title=title,
            sources=(f"{len(measured)} measurements of {device}", *taught),
            rows=len(measured),
            ranges={target_key(Target(device, dataset)): (float(measured.min()), float(measured.max()))},
            created=datetime.now(UTC).date().isoformat(),
            version=VERSION,
        )
        unit = METRICS[metric].unit
        return cls(device, space, metric, dataset, family, unit, ADAPTED, "direct", 0, card, intervals, None)

    @property
    def target(self) -> Target:
        """The column's device and data set."""
        return Target(self.device, self.dataset)

    def range_note(self, value: float) -> str:
        """That a value lies outside those its predictor learned from, and their ends; empty where not.

        Args:
            value: in the unit that the predictor itself gives, so that of `derived_from` where there is one.
        """
        taught = Target(self.device, "") if self.by_networks else self.target
        least, most = self.card.ranges.get(target_key(taught), (-inf, inf))
        if least <= value <= most:
            return ""
        unit = METRICS[self.derived_from or self.metric].unit
        return f"outside the values it learned from, {least:.4g} to {most:.4g} {unit}"

    @property
    def about(self) -> Device:
        """What is known of the device; nothing for a metric of no device."""
        return device_of(self.device) if METRICS[self.metric].of_device else Device(self.device)

    @property
    def hardware(self) -> str:
        """The device itself, by its maker's name where that is known."""
        return self.about.hardware

    @property
    def runtime(self) -> str:
        """Program that runs the network on the device; empty where it is not known."""
        return self.about.runtime

    @property
    def precision(self) -> str:
        """Number format of weights and activations; empty where it is not known."""
        return self.about.precision

    @property
    def batch(self) -> int | None:
        """Items in one pass; None where it is not known."""
        return self.about.batch

    @property
    def threads(self) -> int | None:
        """Threads or cores; None where it is not known."""
        return self.about.threads

    @property
    def basis(self) -> str:
        """What its predictor learned from, one of `BASES`."""
        if self.origin == ADAPTED or ADAPTED in self.predictor:
            return ADAPTED
        note = device_of(self.device.partition(":")[0]).note if METRICS[self.metric].of_device else ""
        if note in (ESTIMATED, ADDITIVE):
            return "estimates"
        return "look-up sums" if LOOKED_UP in note and space_named(self.space).looked_up else "measurements"

    @property
    def key(self) -> Key:
        """What it predicts; several entries may predict the same."""
        return self.space, self.metric, self.device, self.dataset

    @property
    def name(self) -> str:
        """`{space}.{metric}.{device}`."""
        return f"{self.space}.{self.metric}.{self.device}"

    @property
    def version(self) -> str:
        """Name and version in the model registry; else archcast's version, or the day it was made."""
        return self.card.registered or (
            f"archcast {self.card.version}" if self.origin == "zoo" else self.card.created
        )

    @property
    def sha256(self) -> str:
        """Hash of the saved predictor, equal for equal content; empty for one that is not saved."""
        return "" if self.manifest is None else self.manifest.sha256

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits of the hash, which tell versions apart over HTTP."""
        return self.sha256[:12]

    @property
    def saved(self) -> Manifest:
        """The manifest of a saved predictor; raise InputError for one that is not saved."""
        if self.manifest is None:
            raise InputError(f"predictor of {self.device} must be saved first")
        return self.manifest

    def answers_to(self, predictor: str) -> bool:
        """Whether it is meant by the name of a family: its own, its teacher's, or both in one."""
        family = self.predictor if self.manifest is None else self.manifest.header["family"]
        return predictor in (self.predictor, family, self.card.teacher)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A saved predictor that cannot be used.

    Attributes:
        folder: where it lies.
        reason: why, in one sentence that names the file.
        keys: what it would predict, as far as its manifest still says.
        family: the same of its family.
    """

    folder: Any
    reason: str
    keys: tuple[Key, ...] = ()
    family: str = ""

    @property
    def sentence(self) -> str:
        """What it would predict, where it lies and why it is left out."""
        targets = dict.fromkeys(f"{metric} of {space} on {device}" for space, metric, device, _ in self.keys)
        return f"{', '.join(targets) or 'a saved predictor'} is left out: {self.reason}"


class Entries:
    """Entries in the order in which they answer, and what was refused.

    Attributes:
        every: all of them.
        refused: what was left out, and why.
    """

    def __init__(self, entries: Iterable[Entry], refused: Iterable[Refusal] = ()) -> None:
        self.every, self.refused = tuple(entries), tuple(refused)
        self._found: dict[tuple[str | None, ...], Entry] = {}

    def first(self, space: str | None = None, metric: str | None = None) -> list[Entry]:
        """What answers, each (space, metric, device, data set) once.

        Devices that know networks answer for every space; they are listed for one that has no others.

        Raises:
            UnknownNameError: no such space or metric.
        """
        if space is not None:
            space_named(space)
        if metric is not None:
            METRICS[metric]
        first: dict[Key, Entry] = {}
        for entry in self.every:
            if space in (None, entry.space) and metric in (None, entry.metric):
                first.setdefault(entry.key, entry)
        if space not in (None, NETWORK) and not first:
            return [through_networks(entry, space_named(space)) for entry in self.first(NETWORK, metric)]
        return list(first.values())

    def find(
        self,
        space: str | None,
        *,
        device: str | None,
        metric: str,
        dataset: str | None = None,
        predictor: str | None = None,
    ) -> Entry:
        """The entry that a name means.

        Args:
            space: None where only one space has the device.
            device: None for metrics of no device.
            dataset: None for the space's first that there is.
            predictor: a family, as `Entry.answers_to` has it; None for any.

        Raises:
            UnknownNameError: there is none; lists what there is.
            ArtifactError: there is none, and one that would be meant was refused; says why.
            InputError: several spaces have the device and none was named, or no device was.
        """
        key = (space, device, metric, dataset, predictor)
        entry = self._found.get(key)
        if entry is None:
            try:
                entry = self._find(space, device, metric, dataset, predictor)
            except UnknownNameError as error:
                further = None if device is None else self.beyond(device, metric)
                if further is not None:
                    return further._find(space, device, metric, dataset, predictor)
                self._raise_refused(key, error)
                raise
            if not entry.by_networks:  # a space may be defined anew
                self._found[key] = entry
        return entry

    def beyond(self, device: str, metric: str) -> Entries | None:
        """Entries with what can be learned of a device for networks of any form; None where nothing can."""
        del device, metric
        return None

    def _find(
        self, space: str | None, device: str | None, metric: str, dataset: str | None, predictor: str | None
    ) -> Entry:
        of_device = METRICS[metric].of_device
        here = [e for e in self.every if e.metric == metric]
        device = _same(device, here, space)
        if space is None:
            space = _only_space(here, device, metric)
        known = space_named(space)
        there = [e for e in here if e.space == space]
        of_networks = [e for e in here if e.space == NETWORK and e.device == device]
        elsewhere = [e.space for e in here if e.device == device]
        if of_networks and not any(e.device == device for e in there):
            there, dataset = [through_networks(e, known, dataset) for e in of_networks], None
        if not there:
            through = {e.device for e in here if e.space == NETWORK}  # these answer for every space
            if through and device is not None:
                self._raise_other_metrics(space, device, metric)
                asked = f"device for {metric} of {space}"
                raise unknown_device(asked, device, through, metric, elsewhere=elsewhere)
            raise UnknownNameError(
                f"metric for {space}", metric, {e.metric for e in self.every if e.space == space}
            )
        if device is None:
            if of_device:
                raise InputError(f"device must be named for {metric} of {space}")
            device = dataset or known.pick_dataset(list(dict.fromkeys(e.device for e in there)))
        named = [e for e in there if e.device == device]
        if not named:
            self._raise_other_metrics(space, device, metric)
            asked, choices = f"device for {metric} of {space}", {e.device for e in there}
            raise unknown_device(asked, device, choices, metric, elsewhere=elsewhere)
        picked = known.pick_dataset(list(dict.fromkeys(e.dataset for e in named)), dataset, of=device)
        named = [e for e in named if e.dataset == picked]
        if predictor is None:
            return named[0]
        for entry in named:
            if entry.answers_to(predictor):
                return entry
        raise UnknownNameError(f"predictor for {device}", predictor, {e.predictor for e in named})

    def _raise_other_metrics(self, space: str, device: str, metric: str) -> None:
        """Raise what is known of a device of which the metric is not; return where nothing is."""
        known = {e.metric for e in self.every if e.space == space and e.device == device}
        if known:
            raise UnknownNameError(f"metric for {device}", metric, known, beside=_COUNTED.get(metric, ""))

    def _raise_refused(self, key: tuple[str | None, ...], error: UnknownNameError) -> None:
        """Raise the reason of a refused predictor that the name may mean; return where there is none."""
        space, device, metric, dataset, predictor = key
        for refusal in self.refused:
            for its_space, its_metric, its_device, its_dataset in refusal.keys:
                if (
                    space in (None, its_space)
                    and metric == its_metric
                    and device in (None, its_device)
                    and dataset in (None, its_dataset)
                    and (predictor is None or predictor == refusal.family)
                ):
                    raise ArtifactError(refusal.reason) from error
        unread = [refusal.reason for refusal in self.refused if not refusal.keys]
        if unread:
            raise UnknownNameError(error.kind, error.name, error.choices, beside=unread[0]) from error


def through_networks(entry: Entry, space: Space, dataset: str | None = None) -> Entry:
    """What a predictor of networks says of a space's members.

    Raises:
        UnknownNameError: the space has no networks for that data set.
    """
    if entry.space != NETWORK or space.name == NETWORK:
        return entry
    return replace(entry, space=space.name, dataset=space.check_dataset(dataset), by_networks=True)


def _same(device: str | None, entries: list[Entry], space: str | None) -> str | None:
    """The device that a name means, in the space, else among networks', else in all; else itself."""
    if device is None or any(e.device == device for e in entries):
        return device
    for among in (space, NETWORK, None):
        same = same_device(device, [e.device for e in entries if among in (None, e.space)])
        if same is not None:
            return same
    return device


def _only_space(entries: list[Entry], device: str | None, metric: str) -> str:
    """The one space in which there are entries of the device."""
    having = sorted({e.space for e in entries if e.device == device and not e.card.goes_with})
    if len(having) > 1:
        raise InputError(f"space must be named, as {', '.join(having)} all have {metric} on {device}")
    if not having:
        raise unknown_device(f"device for {metric}", device, {e.device for e in entries}, metric)
    return having[0]
