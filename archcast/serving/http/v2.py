"""The Open Inference Protocol, version 2, over JSON.

A model `{space}.{metric}.{device}` takes one input: `architectures`, BYTES of shape (n,), each in its space's
notation or the JSON of it; or `codes`, INT8 of shape (n, k). It gives `value`, FP32 of shape (n,), and for a
coverage also `lower` and `upper`.
"""

from __future__ import annotations

from typing import Any

import pydantic_core
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from archcast.core.arrays import ArchBatch
from archcast.core.errors import InputError, shorten
from archcast.core.version import VERSION
from archcast.serving.http import fields, schemas
from archcast.serving.http.batcher import Answer
from archcast.serving.http.dataplane import DataPlane
from archcast.serving.http.models import Model
from archcast.serving.http.shortcut import Handler
from archcast.serving.http.statuses import JSON_TYPE, MalformedError, respond

_COVERAGE = 0.9
_OUTPUTS = ("value", "lower", "upper")


def infer_handler(plane: DataPlane) -> Handler:
    """What answers both addresses of inference."""

    async def infer(request: Request) -> Response:
        """Predict a batch with one model; the answer names the version that gave all of it."""
        known = ("id", "parameters", "inputs", "outputs")
        found = fields.read_object(request.scope["archcast.body"], known)
        parameters = fields.only(found.get("parameters") or {}, ("coverage", "dataset"), "parameters")
        wanted, coverage = _wanted(found.get("outputs"), fields.number(parameters, "coverage"))
        named = request.path_params  # declared in the document only: checking them costs more than routing
        model = plane.catalogue.named(
            named["name"], dataset=fields.text(parameters, "dataset"), version=named.get("version")
        )
        codes = await plane.parse(model.space, _batch(found.get("inputs"), model))
        deadline = request.scope["archcast.deadline"]
        answer = await plane.predict(model, codes, coverage=coverage, deadline=deadline)
        told = _told(answer, wanted, fields.text(found, "id"))
        return Response(pydantic_core.to_json(told), media_type=JSON_TYPE)

    return infer


def v2_routes(plane: DataPlane) -> APIRouter:
    """Routes over a data plane."""
    router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])

    infer = infer_handler(plane)
    for operation, path, names in (
        ("infer", "/models/{name}/infer", ("name",)),
        ("infer_version", "/models/{name}/versions/{version}/infer", ("name", "version")),
    ):
        extra = schemas.body(schemas.INFER) | schemas.path_parameters(*names)
        router.post(path, openapi_extra=extra, responses=schemas.INFERRED, operation_id=operation)(infer)
    _add_metadata(router, plane)
    _add_health(router, plane)
    return router


def _add_metadata(router: APIRouter, plane: DataPlane) -> None:
    @router.get("", responses=schemas.OBJECT)
    async def server() -> Response:
        """Name and version of the service."""
        return respond(200, {"name": "archcast", "version": VERSION, "extensions": []})

    @router.get("/models/{name}", responses=schemas.OBJECT_OR_NONE)
    async def model(name: str, dataset: str | None = None) -> Response:
        """What a model takes and gives."""
        found = plane.catalogue.named(name, dataset=dataset)
        return respond(200, _metadata(found, plane))

    @router.get("/models/{name}/versions/{version}", responses=schemas.OBJECT_OR_NONE)
    async def model_version(name: str, version: str, dataset: str | None = None) -> Response:
        """What a version of a model takes and gives."""
        found = plane.catalogue.named(name, dataset=dataset, version=version)
        return respond(200, _metadata(found, plane))


def _add_health(router: APIRouter, plane: DataPlane) -> None:
    @router.get("/health/live", responses=schemas.OBJECT)
    async def live() -> Response:
        """Whether the process answers."""
        return respond(200, {"live": True})

    @router.get("/health/ready", responses=schemas.READY)
    async def ready() -> Response:
        """Whether requests should be sent here: models are loaded and the service is not stopping."""
        state = bool(plane.catalogue) and not plane.stopping
        return respond(200 if state else 503, {"ready": state})

    @router.get("/models/{name}/ready", responses=schemas.OBJECT_OR_NONE)
    async def model_ready(name: str) -> Response:
        """Whether a model is loaded."""
        return respond(200, {"name": plane.catalogue.named(name).name, "ready": True})

    @router.get("/models/{name}/versions/{version}/ready", responses=schemas.OBJECT_OR_NONE)
    async def version_ready(name: str, version: str) -> Response:
        """Whether a version of a model is loaded."""
        found = plane.catalogue.named(name, version=version)
        return respond(200, {"name": found.name, "version": found.version, "ready": True})


def _metadata(model: Model, plane: DataPlane) -> dict[str, Any]:
    served, columns = model.handle.served, list(model.space.columns)
    datasets = [key[3] for key in plane.catalogue.versions if key[:3] == model.key[:3]]
    return {
        "name": model.name,
        "versions": [m.version for m in plane.catalogue.versions[model.key]],
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
            "unit": served.unit,
            "dataset": served.dataset,
            "datasets": datasets,
            "predictor": served.predictor,
            "label": served.version,
        },
    }


def _wanted(found: Any, coverage: float | None) -> tuple[tuple[str, ...], float | None]:
    """Names of the outputs to give, and the coverage if intervals are among them."""
    if found is None:
        return (_OUTPUTS[:1] if coverage is None else _OUTPUTS), coverage
    names = []
    for output in fields.items(found, "outputs"):
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


def _batch(found: Any, model: Model) -> ArchBatch:
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
    model, n = answer.model, len(answer.values)
    arrays = dict(zip(_OUTPUTS, (answer.values, *(answer.interval or ())), strict=False))
    told: dict[str, Any] = {
        "model_name": model.name,
        "model_version": model.version,
        "parameters": {"unit": model.handle.served.unit, "dataset": model.key[3]},
        "outputs": [
            {"name": name, "datatype": "FP32", "shape": [n], "data": arrays[name].tolist()} for name in wanted
        ],
    }
    if identifier is not None:
        told["id"] = identifier
    return told
