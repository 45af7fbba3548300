"""What the runner is told to load a network as a device runs it."""

from __future__ import annotations

import base64
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
    shape = graph.layers[0].shape_out
    model = to_onnx(graph, batch=device.batch, seed=WEIGHTS_SEED)
    if device.precision == "int8":
        model = to_int8(model, shape, batch=device.batch, seed=WEIGHTS_SEED)
    return how | {"model": base64.b64encode(model).decode(), "shape": list(shape)}
