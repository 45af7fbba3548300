"""Structures of the networks that were measured, kept beside the measurements: one file a network.

A row of the space `network` has the network's key as its architecture; `KEY.onnx` is its structure, an ONNX
model with the shape of every value and without weights.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from archcast.collect.store import MeasurementStore
from archcast.core import settings
from archcast.core.errors import DataError, InputError, UnknownNameError, shorten
from archcast.core.files import atomic_write
from archcast.core.metric import METRICS
from archcast.core.network import Network
from archcast.featurize.onnx_model import model_of, network_of_structure, structure_of
from archcast.featurize.readers.onnx_graph import network_of

SPACE = "network"
"""Space of the rows whose architecture is a network's key."""
_KEY = re.compile(r"[0-9a-f]{64}")


def as_stored(network: Network) -> Network:
    """The network as it is read back: numbers are of ONNX's types, which a torch module's are not."""
    return network_of(model_of(network, shapes=True))


class NetworkStore:
    """Networks by their keys.

    Args:
        folder: None takes `networks` in archcast's home. It is made when the first network is added.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = settings.networks_dir() if folder is None else Path(folder)

    def add(self, network: Network) -> str:
        """Keep a network and give its key; one that is there already is left as it is.

        Raises:
            DataError: the file cannot be written.
        """
        stored = as_stored(network)
        path = self._path(stored.key)
        if not path.is_file():
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                with atomic_write(path) as partial:
                    partial.write_bytes(structure_of(stored))
            except OSError as error:
                raise DataError(f"cannot write the network {path}: {error}") from error
        return stored.key

    def read(self, key: str) -> Network:
        """The network that has a key.

        Raises:
            UnknownNameError: there is none.
            DataError: its file is damaged.
        """
        if key not in self:
            raise UnknownNameError(f"network in {self.folder}", shorten(key), self.keys() or ("none",))
        path = self._path(key)
        try:
            network = network_of_structure(path.read_bytes())
        except (OSError, InputError) as error:
            raise DataError(f"the network {path} cannot be read: {error}") from error
        if network.key != key:
            raise DataError(f"the network {path} is damaged: it is another than its name says")
        return network

    def keys(self) -> tuple[str, ...]:
        """Keys of all networks, sorted."""
        names = (path.stem for path in self.folder.glob("*.onnx"))
        return tuple(sorted(key for key in names if _KEY.fullmatch(key)))

    def __contains__(self, key: str) -> bool:
        return bool(_KEY.fullmatch(key)) and self._path(key).is_file()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.onnx"


@dataclass(frozen=True, slots=True)
class MeasuredNetwork:
    """A measurement of a network of no space; `value` is in `unit`, None where it failed."""

    network: str
    device: str
    metric: str
    value: float | None
    unit: str
    status: str
    weights: str
    key: str


def measured_networks(
    *, metric: str | None = None, device: str | None = None, store: MeasurementStore | None = None
) -> list[MeasuredNetwork]:
    """What the store holds of networks of no space, oldest first; None takes the user's store.

    Raises:
        DataError: the store is foreign or damaged.
    """
    table = (store or MeasurementStore()).to_table(space=SPACE, metric=metric, device=device)
    names = ("arch", "device", "metric", "value", "status", "environment")
    networks = []
    for row in table.select(names).to_pylist():
        facts = json.loads(row["environment"] or "{}")
        networks.append(
            MeasuredNetwork(
                network=facts.get("network", ""),
                device=row["device"],
                metric=row["metric"],
                value=row["value"],
                unit=METRICS[row["metric"]].unit,
                status=row["status"],
                weights=facts.get("weights", ""),
                key=row["arch"],
            )
        )
    return networks
