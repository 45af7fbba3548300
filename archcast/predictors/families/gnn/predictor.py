"""The graph-network family; needs torch to fit and only ONNX Runtime to predict."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import ClassVar

import numpy as np

from archcast.core.arrays import Codes, Doubles, Floats
from archcast.core.errors import ArtifactError, NotFittedError
from archcast.core.labels import Labels
from archcast.core.optional import require
from archcast.featurize.encoders.encoding import encode, encoding_names
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.contract import Predictor, register
from archcast.predictors.families.gnn.config import GNNConfig
from archcast.predictors.families.gnn.inputs import Inputs, Scaling
from archcast.predictors.onnx_model import OnnxModel

_CHUNK = 512
_SAMPLES = 16


@register
class GNN(Predictor):
    """Message passing over the architecture's DAG, one trunk for all targets; see `gnn.network`."""

    family = "gnn"
    requires = ("onnxruntime",)
    Config: ClassVar[type[GNNConfig]] = GNNConfig

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        _require_packages()
        from safetensors.torch import save

        from archcast.predictors.families.gnn.export import export
        from archcast.predictors.families.gnn.fit import train

        graphs = self.space_.dag(labels.codes, self.dataset_)
        self.node_scaling_ = Scaling.fit(graphs.node_features)
        self.graph_scaling_ = Scaling.fit(self._table(labels.codes))
        network = train(self.inputs(labels.codes), z, self.config, seed=seed)
        samples = self.inputs(self.space_.sample(_SAMPLES, seed=0))
        self.model_ = OnnxModel(export(network, samples))
        self.weights_ = save(network.state_dict())

    def _predict(self, codes: Codes) -> Doubles:
        return self._run(codes, 0).astype(np.float64)

    def embed(self, codes: Codes) -> Floats:
        """The trunk's embedding, which every target is read from.

        Shapes:
            codes: int8 (n, k); output: float32 (n, hidden)

        Raises:
            NotFittedError: before `fit`.
        """
        if not hasattr(self, "scale_"):
            raise NotFittedError(f"{self.family} must be fitted before it embeds")
        return self._run(self.space_.parse(np.asarray(codes)), 1)

    def inputs(self, codes: Codes) -> Inputs:
        """What the network reads of checked codes."""
        graphs = self.space_.dag(codes, self.dataset_)
        return Inputs.of(graphs, self._table(codes), self.node_scaling_, self.graph_scaling_)

    def _run(self, codes: Codes, output: int) -> Floats:
        parts = [codes[i : i + _CHUNK] for i in range(0, len(codes), _CHUNK)]
        if self.config.threads == 1 or len(parts) == 1:
            return np.concatenate([self._run_part(part, output) for part in parts])
        with ThreadPoolExecutor(self.config.threads) as pool:
            return np.concatenate(list(pool.map(self._run_part, parts, repeat(output))))

    def _run_part(self, codes: Codes, output: int) -> Floats:
        values: Floats = self.model_.run(self.inputs(codes).feed())[output]
        return values

    def _table(self, codes: Codes) -> Doubles:
        return encode(self.space_, codes, self.config.pieces, self.dataset_, features=self.features_)

    @property
    def reads(self) -> tuple[str, ...]:
        """The graph, and pieces of the encoding beside it."""
        return ("graph", *self.config.pieces)

    def to_files(self) -> dict[str, bytes]:
        """The model that predicts, the scaling of its inputs, and the weights to go on training from."""
        arrays = self.node_scaling_.arrays("node") | self.graph_scaling_.arrays("graph")
        return {
            "model.onnx": self.model_.content,
            "norm.npz": pack(arrays),
            "weights.safetensors": self.weights_,
        }

    def _from_files(self, files: Mapping[str, bytes]) -> None:
        for name in ("model.onnx", "norm.npz", "weights.safetensors"):
            if name not in files:
                raise ArtifactError(f"a saved gnn must hold {name}")
        arrays = unpack(files["norm.npz"], "norm.npz")
        columns = self.space_.dag(self.space_.sample(1, seed=0), self.dataset_).node_features.shape[1]
        self.node_scaling_ = Scaling.from_arrays(arrays, "node", columns=columns)
        wide = len(encoding_names(self.space_, self.config.pieces, features=self.features_))
        self.graph_scaling_ = Scaling.from_arrays(arrays, "graph", columns=wide)
        self.model_ = OnnxModel(files["model.onnx"])
        self.weights_ = files["weights.safetensors"]


def _require_packages() -> None:
    with warnings.catch_warnings():  # torch_geometric calls functions that torch has deprecated
        warnings.simplefilter("ignore")
        for package in ("torch", "torch_geometric.nn", "onnxscript", "safetensors.torch"):
            require(package, extra="train", purpose="fitting the predictor gnn")
