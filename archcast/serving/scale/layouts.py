"""Exported ONNX models in the folders that model servers load.

| layout | what is written |
|---|---|
| `triton` | a model repository: `NAME/config.pbtxt` and `NAME/1/model.onnx` |
| `kserve` | the same repository below `models/`, and `inferenceservice.yaml`, which points KServe at it |

Both get archcast's manifest (what the codes mean, unit, card, agreement) beside the model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archcast.core.errors import InputError, UnknownNameError, shorten
from archcast.predictors.artifact.manifest import MANIFEST, write_folder
from archcast.predictors.export import check_place

LAYOUTS = ("plain", "triton", "kserve")
MAX_BATCH = 65_536
MODELS = "models"
STORAGE = "pvc://archcast-models"
"""Where KServe's file says that the models are, unless told otherwise: a volume claim of that name."""
_TYPES = {"int8": "TYPE_INT8", "float32": "TYPE_FP32"}
_QUEUE_DELAY_US = 500


@dataclass(frozen=True, slots=True)
class Layout:
    """How an exported model is laid out.

    Attributes:
        kind: `triton` or `kserve`.
        name: of the model on the server: `{space}.{metric}.{device}`.
        storage: address below which KServe finds what this folder holds.
    """

    kind: str
    name: str
    storage: str = STORAGE

    def __post_init__(self) -> None:
        if self.kind not in LAYOUTS[1:]:
            raise UnknownNameError("layout", self.kind, LAYOUTS)
        if not re.fullmatch(r"[a-z][a-z0-9+.-]*://\S+", self.storage):
            raise InputError(f"storage must be an address such as {STORAGE}, got {shorten(self.storage)}")

    def files(self, model: bytes, manifest_json: bytes, manifest: Mapping[str, Any]) -> dict[str, bytes]:
        """Contents of the folder by their paths in it."""
        config = triton_config(self.name, manifest)
        repository = {
            f"{self.name}/config.pbtxt": config.encode(),
            f"{self.name}/1/model.onnx": model,
            f"{self.name}/{MANIFEST}": manifest_json,
        }
        if self.kind == "triton":
            return repository
        placed = {f"{MODELS}/{path}": content for path, content in repository.items()}
        return placed | {"inferenceservice.yaml": inference_service(self.name, self.storage).encode()}


def lay_out(folder: Path, exported: Path, layout: Layout) -> Path:
    """Write a folder from one of `archcast export --form onnx`, replacing what is there at once.

    Raises:
        InputError: the export cannot be read, or the folder holds something else.
    """
    check_place(folder)
    try:
        model = (exported / "model.onnx").read_bytes()
        manifest_json = (exported / MANIFEST).read_bytes()
        manifest = json.loads(manifest_json)
    except (OSError, ValueError) as error:
        raise InputError(f"export {str(exported)!r} cannot be read: {error}") from error
    contents = layout.files(model, manifest_json, manifest)
    write_folder(folder, contents | {MANIFEST: manifest_json})
    return folder


def triton_config(name: str, manifest: Mapping[str, Any]) -> str:
    """Triton's `config.pbtxt`: batches of codes of any length up to 65,536, joined by the server.

    The fields are those of Triton's `model_config.proto`, message ModelConfig.
    """

    def tensor(one: Mapping[str, Any]) -> str:
        dims = ", ".join(str(size) for size in one["shape"][1:])
        return f'{{ name: "{one["name"]}" data_type: {_TYPES[one["type"]]} dims: [ {dims} ] }}'

    return f"""name: "{name}"
backend: "onnxruntime"
max_batch_size: {MAX_BATCH}
input [ {tensor(manifest["input"])} ]
output [ {tensor(manifest["output"])} ]
dynamic_batching {{ max_queue_delay_microseconds: {_QUEUE_DELAY_US} }}
instance_group [ {{ kind: KIND_CPU count: 1 }} ]
parameters {{ key: "unit" value {{ string_value: "{manifest["unit"]}" }} }}
parameters {{ key: "sha256" value {{ string_value: "{manifest["sha256"]}" }} }}
"""


def inference_service(name: str, storage: str) -> str:
    """KServe's InferenceService (serving.kserve.io/v1beta1): the Triton runtime over the repository."""
    return f"""apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: {_kubernetes_name(name)}
spec:
  predictor:
    minReplicas: 1
    model:
      modelFormat:
        name: triton
      protocolVersion: v2
      storageUri: {storage.rstrip("/")}/{MODELS}
      resources:
        requests: {{cpu: "1", memory: 1Gi}}
        limits: {{cpu: "1", memory: 1Gi}}
"""


def _kubernetes_name(name: str) -> str:
    """A name as Kubernetes asks of a service: 63 of a-z, 0-9 and -, a letter first."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower())
    return f"archcast-{plain}"[:63].strip("-")
