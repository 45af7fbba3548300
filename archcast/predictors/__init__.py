"""What is fitted: one file a family, and how it is saved."""

from archcast.predictors.adapt.config import AdaptConfig
from archcast.predictors.adapt.posterior import Adapted
from archcast.predictors.artifact.card import Card
from archcast.predictors.artifact.manifest import Manifest, load, load_any, read_manifest, save
from archcast.predictors.contract import PREDICTORS, Predictor
from archcast.predictors.families.additive import Additive, AdditiveConfig
from archcast.predictors.families.boosting import Boosting, BoostingConfig
from archcast.predictors.families.distilled import Distilled, DistilledConfig
from archcast.predictors.families.flops import FlopsBaseline, FlopsConfig
from archcast.predictors.families.gnn import GNN, GNNConfig
from archcast.predictors.families.gp import GP, GPConfig
from archcast.predictors.families.linear import BayesianLinear, LinearConfig
from archcast.predictors.families.lookup import LookupConfig, LookupTable
from archcast.predictors.families.mlp import MLP, MLPConfig
from archcast.predictors.families.nn_degree import NNDegree, NNDegreeConfig
from archcast.predictors.families.stack import Stack, StackConfig
from archcast.predictors.families.tabulated import Tabulated, TabulatedConfig
from archcast.predictors.intervals import Intervals

__all__ = [
    "GNN",
    "GP",
    "MLP",
    "PREDICTORS",
    "AdaptConfig",
    "Adapted",
    "Additive",
    "AdditiveConfig",
    "BayesianLinear",
    "Boosting",
    "BoostingConfig",
    "Card",
    "Distilled",
    "DistilledConfig",
    "FlopsBaseline",
    "FlopsConfig",
    "GNNConfig",
    "GPConfig",
    "Intervals",
    "LinearConfig",
    "LookupConfig",
    "LookupTable",
    "MLPConfig",
    "Manifest",
    "NNDegree",
    "NNDegreeConfig",
    "Predictor",
    "Stack",
    "StackConfig",
    "Tabulated",
    "TabulatedConfig",
    "load",
    "load_any",
    "read_manifest",
    "save",
]
