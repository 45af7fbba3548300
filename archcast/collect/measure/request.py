"""What is to be measured on one device."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from archcast.collect.measure.devices import MeasuredDevice
from archcast.collect.measure.load_request import load_request
from archcast.collect.measure.session import LoadRequest
from archcast.core.arrays import ArchBatch, Codes
from archcast.core.errors import InputError, UnknownNameError
from archcast.featurize.spaces import SPACES, Space

METRICS = ("latency", "throughput", "memory", "energy")
SENTINEL_PARTS = (25, 50, 75)
"""Percentiles of operation counts, among members drawn with a fixed seed, that the sentinels stand at."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be measured.

    Attributes:
        space: what the rows say.
        networks: text of each architecture and how its `load` request is made.
        sentinels: the same of networks that are timed again and again beside those.
        device: how the networks are run.
        metrics: among `METRICS`.
        dataset: what the networks are built for.
        about: text of an architecture and what its rows' environment says of it.
    """

    space: str
    networks: Mapping[str, LoadRequest]
    sentinels: Mapping[str, LoadRequest]
    device: MeasuredDevice
    metrics: tuple[str, ...]
    dataset: str
    about: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def only(self, texts: Iterable[str]) -> Request:
        """The same of some of its networks."""
        return replace(self, networks={text: self.networks[text] for text in texts})


def make_request(
    space: str | Space,
    archs: ArchBatch,
    *,
    device: MeasuredDevice,
    metrics: Sequence[str] = ("latency",),
    dataset: str | None = None,
) -> Request:
    """A request for members of a space; equal ones are measured once.

    Raises:
        InputError: an architecture is not of the space, costs are not those of one pass, or a space, data
            set or metric is unknown; names the item.
    """
    chosen = SPACES[space] if isinstance(space, str) else space
    if not chosen.counts_nodes:
        raise InputError(f"{chosen.name} cannot be measured here: its costs are not those of one pass")
    checked = checked_metrics(metrics)
    codes = chosen.parse(archs)
    dataset = chosen.check_dataset(dataset)
    make = partial(_load, chosen, dataset, device)
    texts = zip(chosen.to_text(codes), codes, strict=True)
    return Request(
        chosen.name,
        {text: partial(make, code) for text, code in texts},
        sentinels_of(chosen, dataset, device),
        device,
        checked,
        dataset,
    )


def checked_metrics(metrics: Sequence[str]) -> tuple[str, ...]:
    """Each metric once.

    Raises:
        InputError: there is none, or one that is not measured.
    """
    for metric in metrics:
        if metric not in METRICS:
            raise UnknownNameError("metric that is measured", metric, METRICS)
    if not metrics:
        raise InputError(f"metrics must name at least one of {', '.join(METRICS)}, got none")
    return tuple(dict.fromkeys(metrics))


def sentinels_of(space: Space, dataset: str, device: MeasuredDevice) -> dict[str, LoadRequest]:
    """Three members, always the same, of small, middling and large operation counts."""
    codes = space.sample(33, seed=0)
    _, operations = space.published_counts(codes, dataset)
    codes = codes[np.argsort(operations, kind="stable")]
    rows = [len(codes) * part // 100 for part in SENTINEL_PARTS]
    names = [f"sentinel_{part}" for part in SENTINEL_PARTS]
    return {
        name: partial(_load, space, dataset, device, codes[row])
        for name, row in zip(names, rows, strict=True)
    }


def _load(space: Space, dataset: str, device: MeasuredDevice, code: Codes) -> dict[str, Any]:
    return load_request(space.network(code, dataset), device)
