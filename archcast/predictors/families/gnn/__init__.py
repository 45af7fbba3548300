"""Graph network: one model for all devices, trained with torch-geometric, run by ONNX Runtime."""

from archcast.predictors.families.gnn.predictor import GNN, GNNConfig

__all__ = ["GNN", "GNNConfig"]
