"""Which devices are meant by their parts: hardware, runtime, precision, batch and threads."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from archcast.serving.entry import Entry


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a device must be like; None asks for nothing.

    Attributes:
        hardware, runtime: text in the device's name or in its maker's name for it, in letters of any case.
        precision: the number format, `fp32` where a name says none.
        batch, threads: items in one pass; threads or cores.
    """

    hardware: str | None = None
    runtime: str | None = None
    precision: str | None = None
    batch: int | None = None
    threads: int | None = None

    def fits(self, entry: Entry) -> bool:
        """Whether an entry's device is like this."""
        if self == _ANY:
            return True
        about, name = entry.about, entry.device
        return (
            _holds(self.hardware, about.hardware, name)
            and _holds(self.runtime, about.runtime, name)
            and (self.precision is None or self.precision.lower() == (about.precision or "fp32"))
            and self.batch in (None, about.batch)
            and self.threads in (None, about.threads)
        )

    def asked(self) -> list[tuple[str, Any]]:
        """What is asked for, by name."""
        return [(name, value) for name, value in asdict(self).items() if value is not None]


_ANY = Wanted()


def _holds(text: str | None, *names: str) -> bool:
    return text is None or any(text.lower() in name.lower() for name in names)
