"""Estimates of latency, energy and area on accelerators that nobody has at hand."""

from archcast.collect.estimate.base import Estimator, LayerCost, LayerEstimate, NetworkEstimate
from archcast.collect.estimate.catalog import ESTIMATORS, make_estimator
from archcast.collect.estimate.feature_estimator import write_target
from archcast.collect.estimate.feature_model import Accelerator, FeatureModel, FeatureModelConfig
from archcast.collect.estimate.networks import BatchEstimate, estimate_networks
from archcast.collect.estimate.rows import estimate_rows
from archcast.collect.estimate.target import Target
from archcast.collect.estimate.target_files import load_target, target_names

__all__ = [
    "ESTIMATORS",
    "Accelerator",
    "BatchEstimate",
    "Estimator",
    "FeatureModel",
    "FeatureModelConfig",
    "LayerCost",
    "LayerEstimate",
    "NetworkEstimate",
    "Target",
    "estimate_networks",
    "estimate_rows",
    "load_target",
    "make_estimator",
    "target_names",
    "write_target",
]
