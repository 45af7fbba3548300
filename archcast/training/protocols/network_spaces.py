"""Protocols of members of spaces that teach a device: what it then takes for members of another space."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field

import numpy as np

from archcast.collect.tables.catalog import recipe_of
from archcast.core.arrays import Doubles, Ints
from archcast.core.labels import Labels
from archcast.featurize.spaces import SPACES
from archcast.predictors.adapt.prior import DevicePrior, fit_prior
from archcast.predictors.networks.adapt.sources import Sources
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.training.networks.few import SourceAnswers, answers_of
from archcast.training.networks.fit import new
from archcast.training.networks.labels import MeasuredStructures
from archcast.training.protocols.adaptation import Trial, ranked
from archcast.training.protocols.network_devices import teaching
from archcast.training.protocols.result import Progress, Record
from archcast.training.protocols.schema import NetworkSpaces, Table

FIGURES = ("spearman", "mape", "within_10", "coverage_90")
NETWORKS = "networks"
TEACHING = 900
"""Members that teach what devices of a space have in common."""


@dataclass(frozen=True, slots=True)
class _Members:
    """Members of a space that devices measured, and what sources say of them.

    Attributes:
        devices: of the labels, as networks of any form name them.
        others: members that are not drawn; they teach priors within the space.
    """

    labels: Labels
    devices: tuple[str, ...]
    others: Labels
    told: SourceAnswers
    _priors: dict[str, DevicePrior] = field(default_factory=dict)

    def prior(self, device: str) -> DevicePrior:
        """What the other devices teach, learned once."""
        if device not in self._priors:
            own = self.labels.devices[self.devices.index(device)]
            self._priors[device] = fit_prior(
                self.others.only(tuple(d for d in self.others.devices if d != own))
            )
        return self._priors[device]

    def of(self, device: str) -> Doubles:
        """What a device measured."""
        column: Doubles = self.labels.values[:, self.devices.index(device)]
        return column


def run(
    protocol: NetworkSpaces, methods: Sequence[str], seeds: Sequence[int], progress: Progress
) -> list[Record]:
    """One record a method, measured space, predicted space, number of measurements and device."""
    progress(f"{protocol.name}: learning the sources")
    teachers = [teaching(source) for source in protocol.sources]
    sources = Sources(tuple(_learned(t, s.family) for t, s in zip(teachers, protocol.sources, strict=True)))
    taught = {record.name for teacher in teachers for record in teacher.records}
    spaces = {}
    for table in protocol.spaces:
        progress(f"{protocol.name}: members of {table.space}")
        spaces[table.space] = _members(table, protocol.members, sources, taught)
    records: list[Record] = []
    for method in methods:
        for measured in spaces:
            for predicted in spaces if method == NETWORKS else (measured,):
                progress(f"{protocol.name}: {method}, {measured} to {predicted}")
                pair = (measured, spaces[measured]), (predicted, spaces[predicted])
                for n in protocol.measured:
                    records += _records(method, pair, n, seeds)
    return records


def _learned(teacher: MeasuredStructures, family: str) -> NetworkPredictor:
    """A source that remembers what taught it."""
    source = new(family).fit(teacher.labels)
    source.remember(teacher.labels)
    return source


def _members(table: Table, count: int, sources: Sources, taught: Set[str]) -> _Members:
    """Members that every device measured, drawn at random, with what sources say of their networks.

    Args:
        taught: members that are not drawn as sources learned from them.
    """
    labels, space = table.labels(), SPACES[table.space]
    named = {old: new for name in table.tables for old, new in recipe_of(name).names.items()}
    texts = space.to_text(labels.codes)
    whole = [
        row for row in np.flatnonzero(np.isfinite(labels.values).all(axis=1)) if texts[row] not in taught
    ]
    order = np.random.default_rng(0).permutation(np.array(whole))
    drawn, others = np.sort(order[:count]), np.sort(order[count:])
    networks = [space.network(code) for code in labels.codes[drawn]]
    devices = tuple(named.get(device, device) for device in labels.devices)
    answers = answers_of(sources, networks)
    return _Members(labels.rows(drawn), devices, labels.rows(others[:TEACHING]), answers)


def _records(
    method: str,
    pair: tuple[tuple[str, _Members], tuple[str, _Members]],
    n: int,
    seeds: Sequence[int],
) -> list[Record]:
    """Records of one pair of spaces, a device each, and their mean."""
    (measured, teaching), (predicted, asked) = pair
    common = [d for d in teaching.devices if d in asked.devices]
    figures = {}
    for device in common:
        drawn = [np.random.default_rng(s).choice(len(teaching.labels), n, replace=False) for s in seeds]
        if method == NETWORKS:
            draws = [_across(teaching, asked, rows, device) for rows in drawn]
        else:
            draws = [_within(asked, rows, device) for rows in drawn]
        figures[device] = np.mean([[one[name] for name in FIGURES] for one in draws], axis=0)
    if figures:
        figures["mean"] = np.mean(list(figures.values()), axis=0)
    return [
        {
            "predictor": method,
            "measured_space": measured,
            "predicted_space": predicted,
            "measured": n,
            "seeds": len(seeds),
            "device": device,
        }
        | {name: round(float(value), 4) for name, value in zip(FIGURES, values, strict=True)}
        for device, values in figures.items()
    ]


def _across(teaching: _Members, asked: _Members, rows: Ints, device: str) -> dict[str, float]:
    """By what sources of networks of any form say; what was measured is not tested."""
    same = teaching is asked
    answers, other = teaching.told.for_device(device), asked.told.for_device(device)
    values, truth = teaching.of(device), asked.of(device)
    joined = answers.joined(other)
    test = np.arange(len(truth))
    if same:
        test = np.setdiff1d(test, rows)
    return joined.learned(rows, len(values) + test, np.concatenate([values, truth]), device)


def _within(members: _Members, rows: Ints, device: str) -> dict[str, float]:
    """By the other devices of the space, measured on members that are not tested."""
    test = np.setdiff1d(np.arange(len(members.labels)), rows)
    trial = Trial(members.devices.index(device), rows, test)
    return ranked(members.prior(device), members.labels, trial)[0]
