"""Measuring on this machine: the runner as a child process."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from archcast.collect.measure.bundle import write_runner
from archcast.collect.measure.channel import Channel, ProcessChannel
from archcast.collect.measure.devices import MeasuredDevice, parse_device
from archcast.collect.measure.network_request import NetworkSource, make_network_request
from archcast.collect.measure.request import Request, make_request
from archcast.collect.measure.rows import TIMEOUT_SECONDS, Row, measure_rows
from archcast.collect.measure.timing import TimingSettings
from archcast.collect.store import MeasurementStore
from archcast.core.arrays import ArchBatch
from archcast.core.errors import InputError
from archcast.core.optional import require_installed
from archcast.featurize.spaces import Space

DEFAULT_DEVICE = "this-host-ort-1t"
_THREADS_A_PROCESSOR = 8


@contextmanager
def host_channel() -> Iterator[Channel]:
    """An open channel to a runner on this machine, in this Python."""
    with tempfile.TemporaryDirectory(prefix="archcast-") as folder:
        runner = write_runner(Path(folder))
        with ProcessChannel([sys.executable, str(runner)], name="the runner") as channel:
            yield channel


def host_device(name: str) -> MeasuredDevice:
    """The device of this machine that a name means.

    Raises:
        InputError: as `parse_device`, or it has many more threads than there are processors.
    """
    device, there = parse_device(name), os.cpu_count() or 1
    if device.threads > there * _THREADS_A_PROCESSOR:
        raise InputError(
            f"device {name} must have at most {there * _THREADS_A_PROCESSOR} threads, as this machine has "
            f"{there} processors"
        )
    return device


def measure_host(
    space: str | Space,
    archs: ArchBatch,
    *,
    device: str = DEFAULT_DEVICE,
    metrics: Sequence[str] = ("latency",),
    dataset: str | None = None,
    already: Mapping[str, Collection[str]] | None = None,
    settings: TimingSettings | None = None,
    store: MeasurementStore | None = None,
    timeout_s: float = TIMEOUT_SECONDS,
    progress: Callable[[float], None] = lambda part: None,
) -> Iterator[Row]:
    """Measure architectures on this machine; see `measure_rows` for rows, arguments and errors.

    Args:
        device: a name in the grammar of `archcast.collect.measure.devices`.
        metrics: among `latency`, `throughput`, `memory`, `energy`.
    """
    request = make_request(space, archs, device=host_device(device), metrics=metrics, dataset=dataset)
    yield from _measured(request, already, settings, store, timeout_s, progress)


def measure_networks_on_host(
    networks: Sequence[NetworkSource],
    *,
    device: str = DEFAULT_DEVICE,
    metrics: Sequence[str] = ("latency",),
    settings: TimingSettings | None = None,
    timeout_s: float = TIMEOUT_SECONDS,
    progress: Callable[[float], None] = lambda part: None,
) -> Iterator[Row]:
    """Measure networks of any form on this machine; see `measure_host`. Rows name a network by its key."""
    request = make_network_request(networks, device=host_device(device), metrics=metrics)
    yield from _measured(request, None, settings, None, timeout_s, progress)


def _measured(
    request: Request,
    already: Mapping[str, Collection[str]] | None,
    settings: TimingSettings | None,
    store: MeasurementStore | None,
    timeout_s: float,
    progress: Callable[[float], None],
) -> Iterator[Row]:
    """Rows of a request."""
    package, extra = ("torch", "train") if request.device.runtime == "torch" else ("onnxruntime", "measure")
    require_installed(package, extra=extra, purpose=f"measuring as {request.device.name}")
    with host_channel() as channel:
        yield from measure_rows(
            channel,
            request,
            already=already,
            settings=settings,
            store=store,
            timeout_s=timeout_s,
            progress=progress,
        )
