"""What the runner is told to load a network as a device runs it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from archcast.collect.measure.devices import MeasuredDevice
from archcast.collect.measure.network_inputs import network_inputs
from archcast.collect.measure.plain_network import plain_network
from archcast.collect.measure.quantize import to_int8
from archcast.core.network import Network
from archcast.featurize.onnx_model import to_onnx
from archcast.featurize.readers.rebind import rebind

WEIGHTS_SEED = 0


def load_request(network: Network, device: MeasuredDevice) -> dict[str, Any]:
    """The request `load` without its `name`; the same for the same network and device.

    Raises:
        InputError: the runtime cannot be given the network.
    """
    how = {"runtime": device.runtime, "threads": device.threads, "batch": device.batch}
    if device.runtime == "torch":
        plain = plain_network(network)
        return how | {"network": plain, "seed": WEIGHTS_SEED, "accelerator": device.accelerator}
    network = in_batches(network, device.batch)
    model = to_onnx(network, seed=WEIGHTS_SEED)
    return how | ort_request(model, network_inputs(network), int8=device.precision == "int8")


def in_batches(network: Network, batch: int) -> Network:
    """The network of one image for a batch of them."""
    if batch == 1:
        return network
    return rebind(network, {name: (batch, *network.values[name].dims[1:]) for name in network.inputs})


def ort_request(model: bytes, inputs: Sequence[dict[str, Any]], *, int8: bool) -> dict[str, Any]:
    """What a request to load an ONNX model holds besides how it is run.

    Args:
        inputs: as `draw_inputs` takes them.
        int8: whether the model is fp32 and to be quantised.
    """
    if int8:
        model = to_int8(model, inputs, seed=WEIGHTS_SEED)
    return {"model": base64.b64encode(model).decode(), "inputs": list(inputs)}
