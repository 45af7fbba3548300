"""The estimators by name, and the making of one for a target."""

from __future__ import annotations

from archcast.collect.estimate.cache import EstimateCache
from archcast.collect.estimate.layerwise import LayerwiseEstimator
from archcast.collect.estimate.roofline import RooflineEstimator
from archcast.collect.estimate.target import Target
from archcast.collect.estimate.vela import VelaEstimator
from archcast.collect.estimate.zigzag import ZigZagEstimator
from archcast.core.registry import Registry

AnyEstimator = LayerwiseEstimator | VelaEstimator

ESTIMATORS: Registry[type[ZigZagEstimator] | type[VelaEstimator] | type[RooflineEstimator]] = Registry(
    "estimator"
)
ESTIMATORS.register("zigzag", ZigZagEstimator)
ESTIMATORS.register("vela", VelaEstimator)
ESTIMATORS.register("roofline", RooflineEstimator)


def estimator_class(name: str) -> type[ZigZagEstimator] | type[VelaEstimator] | type[RooflineEstimator]:
    """Class of an estimator; raise UnknownNameError for an unknown name."""
    return ESTIMATORS[name]


def make_estimator(target: Target, *, use_cache: bool = True) -> AnyEstimator:
    """The estimator of a target; with `use_cache`, costs are kept under `ARCHCAST_HOME/estimates`."""
    made = estimator_class(target.estimator)(target)
    if use_cache and made.worth_keeping:
        made.cache = EstimateCache(target.name, made.version)
    return made
