"""`archcast predict` of model files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archcast.cli.output import print_records
from archcast.core.errors import InputError

if TYPE_CHECKING:
    from archcast.core.network import Network
    from archcast.serving.loaded import LoadedNetworks

ENDINGS = (".onnx", ".param")


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


@dataclass(frozen=True, slots=True)
class Where:
    """Which devices are asked.

    Attributes:
        devices: by name; others by what their names hold.
    """

    devices: Sequence[str] = ()
    hardware: str | None = None
    runtime: str | None = None
    precision: str | None = None

    def names(self, metric: str) -> list[str]:
        """Names of devices of networks.

        Raises:
            InputError: nothing says which, or none is of that kind.
        """
        from archcast.serving import devices as served

        asked: dict[str, Any] = {
            "hardware": self.hardware,
            "runtime": self.runtime,
            "precision": self.precision,
        }
        if not any(asked.values()):
            if not self.devices:
                count = len(served("network", metric))
                raise InputError(
                    f"devices must be named with -d, or --hardware pixel: {count} answer {metric} of any "
                    f"network, see archcast devices --space network"
                )
            return list(self.devices)
        found = [entry.device for entry in served("network", metric, **asked)]
        if not found and not self.devices:
            told = ", ".join(f"--{name} {value}" for name, value in asked.items() if value)
            raise InputError(f"no device that answers {metric} of networks fits {told}")
        return [*self.devices, *(name for name in found if name not in self.devices)]


def are_files(archs: Sequence[Any]) -> bool:
    """Whether a command was given model files."""
    return any(isinstance(arch, str) and arch.endswith(ENDINGS) for arch in archs)


def predict_files(
    archs: Sequence[str],
    files: Files,
    where: Where,
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
    from archcast.serving.engine import load

    for arch in archs:
        if not are_files([arch]):
            raise InputError(f"architectures and model files must not be mixed, got {arch!r} beside files")
    names = where.names(metric)
    networks = [files.read(arch) for arch in archs]
    records = []
    for name in names:
        loaded: Any = load(name, metric, "network")
        values = loaded.predict_networks(networks)
        low, high = _ends(loaded, networks, coverage)
        notes = loaded.notes(networks)
        own = _measured(networks, name, metric) if measured else [{}] * len(archs)
        for place, arch in enumerate(archs):
            records.append(
                {
                    "file": arch,
                    "device": name,
                    "metric": metric,
                    "unit": loaded.entry.unit,
                    "value": round(float(values[place]), 6),
                    "low": low[place],
                    "high": high[place],
                    "note": notes[place],
                    **own[place],
                }
            )
    print_records(records, as_json=as_json, title=f"{metric}, with {coverage:.0%} intervals")


def _measured(networks: Sequence[Network], device: str, metric: str) -> list[dict[str, Any]]:
    """What was measured of each, as columns of a record."""
    from archcast.serving.measured import measured_networks

    return measured_networks(networks, device, metric).records()


def _ends(
    loaded: LoadedNetworks, networks: Sequence[Network], coverage: float
) -> tuple[list[float | None], list[float | None]]:
    """Ends of intervals; None where nothing is known of errors."""
    from archcast.predictors.intervals import check_coverage

    check_coverage(coverage)
    try:
        low, high = loaded.interval_networks(networks, coverage)
    except InputError:
        return [None] * len(networks), [None] * len(networks)
    return [round(float(end), 6) for end in low], [round(float(end), 6) for end in high]
