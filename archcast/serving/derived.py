"""Metrics that follow from another: items a second of a network from the latency of one pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from archcast.core.metric import METRICS
from archcast.featurize.networks import NETWORK
from archcast.serving.entry import Entry

LATENCY, THROUGHPUT = "latency", "throughput"


def with_derived(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Entries, and behind all of them what follows from those of networks; a predictor's own come first."""
    every = []
    for entry in entries:
        every.append(entry)
        yield entry
    for entry in every:
        if (entry.space, entry.metric) == (NETWORK, LATENCY):
            yield replace(entry, metric=THROUGHPUT, unit=METRICS[THROUGHPUT].unit, derived_from=LATENCY)
