"""A network as bytes that are kept and sent: an ONNX model with every shape and no weights, compressed."""

from __future__ import annotations

import zlib

from archcast.core.network import Network

_LEVEL = 3


def to_document(network: Network) -> bytes:
    """A network, read from a file and stored as `archcast.collect.networks.as_stored` does, as bytes."""
    from archcast.featurize.onnx_model import model_of

    content: bytes = model_of(network, shapes=True).SerializeToString()
    return zlib.compress(content, _LEVEL)


def network_of_document(document: bytes) -> Network:
    """The network that `to_document` was given."""
    import onnx

    from archcast.featurize.readers.onnx_graph import network_of

    return network_of(onnx.ModelProto.FromString(zlib.decompress(document)))
