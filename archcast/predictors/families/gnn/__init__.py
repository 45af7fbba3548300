"""Graph network: one model for all devices, trained with torch-geometric, run by ONNX Runtime."""

from archcast.predictors.families.gnn.config import GNNConfig
from archcast.predictors.families.gnn.predictor import GNN

__all__ = ["GNN", "GNNConfig"]
