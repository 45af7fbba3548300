"""`archcast predict` of model files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from archcast.cli.output import print_records
from archcast.core.errors import InputError

if TYPE_CHECKING:
    from archcast.core.network import Network
    from archcast.serving.filters import Wanted


@dataclass(frozen=True, slots=True)
class Files:
    """How model files are read.

    Attributes:
        batch: items in a pass where a file leaves them open.
        inputs, bind: words of `--input` and `--bind`.
    """

    batch: int = 1
    inputs: Sequence[str] = ()
    bind: Sequence[str] = ()

    def read(self, path: str) -> Network:
        """The network of a file.

        Raises:
            InputError: it cannot be read; names it.
        """
        from archcast.cli.network import read

        return read(path, batch=self.batch, inputs=self.inputs, bind=self.bind, example=())


HOW = "devices must be named with -d, or --hardware pixel (archcast devices --space network lists them)"


def are_files(archs: Sequence[Any]) -> bool:
    """Whether a command was given model files."""
    from archcast.featurize.networks import ENDINGS

    return any(isinstance(arch, str) and arch.endswith(ENDINGS) for arch in archs)


def predict_files(
    archs: Sequence[str],
    files: Files,
    devices: Sequence[str],
    wanted: Wanted,
    *,
    metric: str,
    coverage: float,
    measured: bool = False,
    as_json: bool,
) -> None:
    """Print predictions of model files, a line a file and device, with own measurements beside them if asked.

    Raises:
        InputError: one of them is no model file, or cannot be read.
    """
    from archcast.serving.network_costs import network_costs
    from archcast.serving.store import store

    for arch in archs:
        if not are_files([arch]):
            raise InputError(f"architectures and model files must not be mixed, got {arch!r} beside files")
    entries, _ = wanted.among_networks(store(), metric, devices, how=HOW)
    networks = [files.read(arch) for arch in archs]
    try:
        costs = network_costs(networks, entries, store(), coverage=coverage)
    except InputError as error:
        item = 0 if len(archs) == 1 else error.item
        if item is None:
            raise
        raise InputError(f"{archs[item]}: {str(error).removesuffix(f' (item {item})')}") from error
    records = []
    for column, entry in enumerate(entries):
        own = _measured(networks, entry.device, metric) if measured else [{}] * len(archs)
        for item, arch in enumerate(archs):
            value, low, high = (_number(numbers[column]) for numbers in costs.with_ends(item))
            if value is None and entry.device in devices:
                raise InputError(costs.notes[item][column], item=item)
            records.append(
                {
                    "file": arch,
                    "device": entry.device,
                    "metric": metric,
                    "unit": entry.unit,
                    "value": value,
                    "low": low,
                    "high": high,
                    "note": costs.notes[item][column],
                    **own[item],
                }
            )
    print_records(records, as_json=as_json, title=f"{metric}, with {coverage:.0%} intervals")


def _measured(networks: Sequence[Network], device: str, metric: str) -> list[dict[str, Any]]:
    """What was measured of each, as columns of a record."""
    from archcast.serving.measured import measured_networks

    return measured_networks(networks, device, metric).records()


def _number(value: float) -> float | None:
    """A number in the digits that it has; None where there is none."""
    return round(float(value), 6) if isfinite(value) else None
