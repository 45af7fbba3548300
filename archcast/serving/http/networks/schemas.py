"""What the OpenAPI document says of `POST /predict`, with what it says of networks."""

from __future__ import annotations

from archcast.serving.http.networks.question import MOST_EXPLAINED
from archcast.serving.http.schemas import (
    COVERAGE,
    PLAIN_ANSWERS,
    REFUSALS,
    Responses,
    Schema,
    errors_of,
    json_of,
    object_of,
    text_of,
)
from archcast.serving.http.schemas import PREDICT as _PREDICT
from archcast.serving.remote_networks import EVERY

_STRING: Schema = {"type": "string"}
_STRINGS: Schema = {"type": "array", "items": _STRING}
_NUMBER: Schema = {"type": "number"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_PERHAPS: Schema = {"type": ["number", "null"]}
_DEVICES: Schema = {
    "description": f"As GET /devices lists it, several, or {EVERY} for all of networks.",
    "anyOf": [{"type": ["string", "null"]}, _STRINGS],
}
_WHOLE: Schema = {"type": ["integer", "null"]}
_QUESTION: dict[str, Schema] = {
    "device": _DEVICES,
    "hardware": text_of("Also all devices with this text in their name or maker's name."),
    "runtime": text_of("Only those of them with this runtime."),
    "precision": text_of("Only those of them of this number format, fp32 where a name says none."),
    "threads": _WHOLE | {"description": "Only those of them with so many threads or cores."},
    "device_batch": _WHOLE | {"description": "Only those of them that take so many items in one pass."},
    "metric": text_of("latency, energy, throughput or memory.", default="latency"),
    "coverage": COVERAGE,
    "explain": {
        "description": f"Also tell where the cost goes; at most {MOST_EXPLAINED} devices.",
        "type": ["boolean", "null"],
    },
}
_KEY: Schema = {"description": "Key of a network, as an answer gave it.", "type": "string"}
KNOWN: Schema = object_of({"network": _KEY, **_QUESTION}, ("network",))
PREDICT: Schema = {"anyOf": [_PREDICT, KNOWN], "example": _PREDICT["example"]}
FORM: Schema = object_of(
    {
        "file": {
            "type": "string",
            "format": "binary",
            "description": "ONNX; weights are not needed.",
        },
        **_QUESTION,
        "batch": {"type": "integer", "minimum": 1, "description": "Number for open first dimensions."},
        "input": _STRINGS | {"description": "Whole shapes of inputs, as name=1x3x224x224."},
        "bind": _STRINGS | {"description": "Numbers of open dimensions, as tokens=384."},
    },
    ("file",),
)

_ANSWER: Schema = object_of(
    {
        **dict.fromkeys(("device", "hardware", "runtime", "precision", "origin", "basis"), _STRING),
        **dict.fromkeys(("predictor", "unit", "derived_from", "label", "version", "note"), _STRING),
        **dict.fromkeys(("batch", "threads"), _WHOLE),
        **dict.fromkeys(("value", "lower", "upper"), _PERHAPS),
    },
    ("device", "unit", "version", "value", "note"),
)
_PART: Schema = object_of({"part": _STRING, "value": _NUMBER, "share": _NUMBER}, ("part", "value", "share"))
_KERNEL: Schema = object_of(
    {
        **dict.fromkeys(("kind", "operators", "part", "shape"), _STRING),
        **dict.fromkeys(("macs", "bytes", "value", "share", "dearness"), _NUMBER),
    },
    ("kind", "value", "share"),
)
_EXPLAINED: Schema = object_of(
    {
        **dict.fromkeys(("device", "unit"), _STRING),
        "value": _NUMBER,
        "parts": {"type": "array", "items": _PART},
        "kernels": {"type": "array", "items": _KERNEL},
    },
    ("device", "unit", "value", "parts", "kernels"),
)
_COUNTS: Schema = object_of(
    {"key": _STRING, **dict.fromkeys(("nodes", "params", "macs", "bytes"), _COUNT)}, ("key",), closed=False
)
ANSWER: Schema = object_of(
    {
        "network": _COUNTS,
        **dict.fromkeys(("metric", "unit"), _STRING),
        "coverage": _PERHAPS,
        "answers": {"type": "array", "items": _ANSWER},
        "explained": {"type": "array", "items": _EXPLAINED},
    },
    ("network", "metric", "unit", "answers"),
)
PREDICTED: Responses = {
    200: json_of(
        "Predictions; of architectures one answer a device for a list, of a network its counts beside them.",
        {"anyOf": [*PLAIN_ANSWERS, ANSWER]},
    ),
    **REFUSALS,
    **errors_of(
        _404="There is no such model, device, data set, version, or network of that key.",
        _415="The body is compressed, or a file without a form.",
        _422="An architecture, a file or a value is wrong; the sentence says which and where.",
        _504="The network was not read and answered for in time.",
    ),
}
