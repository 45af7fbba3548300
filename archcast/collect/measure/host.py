"""Measuring on this machine: the runner as a child process."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from archcast.collect.measure.bundle import write_runner
from archcast.collect.measure.channel import Channel, ProcessChannel
from archcast.collect.measure.devices import MeasuredDevice, parse_device
from archcast.collect.measure.request import Request
from archcast.collect.measure.rows import Row, measure_rows
from archcast.collect.measure.timing import TimingSettings
from archcast.core.errors import InputError
from archcast.core.optional import require_installed

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
    request: Request,
    *,
    settings: TimingSettings | None = None,
    progress: Callable[[float], None] = lambda part: None,
) -> Iterator[Row]:
    """Measure on this machine; see `measure_rows` for rows, arguments and errors.

    Args:
        request: by `make_request` or `make_network_request` for a `host_device`.
    """
    package, extra = ("torch", "train") if request.device.runtime == "torch" else ("onnxruntime", "measure")
    require_installed(package, extra=extra, purpose=f"measuring as {request.device.name}")
    with host_channel() as channel:
        yield from measure_rows(channel, request, settings=settings, progress=progress)
