"""Which devices are meant by their parts: hardware, runtime, precision, batch and threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from archcast.core.errors import InputError
from archcast.featurize.networks import NETWORK
from archcast.serving.entry import Entry
from archcast.serving.store import Store


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
        if self == ANY:
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

    def among_networks(
        self, here: Store, metric: str, named: Sequence[str], *, how: str, every: bool = False
    ) -> tuple[list[Entry], int]:
        """What answers a metric of networks on devices that are named, and then on those like this.

        Args:
            how: what the caller may say to mean devices, for the sentence where none is meant.
            every: all that answer the metric, whatever they are like.

        Returns:
            Entries, each device once, and how many of them were named.

        Raises:
            UnknownNameError: no such device or metric.
            InputError: no device is meant, or none is like this.
        """
        entries = [here.find(NETWORK, device=name, metric=metric) for name in named]
        there = here.first(NETWORK, metric)
        if not (entries or every or self != ANY):
            raise InputError(f"{how}: {len(there)} answer {metric} of any network")
        fitting = there if every else [e for e in there if self != ANY and self.fits(e)]
        chosen = list({entry.device: entry for entry in [*entries, *fitting]}.values())
        if not chosen:
            filters = ", ".join(f"{name} {value}" for name, value in self.asked()) or "it"
            raise InputError(f"no device that answers {metric} of networks fits {filters}")
        return chosen, len({entry.device for entry in entries})


ANY = Wanted()


def _holds(text: str | None, *names: str) -> bool:
    return text is None or any(text.lower() in name.lower() for name in names)
