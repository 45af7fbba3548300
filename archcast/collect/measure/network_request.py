"""What is to be measured, for networks of any form: model files and modules.

Equal networks, by their content, are one architecture of the space `network`, whose text is their key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from archcast.collect.measure.devices import MeasuredDevice
from archcast.collect.measure.load_request import WEIGHTS_SEED, ort_request
from archcast.collect.measure.model_file import has_weights, own_bytes
from archcast.collect.measure.network_inputs import network_inputs
from archcast.collect.measure.request import Request, checked_metrics, sentinels_of
from archcast.collect.networks import SPACE, NetworkStore, as_stored
from archcast.core.errors import InputError
from archcast.core.network import Network
from archcast.featurize.onnx_model import to_onnx
from archcast.featurize.spaces import SPACES

MAX_BYTES = 2**30
"""Of the constants of a network: the runner takes a model as one line of text."""
SENTINEL_SPACE, SENTINEL_DATASET = "nasbench201", "cifar10"


@dataclass(frozen=True, slots=True)
class NetworkSource:
    """A network that is to be measured, and what it is called.

    Attributes:
        network: with numbers for all sides of its inputs.
        name: as people call it; not part of what the network is.
        path: the ONNX file it was read from, which is what is run where it has its weights; None runs a model
            with random weights.
    """

    network: Network
    name: str
    path: Path | None = None


def make_network_request(
    sources: Sequence[NetworkSource],
    *,
    device: MeasuredDevice,
    metrics: Sequence[str] = ("latency",),
    keep_in: NetworkStore | None = None,
) -> Request:
    """A request for networks of any form; equal ones are measured once, under the first one's name.

    Args:
        keep_in: keeps the networks' structures, so that the rows can be learned from; None keeps none.

    Raises:
        InputError: a network has open sides or is not of the device's batch, there is none, the device does
            not run ONNX models, or a metric is unknown; names the network.
        DataError: a structure cannot be written.
    """
    if device.runtime != "ort":
        raise InputError(
            f"networks are run under ONNX Runtime: device must be HOST-ort-..., got {device.name}"
        )
    if not sources:
        raise InputError("there must be at least one network to measure, got none")
    checked = checked_metrics(metrics)
    networks, about = {}, {}
    for source in sources:
        check_source(source, device)
        network = as_stored(source.network)
        if network.key in networks:
            continue
        if keep_in is not None:
            keep_in.add(network)
        own = source.path if source.path is not None and has_weights(source.path) else None
        networks[network.key] = partial(_load, source.network, own, device)
        about[network.key] = {
            "network": source.name.encode("utf-8", "replace").decode(),
            "weights": "random" if own is None else "of the file",
        }
    sentinels = sentinels_of(SPACES[SENTINEL_SPACE], SENTINEL_DATASET, device)
    return Request(SPACE, networks, sentinels, device, checked, "", about)


def check_source(source: NetworkSource, device: MeasuredDevice) -> None:
    """Raise InputError unless all sides are bound and what the device's name says of the batch is true."""
    network = source.network
    try:
        shapes = [network.values[name].dims for name in network.inputs]
    except InputError as error:
        raise InputError(f"{source.name}: {error}") from error
    if device.batch > 1 and not any(shape and shape[0] == device.batch for shape in shapes):
        raise InputError(
            f"{source.name}: {device.name} runs batches of {device.batch}, and no input has "
            f"{device.batch} as its first dimension"
        )


def _load(network: Network, path: Path | None, device: MeasuredDevice) -> dict[str, Any]:
    """The request `load` without its `name`.

    Raises:
        InputError: the network is too large, cannot be written or quantised, or has inputs of a type that
            cannot be drawn.
    """
    size = sum(value.bytes for value in network.values.values() if value.constant)
    if size > MAX_BYTES:
        raise InputError(f"constants of a network must take at most {MAX_BYTES} bytes, got {size}")
    inputs = network_inputs(network)
    model = to_onnx(network, seed=WEIGHTS_SEED) if path is None else own_bytes(path, network)
    how = {"runtime": device.runtime, "threads": device.threads, "batch": device.batch}
    has_integers = any("Quantize" in node.op or "QLinear" in node.op for node, _ in network.walk())
    to_quantise = device.precision == "int8" and not has_integers
    try:
        return how | ort_request(model, inputs, int8=to_quantise)
    except Exception as error:  # whatever the quantiser raises of a model that is not its own
        raise InputError(f"cannot be quantised: {type(error).__name__}: {error}") from error
