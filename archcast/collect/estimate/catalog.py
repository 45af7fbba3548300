"""The estimators by name, and the making of one for a target."""

from __future__ import annotations

from archcast.collect.estimate.base import Estimator
from archcast.collect.estimate.cache import EstimateCache
from archcast.collect.estimate.feature_estimator import FeatureModelEstimator
from archcast.collect.estimate.roofline import RooflineEstimator
from archcast.collect.estimate.target import Target
from archcast.collect.estimate.vela import VelaEstimator
from archcast.collect.estimate.zigzag import ZigZagEstimator
from archcast.core.registry import Registry

ESTIMATORS: Registry[type[Estimator]] = Registry("estimator", group="archcast.estimators")
ESTIMATORS.register("zigzag", ZigZagEstimator)
ESTIMATORS.register("vela", VelaEstimator)
ESTIMATORS.register("roofline", RooflineEstimator)
ESTIMATORS.register("feature_model", FeatureModelEstimator)


def make_estimator(target: Target, *, use_cache: bool = True) -> Estimator:
    """The estimator of a target; with `use_cache`, costs are kept under `ARCHCAST_HOME/estimates`."""
    estimator = ESTIMATORS[target.estimator](target)
    if use_cache and estimator.worth_keeping:
        estimator.cache = EstimateCache(target.name, estimator.version)
    return estimator
