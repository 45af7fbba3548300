"""Predictors that are ready to be called many times: of codes of a space, and of networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Self

import numpy as np

from archcast.core.arrays import ArchBatch, Codes, Floats
from archcast.core.errors import InputError
from archcast.core.network import Network
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.catalog import Reading, given, read, space_named
from archcast.featurize.spaces.networks import NETWORKS, NetworkBatch
from archcast.predictors import Card, Predictor
from archcast.predictors.intervals import check_coverage
from archcast.predictors.lowered.batches import Parts, values_of_batch
from archcast.predictors.lowered.forms import Form
from archcast.predictors.networks.contract import UNLIKE, NetworkPredictor
from archcast.predictors.networks.form import NetworkForm
from archcast.predictors.networks.members.form import MembersForm
from archcast.predictors.networks.members.predictor import MembersPredictor
from archcast.serving.entry import Entry
from archcast.serving.store import Store

NO_PATH = "no path from input to output"
_DRAWN = 4
"""Members that tell what a space is like."""


class LoadedPredictor:
    """A predictor of one metric on one device, ready to be called many times.

    It holds no lock between calls, may be called from many threads and after a fork, and changes no thread
    settings; batches of more than 65,536 architectures are spread over `ARCHCAST_THREADS` threads.

    Attributes:
        entry: what it predicts, with its unit.
        model: the fitted predictor behind it, which may have other targets too.
        form: what is called in the model's place: tables that answer as it does, or itself.
        space: the search space.
    """

    def __init__(self, entry: Entry, model: Predictor, form: Form) -> None:
        self.entry, self.model, self.form = entry, model, form
        self.space: Space = space_named(entry.space)
        self.parts: Parts = ((form, (0,)),)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.entry.name!r}, {self.entry.predictor!r})"

    @property
    def card(self) -> Card:
        """What it was learned from, how good it is, where it holds."""
        return self.entry.card

    def range_note(self, value: float) -> str:
        """That a predicted value lies outside those it learned from, and their ends; empty where not."""
        return self.entry.range_note(value)

    def predict(self, arch_batch: ArchBatch, *, notation: str | None = None) -> Floats:
        """Predicted values in `entry.unit`.

        Args:
            notation: of others, in which the architectures are; see `archcast.parse`.

        Shapes:
            output: float32 (n,)

        Raises:
            InputError: as `archcast.parse`.
        """
        return values_of_batch(self.parts, self._read(arch_batch, notation))[:, 0]

    def _read(self, arch_batch: ArchBatch, notation: str | None) -> Reading | NetworkBatch:
        if notation is not None:
            arch_batch = given(arch_batch, self.space, notation)[1]
        return read(arch_batch, self.space)

    def try_once(self) -> None:
        """Predict one architecture, so that no request meets the first run."""
        self.predict_codes(self.space.sample(1, seed=0))

    def notes(self, arch_batch: ArchBatch, *, notation: str | None = None) -> list[str]:
        """What must be known of each prediction; empty where there is nothing.

        Values outside those that it learned from, and architectures without a path from input to output.

        Args:
            notation: as of `predict`.
        """
        codes = self._read(arch_batch, notation).parsed()
        return self.notes_of_codes(codes, self.predict_codes(codes))

    def notes_of_codes(self, codes: Codes, predicted: Floats) -> list[str]:
        """The same for codes that `archcast.parse` gave and their predicted values."""
        connected = self.space.connected(codes).tolist()
        both = zip(connected, map(self.range_note, predicted.tolist()), strict=True)
        return ["; ".join(filter(None, ("" if path else NO_PATH, outside))) for path, outside in both]

    def predict_codes(self, codes: Codes) -> Floats:
        """Predicted values of codes that `archcast.parse` gave.

        Shapes:
            codes: int8 (n, k); output: float32 (n,)
        """
        return values_of_batch(self.parts, Reading(self.space, codes))[:, 0]

    def predict_interval(
        self, arch_batch: ArchBatch, coverage: float = 0.9, *, notation: str | None = None
    ) -> tuple[Floats, Floats]:
        """Lower and upper ends of intervals that hold `coverage` of held-out measurements.

        Args:
            notation: as of `predict`.

        Shapes:
            output: float32 (n,) and (n,)

        Held-out errors give them where there are any; an adapted predictor gives those of its posterior.

        Raises:
            InputError: as `archcast.parse`; coverage outside 0.5 to 0.99; neither is known.
        """
        return self.interval_of(self._read(arch_batch, notation), coverage)

    def interval_of(self, batch: Reading | NetworkBatch, coverage: float) -> tuple[Floats, Floats]:
        """The same for a batch that was read."""
        return self.interval_codes(batch.parsed(), coverage)

    def interval_codes(
        self, codes: Codes, coverage: float, *, predicted: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """The same for codes that `archcast.parse` gave.

        Args:
            predicted: what `predict_codes` gave for them, where the caller has it, instead of it again.
        """
        intervals, column = self.entry.intervals, self.entry.column
        if intervals is not None:
            values = self.predict_codes(codes) if predicted is None else predicted
            low, high = intervals.around(values.astype(np.float64), column, coverage)
            return low.astype(np.float32), high.astype(np.float32)
        given = None if predicted is None else predicted[:, None]
        known = self.model.select((column,)).interval(codes, coverage, predicted=given)
        if known is None:
            raise InputError(f"predictor of {self.entry.device} was saved without held-out errors")
        return known[0][:, 0], known[1][:, 0]


class LoadedNetworks(LoadedPredictor):
    """A predictor of one metric of networks of any form on one device.

    Attributes:
        model: the fitted predictor behind it, of that device alone.
        form: what answers, values of known networks at once.
    """

    model: NetworkPredictor  # type: ignore[assignment] # of networks in place of codes
    form: NetworkForm

    def __init__(self, entry: Entry, model: NetworkPredictor, form: NetworkForm) -> None:
        super().__init__(entry, model, form)  # type: ignore[arg-type]

    def range_note(self, value: float) -> str:
        """The same, of the values of one pass that its predictor gives."""
        return self.entry.range_note(_of_a_pass(self.form, value))

    def try_once(self) -> None:
        """Nothing: what is read of a network's form alone is read when it is loaded."""

    def predict_codes(self, codes: Codes) -> Floats:
        """Raise InputError: networks have no codes."""
        del codes
        NETWORKS.check_decisions()

    def interval_codes(
        self, codes: Codes, coverage: float, *, predicted: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """Raise InputError: networks have no codes."""
        del codes, coverage, predicted
        NETWORKS.check_decisions()

    def interval_of(self, batch: Reading | NetworkBatch, coverage: float) -> tuple[Floats, Floats]:
        """Ends for networks that were read."""
        return self.interval_networks(_networks(batch), coverage)

    def predict_networks(self, networks: Sequence[Network]) -> Floats:
        """Predicted values of networks.

        Shapes:
            output: float32 (n,)

        Raises:
            InputError: a network of several items on a device that runs its own batch.
        """
        return self.form.values(networks)[:, 0]

    def interval_networks(self, networks: Sequence[Network], coverage: float) -> tuple[Floats, Floats]:
        """Lower and upper ends of intervals.

        Shapes:
            output: float32 (n,) and (n,)

        Raises:
            InputError: as `predict_networks`; coverage outside 0.5 to 0.99, or nothing is known of errors.
        """
        check_coverage(coverage)
        direct = self.form.direct(networks)
        known = self.model.interval(networks, coverage, predicted=direct)
        if known is None:
            raise InputError(f"predictor of {self.entry.device} was saved without held-out errors")
        low, high = (self.form.per_second(ends)[:, 0] for ends in known)
        return (high, low) if self.entry.derived_from else (low, high)

    def notes(self, arch_batch: ArchBatch, *, notation: str | None = None) -> list[str]:
        """What must be known of each prediction; empty where there is nothing.

        Operators that no network it learned from had, with their share of the cost, and values outside those
        that it learned from.
        """
        networks = _networks(self._read(arch_batch, notation))
        values = self.predict_networks(networks)
        pairs = zip(self.model.notes(networks), map(self.range_note, values.tolist()), strict=True)
        return ["; ".join(filter(None, both)) for both in pairs]


class LoadedMembers(LoadedPredictor):
    """A predictor of networks that answers for a space's members.

    Attributes:
        model, form: of that device and space alone.
    """

    model: MembersPredictor

    def __init__(self, entry: Entry, model: MembersPredictor) -> None:
        intervals = None if entry.intervals is None else entry.intervals.select((entry.column,))
        super().__init__(replace(entry, column=0, intervals=intervals), model, model.form)
        self.space = model.space_

    def range_note(self, value: float) -> str:
        """The same, of the values of one pass that its predictor gives."""
        return self.entry.range_note(_of_a_pass(self.model.form, value))

    def notes_of_codes(self, codes: Codes, predicted: Floats) -> list[str]:
        """The same, and of every member whether the space is unlike what its predictor learned from."""
        notes = super().notes_of_codes(codes, predicted)
        return ["; ".join(filter(None, (note, self._of_space))) for note in notes]

    @cached_property
    def _of_space(self) -> str:
        """What is true of the networks of all members that were drawn; nothing where only tables are left."""
        dataset = self.model.targets_[0].dataset
        try:
            networks = [self.space.network(code, dataset) for code in self.space.sample(_DRAWN, seed=0)]
        except InputError:
            return ""
        unlike = all(UNLIKE in note for note in self.model.network_model.notes(networks))
        return UNLIKE if unlike else ""

    def prepare(self) -> Self:
        """Make its tables now, in place of when so many members were asked for that it pays; returns itself.

        Where members' costs are no sums of tables a warning says so.
        """
        self.model.form.prepare()
        return self


def _of_a_pass(form: NetworkForm | MembersForm, value: float) -> float:
    """What a value was made from; items a second are their own inverse."""
    return float(form.per_second(np.full((1, 1), value, dtype=np.float32))[0, 0])


def _networks(batch: Reading | NetworkBatch) -> tuple[Network, ...]:
    return batch.networks if isinstance(batch, NetworkBatch) else NETWORKS.read(batch.parsed()).networks


def loaded(entry: Entry, here: Store) -> LoadedPredictor:
    """The loaded predictor of an entry of a store."""
    if entry.by_networks:
        return LoadedMembers(entry, here.members((entry,)))
    model, form = here.load(entry), here.form((entry,))
    if isinstance(model, NetworkPredictor) and isinstance(form, NetworkForm):
        return LoadedNetworks(entry, model.select((entry.column,)), form)
    return LoadedPredictor(entry, model, form)  # type: ignore[arg-type]
