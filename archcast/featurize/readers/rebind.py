"""Shapes of a network worked out anew from those of its inputs."""

from __future__ import annotations

from collections.abc import Mapping

from archcast.core.network import Dim, Network
from archcast.featurize.onnx_model import model_of
from archcast.featurize.readers.onnx_graph import network_of
from archcast.featurize.readers.onnx_infer import infer


def rebind(
    network: Network, shapes: Mapping[str, tuple[Dim, ...]], counts: Mapping[str, int] | None = None
) -> Network:
    """The network with inputs of other shapes, and other numbers of what operators find.

    Raises:
        InputError: the shapes contradict an operator's rules; names the node.
    """
    model = model_of(network)
    for value in model.graph.input:
        dims = value.type.tensor_type.shape.dim
        for dim, d in zip(dims, shapes[value.name], strict=True):
            if isinstance(d, int):
                dim.dim_value = d
            else:
                dim.dim_param = d
    return network_of(infer(model, counts))
