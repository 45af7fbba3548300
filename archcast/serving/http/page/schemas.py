"""What the OpenAPI document says of the page's routes."""

from __future__ import annotations

from archcast.serving.http.schemas import (
    OBJECT,
    PREDICT,
    REFUSALS,
    Responses,
    Schema,
    json_of,
    object_of,
    text_of,
)

_ASKED = PREDICT["properties"]
_SHARED: dict[str, Schema] = {
    "architecture": _ASKED["architectures"]["items"],
    **{name: _ASKED[name] for name in ("space", "dataset", "metric")},
}
_EXAMPLE: Schema = {"architecture": PREDICT["example"]["architectures"][0], "device": "raspi4"}


def _asked(**more: Schema) -> Schema:
    return object_of(_SHARED | more, ("architecture",)) | {"example": _EXAMPLE}


_ONE = _asked(device=text_of("A device, as GET /devices lists it."))
_DEVICES: Schema = _ASKED["device"] | {"description": "Devices; all of the space's own when left out."}
ASKED: dict[str, Schema] = {
    "/overview": _asked(device=_DEVICES, coverage=_ASKED["coverage"]),
    "/measured": _asked(device=_ASKED["device"]),
    "/breakdown": _ONE,
    "/front": _ONE,
}
"""Address -> schema of its body."""
TOLD: Responses = OBJECT | REFUSALS
LIST: Responses = OBJECT | {200: json_of("The spaces.", {"type": "array", "items": {"type": "object"}})}
