"""What can be wrong with a request; what is told of each over HTTP stands in `statuses`."""

from __future__ import annotations

import math

from archcast.core.errors import ArchcastError, InputError


class MalformedError(InputError):
    """The body is not JSON, or a header or the body is not of the form that the route asks for."""


class TooManyError(InputError):
    """A request asks for more predictions than a request may."""


class TooLongError(InputError):
    """The body is longer than a body may be."""


class CompressedError(InputError):
    """The body is compressed."""


class MediaTypeError(InputError):
    """The body is of a type that the route does not take."""


class TooSlowError(ArchcastError):
    """Reading a network, or working out what it costs, takes longer than it may."""


class LostError(InputError):
    """The process that read a network ended over it."""


class WorkerError(ArchcastError):
    """No process that reads networks can be started."""


class NotSentError(ArchcastError):
    """The body did not arrive in time."""


class TokenError(ArchcastError):
    """The token of the service is not shown."""


class OverloadedError(ArchcastError):
    """More is asked than can be answered in time; try again later.

    Attributes:
        retry_after_s: when it is worth trying again.
    """

    def __init__(self, message: str, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)

    @property
    def whole_seconds(self) -> int:
        """The same, rounded up to at least 1, as `Retry-After` has it."""
        return max(1, math.ceil(self.retry_after_s))


class QueueFullError(OverloadedError):
    """The service holds as much as it may."""


class TooLateError(OverloadedError):
    """The answer would come after the deadline."""
