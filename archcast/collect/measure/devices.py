"""Names of devices that are measured here: a host and how it runs a network."""

from __future__ import annotations

import re
from dataclasses import dataclass

from archcast.core.errors import InputError, shorten

FORMS = (
    "HOST-ort-<threads>t[-b<batch>][-int8]",
    "HOST-torch-<threads>t[-b<batch>]",
    "HOST-torch-cuda[-b<batch>]",
)
_NUMBER = r"[1-9][0-9]{0,3}"
_NAME = re.compile(
    r"(?P<host>[A-Za-z0-9_.-]*?[A-Za-z0-9_.])"
    rf"-(?:(?P<ort>ort)-(?P<ort_threads>{_NUMBER})t|torch-(?:(?P<torch_threads>{_NUMBER})t|cuda))"
    rf"(?:-b(?P<batch>{_NUMBER}))?(?:-(?P<int8>int8))?"
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
        InputError: the name is not in the grammar, or writes a default (`b1`), which would give one
            device two names.
    """
    found = _NAME.fullmatch(name) if isinstance(name, str) else None
    if found is None or found["batch"] == "1" or (found["int8"] and not found["ort"]):
        raise InputError(
            f"device must be {', '.join(FORMS[:-1])} or {FORMS[-1]} (a batch above 1), "
            f"such as this-host-ort-1t; got {shorten(name)}"
        )
    threads = found["ort_threads"] or found["torch_threads"]
    return MeasuredDevice(
        name=name,
        host=found["host"],
        runtime=found["ort"] or "torch",
        accelerator="cpu" if threads else "cuda",
        threads=int(threads or 1),
        batch=int(found["batch"] or 1),
        precision=found["int8"] or "fp32",
    )
