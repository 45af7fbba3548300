"""A cost as the sum over kernels of non-negative prices times work.

| symbol | meaning |
|---|---|
| n, m | networks, devices |
| d | columns of work, see `archcast.featurize.encoders.kernel_work` |
| W | (d, m) prices, see `archcast.predictors.networks.nonnegative` |

Devices of one program, one kind of work and one batch share their columns. The ridge is chosen for the
devices of a kind together, by leaving families of networks out. No start costs less than a kernel does in
the network whose kernels cost least, so that a network of few small kernels is not told to be free. What has
a price is the cost of a pass: of throughput, the milliseconds that a pass over the device's batch takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.device import DeviceName
from archcast.core.errors import ArtifactError
from archcast.core.network import Network
from archcast.featurize.encoders.kernel_work import WORK
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.folds import family_folds
from archcast.predictors.networks.kinds import Kind, enough_measured, kinds_of, pass_costs
from archcast.predictors.networks.labels import NetworkLabels
from archcast.predictors.networks.nonnegative import prices


@dataclass(frozen=True, slots=True)
class SumsConfig:
    """Settings.

    Attributes:
        ridges: strengths of which one is chosen for each kind of device.
        folds: folds of families by which it is chosen.
    """

    ridges: tuple[float, ...] = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28)
    folds: int = 5


def least_start(x: Doubles, costs: Doubles, kind: Kind) -> float:
    """The least mean cost of a kernel in the networks that were measured; 0 where none has kernels.

    Shapes:
        x: (n, d), work of networks; costs: (n,), NaN where not measured
    """
    kernels = x[:, [column.name for column in WORK[kind.work].columns].index("kernels")]
    known = np.isfinite(costs) & (kernels > 0)
    return float((costs[known] / kernels[known]).min()) if known.any() else 0.0


class Sums(NetworkPredictor):
    """Prices of work, one set a device."""

    family = "sums"
    Config = SumsConfig
    weights_: dict[int, Doubles]

    def learn(self, labels: NetworkLabels, *, seed: int) -> None:
        """Solve for the prices of each device at the ridge of its kind.

        Raises:
            InputError: a device has fewer than two measurements.
        """
        del seed
        self.weights_ = {}
        enough_measured(self.family, labels)
        costs = self.finish(labels.values)
        sets: dict[str, list[int]] = {}
        for column, device in enumerate(self.devices_):
            sets.setdefault(Kind.of(device).work + DeviceName.parse(device).precision, []).append(column)
        totals = {kind: kind.totals(labels.networks) for kind in kinds_of(self.devices_)}
        for columns in sets.values():
            ridge = self._ridge(columns, totals, costs, labels.families)
            for column in columns:
                x = totals[Kind.of(self.devices_[column])]
                self.weights_[column] = self._with_start(column, x, costs[:, column], ridge)

    def _with_start(self, column: int, x: Doubles, costs: Doubles, ridge: float) -> Doubles:
        """Prices of a device, (d,), whose start costs `least_start` at least."""
        solved: Doubles = self._solve(column, x, costs, (ridge,))[0]
        least = least_start(x, costs, Kind.of(self.devices_[column]))
        if not solved[-1] < least:
            return solved
        rest: Doubles = self._solve(column, x, np.maximum(costs - least, costs / 2), (ridge,))[0]
        rest[-1] += least
        return rest

    def alike(self) -> list[list[int]]:
        """Columns of each kind."""
        return list(kinds_of(self.devices_).values())

    def kernel_terms(self, network: Network) -> Doubles:
        """Costs of each kernel on each device; kernels of another kind of device stand in rows of their own.

        Shapes:
            output: (rows, m)
        """
        rows = []
        for kind, columns in kinds_of(self.devices_).items():
            work = kind.work_of(network)
            terms = np.zeros((len(work), len(self.devices_)))
            terms[:, columns] = work @ np.stack([self.weights_[c] for c in columns], axis=1)
            rows.append(terms)
        return np.concatenate(rows)

    def finish(self, terms: Doubles) -> Doubles:
        """Terms are costs; of throughput, the milliseconds of a pass, from which items a second follow.

        What it makes of values are terms again.
        """
        return pass_costs(terms, self.metric_, self.devices_)

    def take_columns(self, whole: Sums, columns: tuple[int, ...]) -> None:
        """The prices of some devices."""
        self.weights_ = {place: whole.weights_[c] for place, c in enumerate(columns)}

    def learned_files(self) -> dict[str, bytes]:
        """Prices of each device, by the names of their columns."""
        files: dict[str, bytes] = {}
        for key in sorted({kind.work for kind in kinds_of(self.devices_)}):
            columns = [
                c for kind, found in kinds_of(self.devices_).items() if kind.work == key for c in found
            ]
            arrays = {
                "names": np.array([column.name for column in WORK[key].columns]),
                "devices": np.array(sorted(columns)),
                "prices": np.stack([self.weights_[c] for c in sorted(columns)]),
            }
            files[f"prices_{key}.npz"] = pack(arrays)
        return files

    def take_files(self, files: Mapping[str, bytes]) -> None:
        """Take back prices.

        Raises:
            ArtifactError: they are of columns that this version does not have.
        """
        self.weights_ = {}
        for key in {kind.work for kind in kinds_of(self.devices_)}:
            arrays = unpack(files[f"prices_{key}.npz"], f"prices_{key}.npz")
            if list(arrays["names"]) != [column.name for column in WORK[key].columns]:
                raise ArtifactError(f"prices_{key}.npz must have this version's columns of work, {key}")
            self.weights_.update(zip(arrays["devices"].tolist(), arrays["prices"], strict=True))

    def _solve(self, column: int, x: Doubles, y: Doubles, ridges: tuple[float, ...]) -> Doubles:
        """Prices of a device from the networks that it has measured, (len(ridges), d)."""
        columns = WORK[Kind.of(self.devices_[column]).work].units
        known = np.isfinite(y)
        if known.sum() < 2:
            return np.full((len(ridges), x.shape[1]), np.nan)
        return prices(x[known], y[known], columns=columns, ridges=ridges)

    def _ridge(
        self, columns: Sequence[int], totals: Mapping[Kind, Doubles], costs: Doubles, families: Sequence[str]
    ) -> float:
        """The ridge of the least error in families left out, the median over devices of its mean."""
        ridges: tuple[float, ...] = self.config.ridges
        folds = family_folds(families, self.config.folds)
        if len(ridges) == 1 or folds.max() == 0:
            return ridges[len(ridges) // 2]
        errors = np.full((len(ridges), len(columns)), np.nan)
        for place, column in enumerate(columns):
            x, y = totals[Kind.of(self.devices_[column])], costs[:, column]
            predicted = np.full((len(ridges), len(y)), np.nan)
            for fold in range(folds.max() + 1):
                left = folds == fold
                predicted[:, left] = self._solve(column, x[~left], y[~left], ridges) @ x[left].T
            if np.isfinite(predicted * y).any():
                errors[:, place] = np.nanmean(np.abs(predicted / y - 1), axis=1)
        typical = np.nanmedian(errors, axis=1)
        return ridges[int(np.argmin(typical))]
