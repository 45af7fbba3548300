"""What the runner is told to load a network as a device runs it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from archcast.collect.measure.devices import MeasuredDevice
from archcast.collect.measure.export_onnx import plain_layers, to_onnx
from archcast.collect.measure.quantize import to_int8
from archcast.core.layers import LayerGraph

WEIGHTS_SEED = 0


def load_request(graph: LayerGraph, device: MeasuredDevice) -> dict[str, Any]:
    """The request `load` without its `name`; the same for the same graph and device.

    Raises:
        InputError: the graph has an operator that the runtime is not given here.
    """
    how = {"runtime": device.runtime, "threads": device.threads, "batch": device.batch}
    if device.runtime == "torch":
        layers = plain_layers(graph)
        return how | {"layers": layers, "seed": WEIGHTS_SEED, "accelerator": device.accelerator}
    shape = (device.batch, *graph.layers[0].shape_out)
    inputs = [{"name": "input", "shape": list(shape), "dtype": "float32", "kind": "normal"}]
    model = to_onnx(graph, batch=device.batch, seed=WEIGHTS_SEED)
    return how | ort_request(model, inputs, int8=device.precision == "int8")


def ort_request(model: bytes, inputs: Sequence[dict[str, Any]], *, int8: bool) -> dict[str, Any]:
    """What a request to load an ONNX model holds besides how it is run.

    Args:
        inputs: as `draw_inputs` takes them.
        int8: whether the model is fp32 and to be quantised.
    """
    if int8:
        model = to_int8(model, inputs, seed=WEIGHTS_SEED)
    return {"model": base64.b64encode(model).decode(), "inputs": list(inputs)}
