"""Protocols of members of spaces that teach a device: what it then takes for members of another space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from archcast.core.arrays import Ints
from archcast.core.labels import Labels
from archcast.featurize.spaces import SPACES
from archcast.predictors.adapt.posterior import adapt_to
from archcast.predictors.adapt.prior import DevicePrior, fit_prior
from archcast.predictors.networks.adapt.sources import Sources
from archcast.training.metrics import quality
from archcast.training.networks.few import SourceAnswers, answers_of
from archcast.training.networks.fit import new
from archcast.training.protocols.network_devices import teaching
from archcast.training.protocols.result import Progress, Record
from archcast.training.protocols.schema import NetworkSpaces

FIGURES = ("spearman", "mape", "within_10")
NETWORKS = "networks"
TEACHING = 900
"""Members that teach what devices of a space have in common."""


@dataclass(frozen=True, slots=True)
class _Members:
    """Members of a space that devices measured, and what sources say of them.

    Attributes:
        others: members that are not drawn; they teach priors within the space.
    """

    labels: Labels
    others: Labels
    told: SourceAnswers
    _priors: dict[str, DevicePrior] = field(default_factory=dict)

    def prior(self, device: str) -> DevicePrior:
        """What the other devices teach, learned once."""
        if device not in self._priors:
            named = tuple(d for d in self.others.devices if d != device)
            self._priors[device] = fit_prior(self.others.only(named))
        return self._priors[device]


def run(
    protocol: NetworkSpaces, methods: Sequence[str], seeds: Sequence[int], progress: Progress
) -> list[Record]:
    """One record a method, measured space, predicted space, number of measurements and device."""
    progress(f"{protocol.name}: learning the sources")
    sources = Sources(tuple(new(source.family).fit(teaching(source).labels) for source in protocol.sources))
    spaces = {}
    for table in protocol.spaces:
        progress(f"{protocol.name}: members of {table.space}")
        spaces[table.space] = _members(table.labels(), protocol.members, sources)
    records: list[Record] = []
    for method in methods:
        for measured in spaces:
            for predicted in spaces if method == NETWORKS else (measured,):
                progress(f"{protocol.name}: {method}, {measured} to {predicted}")
                pair = (measured, spaces[measured]), (predicted, spaces[predicted])
                for n in protocol.measured:
                    records += _records(method, pair, n, seeds)
    return records


def _members(labels: Labels, count: int, sources: Sources) -> _Members:
    """Members that every device measured, drawn at random, with what sources say of their networks."""
    whole = np.flatnonzero(np.isfinite(labels.values).all(axis=1))
    order = np.random.default_rng(0).permutation(whole)
    drawn, others = np.sort(order[:count]), np.sort(order[count:])
    space = SPACES[labels.space]
    networks = [space.network(code) for code in labels.codes[drawn]]
    return _Members(labels.rows(drawn), labels.rows(others[:TEACHING]), answers_of(sources, networks))


def _records(
    method: str,
    pair: tuple[tuple[str, _Members], tuple[str, _Members]],
    n: int,
    seeds: Sequence[int],
) -> list[Record]:
    """Records of one pair of spaces, a device each, and their mean."""
    (measured, teaching), (predicted, asked) = pair
    common = [d for d in teaching.labels.devices if d in asked.labels.devices]
    figures = {}
    for device in common:
        drawn = [np.random.default_rng(s).choice(len(teaching.labels), n, replace=False) for s in seeds]
        if method == NETWORKS:
            draws = [_across(teaching, asked, rows, device) for rows in drawn]
        else:
            draws = [_within(asked.prior(device), asked.labels, rows, device) for rows in drawn]
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
    values = teaching.labels.values[:, teaching.labels.devices.index(device)]
    truth = asked.labels.values[:, asked.labels.devices.index(device)]
    joined = answers.joined(other)
    test = np.arange(len(truth))
    if same:
        test = np.setdiff1d(test, rows)
    return joined.learned(rows, len(values) + test, np.concatenate([values, truth]), device)


def _within(prior: DevicePrior, labels: Labels, rows: Ints, device: str) -> dict[str, float]:
    """By the other devices of the space, measured on members that are not tested."""
    truth = labels.values[:, labels.devices.index(device)]
    adapted = adapt_to(prior, labels.codes[rows], truth[rows], device=device, metric=labels.metric)
    test = np.setdiff1d(np.arange(len(truth)), rows)
    return quality(truth[test], adapted.predict(labels.codes[test])[:, 0])
