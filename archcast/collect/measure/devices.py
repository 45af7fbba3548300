"""Devices that are measured here: a host and how it runs a network, in the grammar of device names."""

from __future__ import annotations

from dataclasses import dataclass

from archcast.core.device import DeviceName
from archcast.core.errors import InputError, shorten

FORMS = (
    "HOST-ort-<threads>t[-b<batch>][-int8]",
    "HOST-torch-<threads>t[-b<batch>]",
    "HOST-torch-cuda[-b<batch>]",
)


@dataclass(frozen=True, slots=True)
class MeasuredDevice:
    """A host together with how it runs networks, as its name says.

    Attributes:
        name: the whole name, e.g. `this-host-ort-2t-b8-int8`.
        host: its first part, which says where; everything else says how.
        runtime: `ort` (ONNX Runtime on the processor) or `torch` (eager).
        accelerator: `cpu` or `cuda`.
        threads: of the processor; 1 on `cuda`.
        batch: images in one pass; a latency is that of the whole batch.
        precision: `fp32` or `int8`.
    """

    name: str
    host: str
    runtime: str
    accelerator: str
    threads: int
    batch: int
    precision: str

    @property
    def clock(self) -> str:
        """Which time is the latency.

        `processor` for one thread: it leaves out the moments when another process had the core, and on
        an idle machine equals wall time. `wall` where several threads or a GPU work side by side.
        """
        return "processor" if self.threads == 1 and self.accelerator == "cpu" else "wall"


def parse_device(name: str) -> MeasuredDevice:
    """The device that a name means.

    Raises:
        InputError: the name is none of `FORMS`.
    """
    try:
        said = DeviceName.parse(name)
    except InputError as error:
        raise InputError(f"{_wanted(name)} ({error})") from error
    runs_int8 = said.runtime == "ort" and said.precision == "int8"
    on_cuda = said.runtime == "torch" and said.processor == "cuda"
    if (
        said.runtime not in ("ort", "torch")
        or said.settings
        or not (on_cuda or said.processor.endswith("t"))
        or not (runs_int8 or not said.precision)
    ):
        raise InputError(_wanted(name))
    return MeasuredDevice(
        name=name,
        host=said.hardware,
        runtime=said.runtime,
        accelerator="cuda" if on_cuda else "cpu",
        threads=said.threads or 1,
        batch=said.batch,
        precision=said.precision or "fp32",
    )


def _wanted(name: str) -> str:
    return (
        f"device must be {', '.join(FORMS[:-1])} or {FORMS[-1]} (a batch above 1), "
        f"such as this-host-ort-1t; got {shorten(name)}"
    )
