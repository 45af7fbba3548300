"""The graph-network family; needs torch to fit and only ONNX Runtime to predict."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Codes, Doubles, Floats
from archcast.core.errors import ArtifactError, InputError, NotFittedError
from archcast.core.labels import Labels
from archcast.core.optional import require
from archcast.featurize.encoders.encoding import encode, encoding_names
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.contract import Predictor, register
from archcast.predictors.families.gnn.inputs import Inputs, Scaling
from archcast.predictors.families.gnn.nodes import layout
from archcast.predictors.families.gnn.session import OnnxModel
from archcast.predictors.families.gnn.shared import SharedNetwork
from archcast.predictors.families.gnn.weights import Weights

_CHUNK = 512
_SAMPLES = 16
_TOLERANCE = 1e-4
_FEW = 16
"""Batches below this size share too little to pay for looking: they go to ONNX Runtime."""


@dataclass(frozen=True, slots=True)
class GNNConfig:
    """Settings of the graph network.

    Attributes:
        pieces: graph-level parts beside the graph, see `archcast.featurize.encoders.encoding`.
        hidden: width of node states and of the embedding; layers: rounds of message passing.
        rank: width of a device's embedding.
        epochs: passes over the data; more where they would be fewer than `min_steps` updates.
        learning_rate: highest of the one-cycle schedule.
        weight_decay: AdamW's, on matrices.
        dropout: share of the embedding dropped while training.
        huber: deviations beyond which an error counts linearly.
        threads: processor threads for fitting and predicting.
    """

    pieces: tuple[str, ...] = ("features",)
    hidden: int = 64
    layers: int = 3
    rank: int = 32
    epochs: int = 60
    min_steps: int = 600
    batch_size: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 1.0
    dropout: float = 0.1
    huber: float = 0.2
    threads: int = 2

    def __post_init__(self) -> None:
        for name in ("hidden", "rank", "epochs", "min_steps", "batch_size", "threads"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(f"{name} must be a whole number of at least 1, got {value!r}")
        if isinstance(self.layers, bool) or not isinstance(self.layers, int) or self.layers < 0:
            raise InputError(f"layers must be a whole number of at least 0, got {self.layers!r}")
        for name in ("learning_rate", "huber"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be above 0, got {getattr(self, name)!r}")
        if not self.weight_decay >= 0:
            raise InputError(f"weight_decay must be at least 0, got {self.weight_decay!r}")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout must be at least 0 and below 1, got {self.dropout!r}")


@register
class GNN(Predictor):
    """Message passing over the architecture's DAG, one trunk for all targets; see `gnn.network`."""

    family = "gnn"
    Config: ClassVar[type[GNNConfig]] = GNNConfig
    _shared: SharedNetwork | None
    mean_nodes_: float | None

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        _require_packages()
        from safetensors.torch import save

        from archcast.predictors.families.gnn.export import export
        from archcast.predictors.families.gnn.fit import train

        graphs = self.space_.dag(labels.codes, self.dataset_)
        self.node_scaling_ = Scaling.fit(graphs.node_features)
        self.graph_scaling_ = Scaling.fit(self._table(labels.codes))
        network = train(self.inputs(labels.codes), z, self.config, seed=seed)
        sample = self.space_.sample(_SAMPLES, seed=0)
        self.model_ = OnnxModel(export(network, self.inputs(sample)))
        self.weights_ = save(network.state_dict())
        self.mean_nodes_ = network.nodes
        self._shared = None
        self._check_shared(sample)

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
        shared = None if len(codes) < _FEW else self._sharing()
        if shared is None:
            return self.model_.run(self.inputs(codes).feed())[output]
        return shared.run(codes, self.graph_scaling_.apply(self._table(codes)))[output]

    def _sharing(self) -> SharedNetwork | None:
        """The network by shared states, made at first use; None where the space's graphs have no layout.

        Two threads may both make it, which does no harm.
        """
        if self._shared is None and self.mean_nodes_ is not None:
            found = layout(self.space_, self.dataset_)
            if found is not None:
                self._shared = SharedNetwork(
                    Weights.of(self.weights_),
                    nodes=self.mean_nodes_,
                    layout=found,
                    features=self.node_scaling_.apply(found.features),
                )
        return self._shared

    def _check_shared(self, codes: Codes) -> None:
        """Raise ArtifactError unless the network by shared states answers as the exported one does."""
        shared = self._sharing()
        if shared is not None:
            inputs = self.inputs(codes)
            pairs = zip(shared.run(codes, inputs.graph_features), self.model_.run(inputs.feed()), strict=True)
            if not all(np.allclose(ours, theirs, rtol=_TOLERANCE, atol=_TOLERANCE) for ours, theirs in pairs):
                raise ArtifactError("states shared between nodes must not change the graph network's answers")

    def __getstate__(self) -> dict[str, Any]:
        """Without what is made at first use."""
        return self.__dict__ | {"_shared": None}

    def _table(self, codes: Codes) -> Doubles:
        return encode(self.space_, codes, self.config.pieces, self.dataset_)

    def to_files(self) -> dict[str, bytes]:
        """The model that predicts, the scaling of its inputs, and the weights to go on training from."""
        arrays = self.node_scaling_.arrays("node") | self.graph_scaling_.arrays("graph")
        if self.mean_nodes_ is not None:
            arrays["mean_nodes"] = np.array(self.mean_nodes_)
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
        wide = len(encoding_names(self.space_, self.config.pieces))
        self.graph_scaling_ = Scaling.from_arrays(arrays, "graph", columns=wide)
        self.model_ = OnnxModel(files["model.onnx"])
        self.weights_ = files["weights.safetensors"]
        self.mean_nodes_ = _mean_nodes(arrays)
        self._shared = None


def _mean_nodes(arrays: Mapping[str, NDArray[Any]]) -> float | None:
    """What sums over nodes are divided by; None in predictors that earlier versions saved."""
    known = arrays.get("mean_nodes")
    if known is None:
        return None
    if known.shape != () or not known > 0:
        raise ArtifactError(f"mean_nodes of norm.npz must be one number above 0, got {known!r}")
    return float(known)


def _require_packages() -> None:
    with warnings.catch_warnings():  # torch_geometric calls functions that torch has deprecated
        warnings.simplefilter("ignore")
        for package in ("torch", "torch_geometric.nn", "onnxscript", "safetensors.torch"):
            require(package, extra="train", purpose="fitting the predictor gnn")
