"""What the OpenAPI document says of bodies and answers; the checks themselves are in `fields`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]
Responses = dict[int | str, dict[str, Any]]
_CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
_ANY_ARCH: Schema = {
    "description": "An architecture in its space's notation: a string, a list of integers or an object.",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "integer"}}, {"type": "object"}],
}
_NUMBERS: Schema = {"type": "array", "items": {"type": "number"}}
_CODES: Schema = {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}, "minItems": 1}
COVERAGE: Schema = {
    "description": "Share of measurements that the intervals are to hold; without it there are none.",
    "type": ["number", "null"],
    "minimum": 0.5,
    "maximum": 0.99,
}


def text_of(description: str, **more: Any) -> Schema:
    """Text, or none."""
    return {"type": ["string", "null"], "description": description} | more


def object_of(
    properties: Mapping[str, Schema], required: tuple[str, ...] = (), *, closed: bool = True
) -> Schema:
    """An object with those properties, and no others where it is closed."""
    schema: Schema = {"type": "object", "properties": dict(properties), "required": list(required)}
    return schema | ({"additionalProperties": False} if closed else {})


PREDICT: Schema = object_of(
    {
        "architectures": {"type": "array", "items": _ANY_ARCH, "minItems": 1},
        "codes": {"description": "In place of architectures: one row of codes each."} | _CODES,
        "device": {
            "description": "As GET /devices lists it, or a list of such names; for accuracy the data set.",
            "anyOf": [
                {"type": ["string", "null"]},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
            ],
        },
        "metric": text_of("latency, energy, accuracy, throughput or memory.", default="latency"),
        "space": text_of("Search space; inferred from the architectures when left out."),
        "dataset": text_of("Data set the networks are built for; default the space's first."),
        "version": text_of("A version that is still kept; default the one that is served."),
        "coverage": COVERAGE,
    }
) | {"example": {"device": "raspi4", "architectures": [_CELL]}}

_TENSOR: Schema = object_of(
    {
        "name": {"type": "string", "enum": ["architectures", "codes"]},
        "datatype": {"type": "string", "enum": ["BYTES", "INT8"]},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "data": {
            "type": "array",
            "items": {
                "anyOf": [
                    {"type": "string"},
                    {"type": "integer"},
                    {"type": "array", "items": {"type": "integer"}},
                ]
            },
        },
        "parameters": {"type": ["object", "null"]},
    },
    ("name", "datatype", "shape", "data"),
)
INFER: Schema = object_of(
    {
        "id": text_of("Comes back in the answer."),
        "inputs": {"type": "array", "items": _TENSOR, "minItems": 1, "maxItems": 1},
        "outputs": {
            "type": ["array", "null"],
            "items": object_of(
                {"name": {"enum": ["value", "lower", "upper"]}, "parameters": {"type": "object"}}, ("name",)
            ),
        },
        "parameters": {
            "anyOf": [
                object_of({"coverage": COVERAGE, "dataset": text_of("As in POST /predict.")}),
                {"type": "null"},
            ]
        },
    },
    ("inputs",),
) | {
    "example": {
        "inputs": [{"name": "architectures", "datatype": "BYTES", "shape": [1], "data": [_CELL]}],
        "parameters": {"coverage": 0.9},
    }
}

_ERROR: Schema = object_of(
    {
        "error": {"type": "string", "description": "One sentence that names what is wrong."},
        "item": {"type": "integer", "description": "Position of the architecture at fault."},
        "position": {"description": "Character or key of its first mistake."},
    },
    ("error",),
    closed=False,
)
_PLAIN_ANSWER = object_of(
    {
        **{name: {"type": "string"} for name in ("device", "space", "metric", "dataset", "unit", "version")},
        **dict.fromkeys(("values", "lower", "upper"), _NUMBERS),
    },
    ("device", "space", "metric", "dataset", "unit", "version", "values"),
)
_OUTPUT = object_of(
    {
        "name": {"type": "string"},
        "datatype": {"type": "string", "const": "FP32"},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "data": _NUMBERS,
    },
    ("name", "datatype", "shape", "data"),
)
_INFER_ANSWER = object_of(
    {
        "model_name": {"type": "string"},
        "model_version": {"type": "string"},
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "outputs": {"type": "array", "items": _OUTPUT},
    },
    ("model_name", "model_version", "outputs"),
)


def json_of(description: str, schema: Schema) -> dict[str, Any]:
    """An answer in JSON."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def errors_of(**told: str) -> Responses:
    """Errors by status, as `_404`."""
    answers: Responses = {int(status[1:]): json_of(sentence, _ERROR) for status, sentence in told.items()}
    return answers


_UNAUTHORISED: Responses = errors_of(_401="The token of the service is not shown.")
REFUSALS: Responses = _UNAUTHORISED | errors_of(
    _400="The body is not JSON or not of this form.",
    _404="There is no such model, device, data set or version; the sentence lists those there are.",
    _408="The body did not arrive in time.",
    _413="The body or the batch is too large.",
    _415="The body is compressed.",
    _422="An architecture or a value is wrong; the sentence says which and where.",
    _429="The service is busy; try again after Retry-After seconds.",
)
_SEVERAL = object_of({"answers": {"type": "array", "items": _PLAIN_ANSWER}}, ("answers",))
PLAIN_ANSWERS: tuple[Schema, ...] = (_PLAIN_ANSWER, _SEVERAL)
INFERRED: Responses = {200: json_of("Predictions.", _INFER_ANSWER), **REFUSALS}
OBJECT: Responses = {200: json_of("As said.", {"type": "object"}), **_UNAUTHORISED}
OBJECT_OR_NONE: Responses = {
    **OBJECT,
    **errors_of(_404="There is no such model or version."),
}
READY: Responses = {**OBJECT, 503: json_of("Not now.", {"type": "object"})}
DEVICES: Responses = {
    200: json_of("What can be predicted.", {"type": "array", "items": {"type": "object"}}),
    **_UNAUTHORISED,
    **errors_of(_404="There is no such metric.", _422="There is no such space."),
}
TEXT: Responses = {
    200: {"description": "Prometheus text.", "content": {"text/plain": {}}},
    **_UNAUTHORISED,
}
