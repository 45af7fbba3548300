"""A network as a torch module that can be trained."""

from __future__ import annotations

from archcast.collect.measure.plain_network import plain_network
from archcast.collect.measure.torch_network import TorchNetwork
from archcast.core.errors import InputError
from archcast.core.network import Network


def trainable(network: Network) -> TorchNetwork:
    """The network with torch's own initial weights.

    Shapes:
        input: float32 (n, channels, height, width) as the network's; output: (n, classes)

    Raises:
        InputError: it does not end in a linear layer, or has an operator that has no module.
    """
    last = network.nodes[-1].op if network.nodes else "nothing"
    if last != "Gemm":
        raise InputError(f"a network to train must end in a linear layer (Gemm), got {last}")
    try:
        return TorchNetwork(plain_network(network))
    except ValueError as error:
        raise InputError(f"the network cannot be trained here: {error}") from error
