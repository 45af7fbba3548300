"""The Open Inference Protocol, version 2, over JSON.

A model `{space}.{metric}.{device}` takes one input: `architectures`, BYTES of shape (n,), each in its space's
notation or the JSON of it; or `codes`, INT8 of shape (n, k). It gives `value`, FP32 of shape (n,), and for a
coverage also `lower` and `upper`.
"""

from __future__ import annotations

from typing import Any

import pydantic_core
from starlette.requests import Request
from starlette.responses import Response

from archcast.core.arrays import ArchBatch
from archcast.core.errors import InputError, shorten
from archcast.core.version import VERSION
from archcast.serving.http import fields, schemas
from archcast.serving.http.admission import Admission, Admitted, AdmittedRequest, Handler
from archcast.serving.http.batcher import Answer
from archcast.serving.http.dataplane import DataPlane
from archcast.serving.http.errors import MalformedError
from archcast.serving.http.openapi import Operation
from archcast.serving.http.statuses import JSON_TYPE, readiness, respond
from archcast.serving.loaded import LoadedPredictor

_COVERAGE = 0.9
_MODEL, _VERSION = "/v2/models/{name}", "/v2/models/{name}/versions/{version}"
_OUTPUTS = ("value", "lower", "upper")


def infer_handler(plane: DataPlane) -> Handler:
    """What answers both addresses of inference."""

    async def infer(asked: AdmittedRequest) -> Response:
        known = ("id", "parameters", "inputs", "outputs")
        body = fields.read_object(asked.body, known)
        parameters = fields.only(body.get("parameters") or {}, ("coverage", "dataset"), "parameters")
        wanted, coverage = _wanted(body.get("outputs"), fields.number(parameters, "coverage"))
        names, dataset = asked.names, fields.text(parameters, "dataset")
        model = plane.catalogue.named(names["name"], dataset=dataset, version=names.get("version"))
        codes = await plane.parse(model.space, _batch(body.get("inputs"), model))
        answer = await plane.predict(model, codes, coverage=coverage, deadline=asked.deadline)
        record = _told(answer, wanted, fields.text(body, "id"))
        return Response(pydantic_core.to_json(record), media_type=JSON_TYPE)

    return infer


def v2_operations(plane: DataPlane, admission: Admission) -> list[Operation]:
    """The operations over a data plane, those that predict first."""
    handler, replies = infer_handler(plane), (schemas.INFERRED, schemas.INFER)
    predicting = [
        Operation("POST", f"{address}/infer", Admitted(admission, handler), summary, *replies)
        for address, summary in (
            (_MODEL, "Predict a batch with one model; the answer names the version that gave all of it."),
            (_VERSION, "Predict a batch with one version of a model."),
        )
    ]
    return [*predicting, *_metadata_operations(plane), *_health_operations(plane)]


def _metadata_operations(plane: DataPlane) -> list[Operation]:
    async def server(request: Request) -> Response:
        del request
        return respond({"name": "archcast", "version": VERSION, "extensions": []})

    async def model(request: Request) -> Response:
        return respond(_metadata(_asked_for(request, plane), plane))

    none = schemas.OBJECT_OR_NONE
    return [
        Operation("GET", "/v2", server, "Name and version of the service.", schemas.OBJECT),
        Operation("GET", _MODEL, model, "What a model takes and gives.", none, query=("dataset",)),
        Operation(
            "GET", _VERSION, model, "What a version of a model takes and gives.", none, query=("dataset",)
        ),
    ]


def _health_operations(plane: DataPlane) -> list[Operation]:
    async def live(request: Request) -> Response:
        del request
        return respond({"live": True})

    async def ready(request: Request) -> Response:
        del request
        return readiness(ready=bool(plane.catalogue) and not plane.stopping)

    async def model_ready(request: Request) -> Response:
        entry = _asked_for(request, plane).entry
        return respond({"name": entry.name, "version": entry.digest, "ready": True})

    none = schemas.OBJECT_OR_NONE
    return [
        Operation("GET", "/v2/health/live", live, "Whether the process answers.", schemas.OBJECT),
        Operation(
            "GET",
            "/v2/health/ready",
            ready,
            "Whether requests should be sent here: models are loaded and the service is not stopping.",
            schemas.READY,
        ),
        Operation("GET", f"{_MODEL}/ready", model_ready, "Whether a model is loaded.", none),
        Operation("GET", f"{_VERSION}/ready", model_ready, "Whether a version of a model is loaded.", none),
    ]


def _asked_for(request: Request, plane: DataPlane) -> LoadedPredictor:
    names = request.path_params
    dataset = request.query_params.get("dataset")
    return plane.catalogue.named(names["name"], dataset=dataset, version=names.get("version"))


def _metadata(model: LoadedPredictor, plane: DataPlane) -> dict[str, Any]:
    entry, columns = model.entry, list(model.space.columns)
    datasets = [key[3] for key in plane.catalogue.versions if key[:3] == entry.key[:3]]
    return {
        "name": entry.name,
        "versions": [m.entry.digest for m in plane.catalogue.versions[entry.key]],
        "platform": "archcast",
        "inputs": [
            {"name": "architectures", "datatype": "BYTES", "shape": [-1]},
            {
                "name": "codes",
                "datatype": "INT8",
                "shape": [-1, len(columns)],
                "parameters": {"columns": columns},
            },
        ],
        "outputs": [{"name": name, "datatype": "FP32", "shape": [-1]} for name in _OUTPUTS],
        "parameters": {
            "unit": entry.unit,
            "dataset": entry.dataset,
            "datasets": datasets,
            "predictor": entry.predictor,
            "label": entry.version,
        },
    }


def _wanted(outputs: Any, coverage: float | None) -> tuple[tuple[str, ...], float | None]:
    """Names of the outputs to give, and the coverage if intervals are among them."""
    if outputs is None:
        return (_OUTPUTS[:1] if coverage is None else _OUTPUTS), coverage
    names = []
    for output in fields.items(outputs, "outputs"):
        name = fields.text(fields.only(output, ("name", "parameters"), "an output"), "name")
        if name not in _OUTPUTS:
            raise MalformedError(
                f"name of an output must be one of {', '.join(_OUTPUTS)}; got {shorten(name)}"
            )
        names.append(name)
    if not names or len(set(names)) < len(names):
        raise MalformedError(f"outputs must name some of {', '.join(_OUTPUTS)}, each once; got {names[:10]}")
    asked = any(name != "value" for name in names)
    return tuple(names), (_COVERAGE if coverage is None else coverage) if asked else None


def _batch(found: Any, model: LoadedPredictor) -> ArchBatch:
    """The one input tensor as architectures or codes."""
    inputs = fields.items(found, "inputs")
    if len(inputs) != 1:
        raise MalformedError(f"inputs must hold one tensor, architectures or codes; got {len(inputs)}")
    tensor = fields.only(inputs[0], ("name", "shape", "datatype", "data", "parameters"), "the input")
    name, datatype = fields.text(tensor, "name"), fields.text(tensor, "datatype")
    if (name, datatype) not in (("architectures", "BYTES"), ("codes", "INT8")):
        raise MalformedError(
            f"the input must be architectures of datatype BYTES or codes of datatype INT8, "
            f"got {shorten(name)} of {shorten(datatype)}"
        )
    shape = fields.items(tensor.get("shape"), "shape")
    if name == "architectures":
        return _texts(fields.items(tensor.get("data"), "data"), shape)
    columns = len(model.space.columns)
    codes = fields.integers(tensor.get("data"), "data", columns)
    if shape != [len(codes), columns] or codes.shape[1] != columns:
        raise MalformedError(
            f"codes of {model.space.name} must have shape (n, {columns}) and as many integers, "
            f"got {shorten(shape)} and {codes.size} integers"
        )
    return codes


def _texts(data: list[Any], shape: list[Any]) -> list[Any]:
    if shape not in ([len(data)], [len(data), 1]) or not {int}.issuperset(map(type, shape)):
        raise MalformedError(
            f"shape must be ({len(data)},), as data has that many entries; got {shorten(shape)}"
        )
    if not {str}.issuperset(map(type, data)):
        item = next(i for i, entry in enumerate(data) if type(entry) is not str)
        raise InputError(
            f"data of type BYTES must be strings (an architecture or its JSON), got {shorten(data[item])}",
            item=item,
        )
    return data


def _told(answer: Answer, wanted: tuple[str, ...], identifier: str | None) -> dict[str, Any]:
    entry, n = answer.model.entry, len(answer.values)
    arrays = dict(zip(_OUTPUTS, (answer.values, *(answer.interval or ())), strict=False))
    record: dict[str, Any] = {
        "model_name": entry.name,
        "model_version": entry.digest,
        "parameters": {"unit": entry.unit, "dataset": entry.dataset},
        "outputs": [
            {"name": name, "datatype": "FP32", "shape": [n], "data": arrays[name].tolist()} for name in wanted
        ],
    }
    if identifier is not None:
        record["id"] = identifier
    return record
