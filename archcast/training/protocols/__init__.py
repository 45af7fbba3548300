"""Named measurements of quality, each beside the published figures it is compared with."""

from archcast.training.protocols import (
    accuracy,
    curves,
    help_few,
    help_plain,
    intervals,
    leave_one_out,
    nasflat,
)
from archcast.training.protocols.base import PROTOCOLS, Protocol, ProtocolResult

__all__ = [
    "PROTOCOLS",
    "Protocol",
    "ProtocolResult",
    "accuracy",
    "curves",
    "help_few",
    "help_plain",
    "intervals",
    "leave_one_out",
    "nasflat",
]
