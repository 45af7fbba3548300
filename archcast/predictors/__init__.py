"""What is fitted: one file a family, and how it is saved."""

from archcast.predictors.adapted import Adapted, AdaptedConfig
from archcast.predictors.additive import Additive, AdditiveConfig
from archcast.predictors.artifact import Manifest, load, read_manifest, save
from archcast.predictors.base import PREDICTORS, Predictor
from archcast.predictors.boosting import Boosting, BoostingConfig
from archcast.predictors.card import Card
from archcast.predictors.flops import FlopsBaseline, FlopsConfig
from archcast.predictors.gnn import GNN, GNNConfig
from archcast.predictors.gp import GP, GPConfig
from archcast.predictors.intervals import Intervals
from archcast.predictors.linear import BayesianLinear, LinearConfig
from archcast.predictors.lookup import LookupConfig, LookupTable
from archcast.predictors.mlp import MLP, MLPConfig
from archcast.predictors.nn_degree import NNDegree, NNDegreeConfig
from archcast.predictors.stack import Stack, StackConfig
from archcast.predictors.tabulated import Tabulated, TabulatedConfig

__all__ = [
    "GNN",
    "GP",
    "MLP",
    "PREDICTORS",
    "Adapted",
    "AdaptedConfig",
    "Additive",
    "AdditiveConfig",
    "BayesianLinear",
    "Boosting",
    "BoostingConfig",
    "Card",
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
    "read_manifest",
    "save",
]
