"""A predictor of networks by prices under a roofline, one set a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.errors import ArtifactError
from archcast.core.network import Network
from archcast.featurize.encoders.kernel_records import CLASSES
from archcast.featurize.encoders.kernel_roofs import ON_BYTES, ON_MACS, Roofs, joined, kernel_roofs
from archcast.featurize.encoders.kernel_table import kernel_table
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.kinds import Kind, enough_measured, kinds_of, pass_costs
from archcast.predictors.networks.labels import NetworkLabels
from archcast.predictors.networks.roofline.learned import Taught, learn_prices
from archcast.predictors.networks.roofline.prices import Prices

_FILE = "roofline.npz"
_KEPT = "_roofs"
_NAMES = {"classes": CLASSES, "on_macs": tuple(ON_MACS), "on_bytes": tuple(ON_BYTES)}


@dataclass(frozen=True, slots=True)
class RooflineConfig:
    """Settings.

    Attributes:
        shrink: how strongly what a class or a property adds to a price is held back.
    """

    shrink: float = 2e-4


class Roofline(NetworkPredictor):
    """Prices of a device, see `archcast.predictors.networks.roofline.prices`."""

    family = "roofline"
    Config = RooflineConfig
    prices_: tuple[Prices, ...]

    def learn(self, labels: NetworkLabels, *, seed: int) -> None:
        """Fit the prices of each device.

        Raises:
            InputError: a device has fewer than two measurements.
        """
        del seed
        enough_measured(self.family, labels)
        costs = pass_costs(labels.values, self.metric_, self.devices_)
        prices: dict[int, Prices] = {}
        for kind, columns in kinds_of(self.devices_).items():
            taught = Taught.of([_kept(network, kind) for network in labels.networks])
            for column in columns:
                known = np.isfinite(costs[:, column])
                prices[column] = learn_prices(
                    taught.networks(known), costs[known, column], self.config.shrink
                )
        self.prices_ = tuple(prices[column] for column in range(len(self.devices_)))

    def alike(self) -> list[list[int]]:
        """Columns of each kind of device."""
        return list(kinds_of(self.devices_).values())

    def kernel_terms(self, network: Network) -> Doubles:
        """Costs of each kernel on each device; kernels of another kind of device stand in rows of their own.

        Shapes:
            output: (rows, m); the last row of each kind is the start
        """
        rows = []
        for kind, columns in kinds_of(self.devices_).items():
            roofs = _roofs(network, kind)
            terms = np.zeros((len(roofs.kinds) + 1, len(self.devices_)))
            for column in columns:
                terms[:-1, column] = self.prices_[column].costs(roofs).total
                terms[-1, column] = self.prices_[column].start
            rows.append(terms)
        return np.concatenate(rows)

    def terms(self, networks: Sequence[Network]) -> Doubles:
        """Terms of networks, kernels that are equal once."""
        out = np.zeros((len(networks), len(self.devices_)))
        for kind, columns in kinds_of(self.devices_).items():
            for row, network in enumerate(networks):
                roofs, times = joined(_roofs(network, kind))
                for column in columns:
                    prices = self.prices_[column]
                    out[row, column] = times @ prices.costs(roofs).total + prices.start
        return out

    def finish(self, terms: Doubles) -> Doubles:
        """Terms are costs of a pass, and values are made of them."""
        return pass_costs(terms, self.metric_, self.devices_)

    def take_columns(self, whole: Roofline, columns: tuple[int, ...]) -> None:
        """The prices of some devices."""
        self.prices_ = tuple(whole.prices_[column] for column in columns)

    def learned_files(self) -> dict[str, bytes]:
        """Prices of each device, with the names of what they are of."""
        flat = np.stack([prices.flat for prices in self.prices_]).astype(np.float32)
        names = {name: np.array(values) for name, values in _NAMES.items()}
        return {_FILE: pack(names | {"prices": flat})}

    def take_files(self, files: Mapping[str, bytes]) -> None:
        """Take back prices.

        Raises:
            ArtifactError: they are of classes or properties that this version does not have.
        """
        arrays = unpack(files[_FILE], _FILE)
        for name, values in _NAMES.items():
            if tuple(arrays[name]) != values:
                raise ArtifactError(f"{_FILE} must have this version's {name} of kernels")
        self.prices_ = tuple(Prices.of(row.astype(np.float64)) for row in arrays["prices"])


def _roofs(network: Network, kind: Kind) -> Roofs:
    return kernel_roofs(kernel_table(network, kind.program), batch=kind.batch)


def _kept(network: Network, kind: Kind) -> tuple[Roofs, Doubles]:
    """Kernels of a network that teaches, equal ones once, and how often it runs each; kept with it."""
    kept = network.__dict__.setdefault(_KEPT, {})
    key = (kind.program, kind.batch)
    if key not in kept:
        kept[key] = joined(_roofs(network, kind))
    learned: tuple[Roofs, Doubles] = kept[key]
    return learned
