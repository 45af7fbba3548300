"""The contract of a predictor of networks: a cost is made of sums over kernels.

| symbol | meaning |
|---|---|
| n | networks |
| m | devices the predictor was fitted to |
| q | terms, of which the terms of a network are the sums of those of its kernels |

As every term is a sum over kernels, the terms of a network are the sums of those of its parts. Tables of
parts, explanations by kernel and adapted predictors all stand on that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Self

import numpy as np

from archcast.core.arrays import Doubles, Floats
from archcast.core.device import DeviceName
from archcast.core.errors import InputError, NotFittedError
from archcast.core.network import Network
from archcast.core.registry import Registry
from archcast.featurize.encoders.kernel_table import KernelTable, kernel_table
from archcast.featurize.encoders.program import Program, program_of
from archcast.featurize.fusion.unquantized import unquantized
from archcast.featurize.networks import NETWORK
from archcast.featurize.operators import OPERATORS
from archcast.featurize.operators.meanings import is_known
from archcast.predictors.contract import config_of, with_tuples
from archcast.predictors.networks.intervals import FILE, NetworkIntervals, mix_of
from archcast.predictors.networks.labels import NetworkLabels
from archcast.predictors.networks.remembered import FILE as REMEMBERED
from archcast.predictors.networks.remembered import Remembered, work_by_class

UNLIKE = "unlike any network that it learned from"
LEAST_SHARE = 0.005
"""Share of a cost from which operators that nothing taught are told of."""


class NetworkPredictor(ABC):
    """A family of predictors of networks.

    Args:
        config: the family's frozen configuration; None means its defaults.

    Attributes:
        family: name in `NETWORK_PREDICTORS`.
        Config: the configuration's type.
        requires: packages beyond archcast's own that it needs.
        metric_, devices_: what it was fitted to.
        operators_: operators of the networks it learned from, sorted; empty where that is not known.
        errors_: how far off it was in families left out; None where that is not known.
        remembered_: what was measured of the networks that taught, where that is kept.
    """

    family: ClassVar[str]
    Config: ClassVar[type[Any]]
    requires: tuple[str, ...] = ()
    metric_: str
    devices_: tuple[str, ...]
    operators_: tuple[str, ...] = ()
    errors_: NetworkIntervals | None = None
    remembered_: Remembered | None = None

    def __init__(self, config: Any = None) -> None:
        self.config = config_of(type(self), config)

    # -- to be written by a family ------------------------------------------------------------------

    @abstractmethod
    def learn(self, labels: NetworkLabels, *, seed: int) -> None:
        """Learn from labels; `metric_` and `devices_` are set already."""

    @abstractmethod
    def kernel_terms(self, network: Network) -> Doubles:
        """Terms of each kernel of a network, all of them at least 0.

        Shapes:
            output: (kernels, q); a term of no kernel, such as a start, stands in a row of its own
        """

    @abstractmethod
    def finish(self, terms: Doubles) -> Doubles:
        """Values of every device from terms, in the metric's unit.

        Twice the terms are twice the value, and half of it where the value is a throughput.

        Shapes:
            terms: (n, q); output: (n, m)
        """

    @abstractmethod
    def take_columns(self, whole: Self, columns: tuple[int, ...]) -> None:
        """Take what was learned of some devices; `devices_` and the rest of the header are set already."""

    @abstractmethod
    def learned_files(self) -> dict[str, bytes]:
        """What was learned, as file name -> content, without pickle."""

    @abstractmethod
    def take_files(self, files: Mapping[str, bytes]) -> None:
        """Take back what `learned_files` gave; the header is set already."""

    # -- what users call ------------------------------------------------------------------------------

    def fit(self, labels: NetworkLabels, *, seed: int = 0) -> Self:
        """Learn from `labels`; returns self.

        Raises:
            InputError: fewer than two networks.
        """
        if len(labels) < 2:
            raise InputError(f"{self.family} must have at least 2 networks to learn from, got {len(labels)}")
        self.metric_, self.devices_ = labels.metric, labels.devices
        self.operators_ = operators_of(labels.networks)
        self.learn(labels, seed=seed)
        return self

    @property
    def terms_count(self) -> int:
        """q, the number of terms."""
        return len(self.devices_)

    def terms(self, networks: Sequence[Network]) -> Doubles:
        """Terms of networks.

        Shapes:
            output: (n, q)
        """
        return np.stack([self.kernel_terms(network).sum(axis=0) for network in networks])

    def predict(self, networks: Sequence[Network]) -> Floats:
        """Values of every device, in the metric's unit.

        Shapes:
            output: float32 (n, m)

        Raises:
            NotFittedError: before `fit`.
            InputError: a shape of a network is not known; names the node.
        """
        if not hasattr(self, "devices_"):
            raise NotFittedError(f"{self.family} must be fitted before it predicts")
        if not networks:
            return np.empty((0, len(self.devices_)), dtype=np.float32)
        return self.finish(self.terms(networks)).astype(np.float32)

    def shares(self, network: Network) -> Doubles:
        """What each row of `kernel_terms` adds to the values, in the metric's unit.

        Shapes:
            output: (kernels, m); columns sum to `predict`
        """
        by_kernel = self.kernel_terms(network)
        total = by_kernel.sum(axis=0, keepdims=True)
        step = 1e-4
        nearer = self.finish(total + step * by_kernel) - self.finish(total - step * by_kernel)
        whole = nearer.sum(axis=0)
        parts: Doubles = nearer / np.where(whole == 0.0, 1.0, whole) * self.finish(total)
        return parts

    def interval(
        self, networks: Sequence[Network], coverage: float, *, predicted: Floats | None = None
    ) -> tuple[Floats, Floats] | None:
        """Ends of a central interval of new measurements; None where nothing is known of errors.

        Shapes:
            output: float32 (n, m) each

        Raises:
            InputError: coverage outside 0.5 to 0.99, or too few families were left out.
        """
        if self.errors_ is None:
            return None
        values = self.predict(networks) if predicted is None else predicted
        unseen = self.unseen_shares(networks)
        below, above = self.errors_.reach(values, self.mixes(networks), coverage, unseen=unseen)
        return (values * np.exp(-below)).astype(np.float32), (values * np.exp(above)).astype(np.float32)

    def unseen_shares(self, networks: Sequence[Network]) -> Doubles:
        """Shares of the values that are of kernels with operators which nothing it learned from had.

        Shapes:
            output: (n, m)
        """
        out = np.zeros((len(networks), len(self.devices_)))
        for item, network in enumerate(networks):
            for columns in self.alike() if unseen(self, network) else ():
                out[item, list(columns)] = unseen_shares(self.select(tuple(columns)), network)
        return out

    @staticmethod
    def mixes(networks: Sequence[Network]) -> Doubles:
        """Of what work networks are made, see `archcast.predictors.networks.intervals`."""
        return np.stack([mix_of(kernel_table(network, Program())) for network in networks])

    def learn_errors(self, labels: NetworkLabels, predicted: Doubles) -> None:
        """Take how far off predictions are from those of networks whose family was left out.

        Shapes:
            predicted: (n, m), NaN where there are none
        """
        self.errors_ = NetworkIntervals.from_errors(
            labels.values, predicted, families=labels.families, mixes=self.mixes(labels.networks)
        )

    def remember(self, labels: NetworkLabels) -> None:
        """Keep what is left of the networks that taught, for devices that are learned from this one."""
        work = np.stack([work_by_class(network).sum(axis=0) for network in labels.networks])
        predicted = np.asarray(self.predict(labels.networks), dtype=np.float64)
        self.remembered_ = Remembered.of(labels, predicted, work)

    def remembered(self, work: Doubles) -> tuple[Doubles, Doubles]:
        """See `Remembered.at`; zeros where nothing is kept."""
        if self.remembered_ is None:
            return np.zeros((len(work), len(self.devices_))), np.zeros(len(work))
        return self.remembered_.at(work)

    def notes(self, networks: Sequence[Network]) -> list[str]:
        """What a user must know of each prediction; here operators that nothing it learned from had.

        A family that has more to say says it after these.
        """
        return [" / ".join(dict.fromkeys(filter(None, row))) for row in self.notes_by_device(networks)]

    def notes_by_device(self, networks: Sequence[Network]) -> list[list[str]]:
        """The same of each device: a text for each of n networks and m devices."""
        told = [[""] * len(self.devices_) for _ in networks]
        if not networks:
            return told
        far = np.zeros(len(networks), dtype=bool)
        if self.errors_ is not None:
            far = self.errors_.distance(self.mixes(networks)) > self.errors_.farthest
        for item, network in enumerate(networks):
            unlike = UNLIKE if far[item] else ""
            for columns in self.alike() if unseen(self, network) else [range(len(self.devices_))]:
                notes = unseen_operators(self.select(tuple(columns)), network)
                for column, note in zip(columns, notes, strict=True):
                    told[item][column] = "; ".join(filter(None, (note, unlike)))
        return told

    def alike(self) -> Sequence[Sequence[int]]:
        """Places of devices that see any network as the same rows of `kernel_terms`."""
        return [(column,) for column in range(len(self.devices_))]

    def kernels(self, network: Network) -> KernelTable:
        """The kernels that the first rows of `kernel_terms` are of; rows beyond them are of none."""
        return kernel_table(network, program_of(DeviceName.parse(self.devices_[0])))

    def select(self, columns: tuple[int, ...]) -> Self:
        """The predictor of some devices only."""
        selected = type(self)(self.config)
        selected.metric_, selected.operators_ = self.metric_, self.operators_
        selected.devices_ = tuple(self.devices_[c] for c in columns)
        selected.errors_ = None if self.errors_ is None else self.errors_.select(columns)
        selected.remembered_ = None if self.remembered_ is None else self.remembered_.select(columns)
        selected.take_columns(self, columns)
        return selected

    def to_files(self) -> dict[str, bytes]:
        """What was learned, errors with it, as file name -> content."""
        errors = {} if self.errors_ is None else {FILE: self.errors_.to_file()}
        return self.source_files() | errors

    def source_files(self) -> dict[str, bytes]:
        """What a device that is learned from this one needs of it."""
        kept = {} if self.remembered_ is None else {REMEMBERED: self.remembered_.to_file()}
        return self.learned_files() | kept

    def header(self) -> dict[str, Any]:
        """What an artifact keeps of the predictor beside its files; JSON types only."""
        if not hasattr(self, "devices_"):
            raise NotFittedError(f"{self.family} must be fitted before it is saved")
        return {
            "family": self.family,
            "config": asdict(self.config),
            "space": NETWORK,
            "metric": self.metric_,
            "dataset": "",
            "served": "direct",
            "targets": [[device, ""] for device in self.devices_],
            "operators": list(self.operators_),
        }


NETWORK_PREDICTORS: Registry[type[NetworkPredictor]] = Registry("predictor of networks")


def network_predictor(header: Mapping[str, Any], files: Mapping[str, bytes]) -> NetworkPredictor:
    """The predictor that `header` and `to_files` describe, of a family that `catalog` made known."""
    family = NETWORK_PREDICTORS[header["family"]]
    predictor = family(family.Config(**with_tuples(header["config"])))
    predictor.metric_ = header["metric"]
    predictor.devices_ = tuple(device for device, _ in header["targets"])
    predictor.operators_ = tuple(header["operators"])
    predictor.take_files(files)
    if FILE in files:
        predictor.errors_ = NetworkIntervals.from_file(files[FILE])
    if REMEMBERED in files:
        predictor.remembered_ = Remembered.from_file(files[REMEMBERED])
    return predictor


def operators_of(networks: Iterable[Network]) -> tuple[str, ...]:
    """Operators of networks and of their sub-graphs, sorted."""
    return tuple(sorted({node.op for network in networks for node, _ in network.walk()}))


def unseen(predictor: NetworkPredictor, network: Network) -> list[str]:
    """Operators of a network that a predictor has seen under no name; none where it does not know those."""
    known = predictor.operators_
    if not known:
        return []
    return [op for op in operators_of([unquantized(network).network]) if not is_known(op, known)]


def unseen_operators(predictor: NetworkPredictor, network: Network) -> list[str]:
    """Operators of a network that a predictor of devices which are alike has never seen, device by device.

    With them stands the share of the cost of the kernels which hold one of them; empty where there are none,
    and where that share is nothing and what they cost is understood.
    """
    new, m = unseen(predictor, network), len(predictor.devices_)
    of_new, held = _kernels_of(predictor, network, new)
    costly = ", ".join(op for op in new if op in held)
    if not costly:
        return [""] * m
    of_all = _share_of(predictor, network, of_new)
    least = LEAST_SHARE if all(op in OPERATORS for op in new) else 0.0
    texts = [f"{costly} in no network it learned from ({share:.0%} of the cost)" for share in of_all]
    return [text if share >= least else "" for text, share in zip(texts, of_all, strict=True)]


def unseen_shares(predictor: NetworkPredictor, network: Network) -> Doubles:
    """Share of the cost that is of kernels with operators that a predictor of devices which are alike has
    never seen, (m,)."""
    of_new, _ = _kernels_of(predictor, network, unseen(predictor, network))
    return _share_of(predictor, network, of_new) if of_new else np.zeros(len(predictor.devices_))


def _kernels_of(
    predictor: NetworkPredictor, network: Network, new: Sequence[str]
) -> tuple[list[int], set[str]]:
    """Kernels that hold one of some operators, and all operators in them."""
    if not new:
        return [], set()
    kernels = predictor.kernels(network)
    of_new = [i for i, inside in enumerate(kernels.operators) if not set(inside).isdisjoint(new)]
    return of_new, {op for i in of_new for op in kernels.operators[i]}


def _share_of(predictor: NetworkPredictor, network: Network, kernels: list[int]) -> Doubles:
    shares = predictor.shares(network)
    of_all: Doubles = shares[kernels].sum(axis=0) / shares.sum(axis=0)
    return of_all
