"""The feature model as an estimator: every node at the fitted prices of its volumes.

A target's file has what was fitted, as `write_target` writes it; of models with hardware the accelerator is
set: `my-chip.yaml:array=256,buffer_kib=64,clock_mhz=500`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from archcast.collect.estimate.base import Estimator, LayerCost, LayerEstimate, NetworkEstimate, add_costs
from archcast.collect.estimate.feature_model import VOLUMES, Accelerator, FeatureModel
from archcast.collect.estimate.target import Target
from archcast.core.errors import ArtifactError, InputError
from archcast.core.files import atomic_write
from archcast.core.network import Network, Value
from archcast.core.optional import require
from archcast.featurize.operators import FREE
from archcast.featurize.operators.counted import Counted, counted

MODEL = 1
"""Raised when the formula changes."""
_CHIP = ("array", "buffer_kib", "clock_mhz")


def write_target(
    path: Path, name: str, latency: FeatureModel, *, energy: FeatureModel | None = None, version: int = 1
) -> None:
    """Write a target's file with fitted models of one space or another, for `archcast estimate --target`.

    Raises:
        NotFittedError: a model is not fitted.
        InputError: one is of another metric.
    """
    yaml = require("yaml", extra="collect", purpose="writing a target file")
    fitted = {"latency": latency} | ({} if energy is None else {"energy": energy})
    for metric, model in fitted.items():
        if model.config.metric != metric:
            raise InputError(f"{metric} must be a feature model of it, got one of {model.config.metric}")
    target = {
        "name": name,
        "version": version,
        "estimator": "feature_model",
        "hardware": {metric: model.held() for metric, model in fitted.items()},
        "conventions": {},
    }
    with atomic_write(path) as partial:
        partial.write_text(yaml.safe_dump(target, sort_keys=False), encoding="utf-8")


class FeatureModelEstimator(Estimator):
    """Latency, and energy where it was fitted, from volumes; what passes between nodes is not fused."""

    settable: ClassVar = dict.fromkeys(_CHIP, float)
    hardware_keys: ClassVar = ("latency", "energy", *_CHIP)

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        fitted = _fitted(target)
        self._latency = fitted["latency"]
        self._energy = fitted.get("energy")

    @classmethod
    def gives(cls, target: Target) -> str:
        return "latency, energy" if "energy" in target.hardware else super().gives(target)

    @classmethod
    def check(cls, target: Target) -> None:
        if "latency" not in target.hardware:
            raise InputError(f"hardware of {target.name} must have the key latency: a fitted feature model")
        if target.watts is not None and "energy" in target.hardware:
            raise InputError(f"{target.name} must be given energy.watts or a fitted energy, not both")
        _fitted(target)

    @property
    def program(self) -> str:
        return f"archcast feature model {MODEL}"

    def estimate(self, network: Network) -> NetworkEstimate:
        """The sum over nodes and a constant; an operator that is not understood is told by its note."""
        layers, params = [], set[str]()
        for place, c, values in _placed(network):
            if c.work.kind not in FREE:
                cost = self._cost(_volumes(c, values, params), "" if c.understood else _strange(c))
                layers.append(LayerEstimate(place, c.node.op, c.node.part, cost))
        once = self._cost({"networks": 1.0}, "")
        total = add_costs([once, *(layer.cost for layer in layers)])
        return NetworkEstimate(self.target.label, total, tuple(layers))

    def _cost(self, volumes: Mapping[str, float], note: str) -> LayerCost:
        parts = {name: self._latency[name] * count for name, count in volumes.items()}
        latency = sum(parts.values())
        if self.target.watts is not None:
            energy = self.target.watts * latency
            return LayerCost(latency, energy, parts, {"power x latency": energy}, note)
        if self._energy is None:
            return LayerCost(latency, None, parts, note=note)
        spent = {name: self._energy[name] * count for name, count in volumes.items()}
        return LayerCost(latency, sum(spent.values()), parts, spent, note)


def _fitted(target: Target) -> dict[str, Mapping[str, float]]:
    """Prices of volumes by metric.

    Raises:
        InputError: what the target's file has is no feature model, or the accelerator is not told.
    """
    given = target.hardware
    fitted: dict[str, Mapping[str, float]] = {}
    chip = Accelerator(*(given[key] for key in _CHIP)) if all(key in given for key in _CHIP) else None
    for metric in ("latency", "energy"):
        if metric not in given:
            continue
        try:
            model = FeatureModel.of(given[metric], f"hardware.{metric} of {target.name}")
        except ArtifactError as error:
            raise InputError(str(error)) from error
        if model.config.metric != metric:
            raise InputError(f"hardware.{metric} of {target.name} is a model of {model.config.metric}")
        if model.config.hardware and chip is None:
            raise InputError(f"{target.name} must be given {', '.join(_CHIP)}, as it was fitted with them")
        fitted[metric] = model.prices(chip if model.config.hardware else None)
    return fitted


def _placed(network: Network) -> Iterator[tuple[int, Counted, Mapping[str, Value]]]:
    """Nodes with their work, the position of the network's node that each is in, and the values around."""
    places = {id(node): place for place, node in enumerate(network.nodes)}
    around: dict[int, Mapping[str, Value]] = {}
    _gather(network, {}, around)
    place = 0
    for c in counted(network):
        place = places.get(id(c.node), place)
        yield place, c, around[id(c.node)]


def _gather(network: Network, outer: Mapping[str, Value], found: dict[int, Mapping[str, Value]]) -> None:
    values = {**outer, **network.values} if outer else network.values
    for node in network.nodes:
        found[id(node)] = values
        for body in node.bodies:
            _gather(body, values, found)


def _volumes(c: Counted, values: Mapping[str, Value], params: set[str]) -> dict[str, float]:
    """A node's volumes but the first; a parameter that several nodes share is the first one's."""

    def elements(names: tuple[str, ...]) -> list[int]:
        return [values[n].elements for n in names if n and values[n].is_bound and not values[n].constant]

    new = [name for name in c.work.learned if name not in params]
    params.update(new)
    read = elements(c.node.inputs)
    taken = max(read, default=0) if c.work.kind == "multiply" else sum(read)
    weights = sum(values[name].elements for name in new)
    counts = (c.work.macs * c.times, sum(elements(c.node.outputs)) * c.times, weights, taken * c.times)
    return dict(zip(VOLUMES[1:], map(float, counts), strict=True))


def _strange(c: Counted) -> str:
    return f"{c.node.op} not understood: priced as the data it moves"
