"""Named measurements of quality, each a file of data beside the published figures it is compared with."""

from archcast.training.protocols.files import load_protocol, protocol_names
from archcast.training.protocols.result import ProtocolResult
from archcast.training.protocols.run import run_protocol

__all__ = ["ProtocolResult", "load_protocol", "protocol_names", "run_protocol"]
