"""What is sent to the service as JSON, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from archcast.core.errors import ArchcastError, InputError, ParseError, UnknownNameError, shorten


class ServiceError(ArchcastError, ConnectionError):
    """The service cannot be reached, or goes on being busy, or fails."""


def content_of(body: Mapping[str, Any]) -> bytes:
    """The body as JSON; raise InputError for what JSON cannot say."""

    def plain(value: Any) -> Any:
        if isinstance(value, np.integer | np.floating | np.bool_ | np.ndarray):
            return value.tolist()
        raise InputError(f"architectures must be strings, lists or dicts to be sent, got {shorten(value)}")

    try:
        return json.dumps(body, default=plain, allow_nan=False).encode()
    except (ValueError, RecursionError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"arch_batch cannot be sent as JSON: {error}") from None


def record_of(reply: Any) -> Any:
    """What an answer holds; raise ServiceError unless it is JSON."""
    try:
        return json.loads(reply.content)
    except ValueError:
        raise ServiceError(f"the service must answer in JSON, got {shorten(reply.content)}") from None


def seconds_to_wait(reply: Any) -> float:
    """What the answer asks for, 0 where it does not."""
    header = reply.headers.get("Retry-After", "")
    return float(header) if header.isdigit() and len(header) < 6 else 0.0


def error_of(reply: Any, start: int) -> ArchcastError:
    """The error that the service met, as the package itself would have raised it.

    Args:
        start: place in the whole batch of the first item that was sent.
    """
    try:
        body = json.loads(reply.content)
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    sentence = str(body.get("error") or f"status {reply.status_code}: {shorten(reply.content)}")
    if reply.status_code >= 500:
        return ServiceError(sentence)
    if body.get("type") == "UnknownNameError":
        kind, choices, beside = body.get("kind", "name"), body.get("choices", ()), body.get("beside", "")
        unknown = UnknownNameError(kind, body.get("name"), choices, beside=beside)
        unknown.args = (sentence,)
        return unknown
    item = body.get("item")
    if item is not None:
        sentence, item = sentence.removesuffix(f" (item {item})"), item + start
    if body.get("type") == "ParseError":
        return ParseError(sentence, item=item, position=body.get("position"))
    return InputError(sentence, item=item)
