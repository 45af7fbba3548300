"""Named measurements of quality, each beside the published figures it is compared with."""

from archcast.training.protocols.base import PROTOCOLS, Protocol, ProtocolResult
from archcast.training.protocols.help_plain import HELP_PLAIN

__all__ = ["HELP_PLAIN", "PROTOCOLS", "Protocol", "ProtocolResult"]
