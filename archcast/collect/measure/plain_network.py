"""A network as the runner takes it: dicts and lists of JSON's types."""

from __future__ import annotations

from typing import Any

from archcast.core.network import Network


def plain_network(network: Network) -> dict[str, Any]:
    """A network's nodes, constants, inputs and outputs.

    Raises:
        InputError: a dimension is not bound; names the value.
    """
    return {
        "nodes": [
            {
                "op": node.op,
                "inputs": list(node.inputs),
                "outputs": list(node.outputs),
                "attributes": dict(node.attributes),
            }
            for node in network.nodes
        ],
        "constants": {
            name: {"shape": list(value.dims), "data": None if value.data is None else list(value.data)}
            for name, value in network.values.items()
            if value.constant
        },
        "shapes": {name: list(value.dims) for name, value in network.values.items() if not value.constant},
        "inputs": list(network.inputs),
        "outputs": list(network.outputs),
    }
