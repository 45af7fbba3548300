"""What the OpenAPI document says of the page's routes."""

from __future__ import annotations

from typing import Any

from archcast.serving.http.schemas import PREDICT, PREDICTED, Responses, Schema

_ARCHITECTURE: Schema = {
    "description": "An architecture in its space's notation.",
    "anyOf": PREDICT["properties"]["architectures"]["items"]["anyOf"],
}
_SHARED: dict[str, Schema] = {
    "architecture": _ARCHITECTURE,
    **{name: PREDICT["properties"][name] for name in ("space", "dataset", "metric")},
}
_ONE: Schema = {"type": ["string", "null"], "description": "A device, as GET /devices lists it."}


def _asked(**more: Schema) -> Schema:
    cell = PREDICT["example"]["architectures"][0]
    return {
        "type": "object",
        "properties": _SHARED | more,
        "required": ["architecture"],
        "additionalProperties": False,
        "example": {"architecture": cell, "device": "raspi4"},
    }


ASKED: dict[str, Schema] = {
    "/overview": _asked(
        device={
            "description": "Devices; all of the space's own when left out.",
            "anyOf": PREDICT["properties"]["device"]["anyOf"],
        },
        coverage=PREDICT["properties"]["coverage"],
    ),
    "/breakdown": _asked(device=_ONE),
    "/front": _asked(device=_ONE),
}
"""Address -> schema of its body."""
_OBJECT: dict[str, Any] = {
    "description": "As said.",
    "content": {"application/json": {"schema": {"type": "object"}}},
}
TOLD: Responses = PREDICTED | {200: _OBJECT}
LIST: Responses = {
    200: {
        "description": "The spaces.",
        "content": {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}},
    },
    401: PREDICTED[401],
}
