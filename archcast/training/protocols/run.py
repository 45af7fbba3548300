"""The runner: a protocol's kind decides who answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archcast.training.protocols import (
    adaptation,
    intervals,
    learning_curve,
    network_devices,
    network_spaces,
    networks,
    training,
)
from archcast.training.protocols.result import Progress, ProtocolResult, Record

Runner = Callable[[Any, Sequence[str], Sequence[int], Progress], list[Record]]
RUNNERS: Mapping[str, Runner] = {
    "adaptation": adaptation.run,
    "training": training.run,
    "learning-curve": learning_curve.run,
    "intervals": intervals.run,
    "networks": networks.run,
    "network-devices": network_devices.run,
    "network-spaces": network_spaces.run,
}


def run_protocol(
    protocol: Any,
    predictors: Sequence[str] | None = None,
    *,
    seeds: int | None = None,
    progress: Progress = lambda text: None,
) -> ProtocolResult:
    """Measure predictors by a protocol.

    Args:
        protocol: as `load_protocol` gives it.
        predictors: families or methods; None takes the protocol's own.
        seeds: how many, counted from 0; None takes the protocol's own number.
        progress: called with what is being done.

    Raises:
        UnknownNameError: a method, family, device or table that there is not.
        DataError: a table is not on this machine.
    """
    chosen = tuple(predictors or protocol.predictors)
    protocol.check(chosen)
    records = RUNNERS[protocol.kind](protocol, chosen, range(seeds or protocol.seeds), progress)
    return ProtocolResult(protocol.name, tuple(records), protocol.published)
