"""Small networks, and a predictor of networks with made-up prices: so much a multiply-add and a byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archcast.core.arrays import Doubles, Floats
from archcast.core.network import Network, Node, Value
from archcast.featurize.encoders.kernel_table import FIELDS
from archcast.predictors import Card, save
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.networks.contract import NETWORK_PREDICTORS, NetworkPredictor
from archcast.predictors.networks.labels import NetworkLabels

DEVICES = ("pixel4-tflite2.10-1large", "pixel4-tflite2.10-4large-int8", "gpu9-torch2.4-b64-amp")
START_MS = 0.5


@dataclass(frozen=True, slots=True)
class TinyConfig:
    """Half-width of its intervals, as a share."""

    width: float = 0.2


class Tiny(NetworkPredictor):
    """Prices of a multiply-add, of a byte, and of a start, on each device."""

    family = "tiny"
    Config = TinyConfig
    prices_: Doubles

    def learn(self, labels: NetworkLabels, *, seed: int) -> None:
        """Least squares on each device."""
        del seed
        terms = self.terms(labels.networks)
        self.prices_ = np.linalg.lstsq(terms, labels.values, rcond=None)[0]

    def kernel_terms(self, network: Network) -> Doubles:
        """Multiply-adds and bytes of kernels in millions, and a row for the start."""
        fields = self.kernels(network).fields
        columns = {name: fields[:, i] for i, name in enumerate(FIELDS)}
        moved = columns["read"] + columns["written"] + columns["weights"]
        rows = np.stack([columns["macs"] / 1e6, moved / 1e6, np.zeros(len(fields))], axis=1)
        return np.concatenate([rows, [[0.0, 0.0, 1.0]]])

    def finish(self, terms: Doubles) -> Doubles:
        """Terms times prices."""
        made: Doubles = terms @ self.prices_
        return made

    def take_columns(self, whole: Tiny, columns: tuple[int, ...]) -> None:
        """The prices of some devices."""
        self.prices_ = whole.prices_[:, list(columns)]

    def learned_files(self) -> dict[str, bytes]:
        """The prices."""
        return {"prices.npz": pack({"prices": self.prices_})}

    def take_files(self, files: Mapping[str, bytes]) -> None:
        """The prices."""
        self.prices_ = unpack(files["prices.npz"], "prices.npz")["prices"]

    def interval(
        self, networks: Sequence[Network], coverage: float, *, predicted: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """A share of the prediction to both sides."""
        values = self.predict(networks) if predicted is None else predicted
        half = np.float32(self.config.width * coverage)
        return values * (1 - half), values * (1 + half)


NETWORK_PREDICTORS.register(Tiny.family, Tiny)


def plain_network(*widths: int, side: int = 16, batch: int = 1, last: str = "Relu") -> Network:
    """Convolutions of some widths, one a part, each followed by a ReLU; the last by another operator."""
    values = {"x": Value("x", (batch, 3, side, side))}
    nodes, name, channels = [], "x", 3
    for i, width in enumerate(widths):
        op = last if i == len(widths) - 1 else "Relu"
        values[f"w{i}"] = Value(f"w{i}", (width, channels, 3, 3), constant=True, learned=True)
        for made in (f"c{i}", f"y{i}"):
            values[made] = Value(made, (batch, width, side, side))
        nodes.append(Node("Conv", (name, f"w{i}"), (f"c{i}",), {"pads": (1, 1, 1, 1)}, f"stage{i}"))
        nodes.append(Node(op, (f"c{i}",), (f"y{i}",), {}, f"stage{i}"))
        name, channels = f"y{i}", width
    return Network(values, tuple(nodes), ("x",), (name,))


def tiny_labels(devices: tuple[str, ...] = DEVICES, metric: str = "latency") -> NetworkLabels:
    """Costs of a dozen plain networks, on every next device thrice as dear."""
    networks = tuple(plain_network(8 + 4 * i, 16 + 8 * (i % 5), side=8 + 4 * (i % 3)) for i in range(12))
    made = Tiny()
    made.devices_ = devices
    terms = made.terms(networks)
    prices = np.array([[2.0], [5.0], [START_MS]]) * 3.0 ** np.arange(len(devices))
    families = tuple(f"family{i % 3}" for i in range(12))
    return NetworkLabels(metric, devices, networks, terms @ prices, families, ("made up",), ("none",))


def tiny(devices: tuple[str, ...] = DEVICES, metric: str = "latency") -> Tiny:
    """The fitted predictor."""
    return Tiny().fit(tiny_labels(devices, metric))


def save_tiny(folder: Path, devices: tuple[str, ...] = DEVICES, metric: str = "latency") -> Tiny:
    """The fitted predictor, saved."""
    made = tiny(devices, metric)
    save(made, folder, card=Card(f"{metric} of networks (tiny)", ("made up",), ("none",), rows=12))
    return made
