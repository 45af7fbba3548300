"""The routes for people: `POST /predict` and `GET /devices`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

import pydantic_core
from starlette.requests import Request
from starlette.responses import Response

from archcast.core.errors import shorten
from archcast.core.metric import METRICS
from archcast.core.pairs import whole_number
from archcast.featurize.spaces.catalog import resolve_space, space_named
from archcast.serving.filters import Wanted
from archcast.serving.http import fields, schemas
from archcast.serving.http.admission import Admission, Admitted, AdmittedRequest, Handler
from archcast.serving.http.batcher import Answer
from archcast.serving.http.dataplane import DataPlane
from archcast.serving.http.errors import MalformedError
from archcast.serving.http.networks import schemas as network_schemas
from archcast.serving.http.networks.desk import NETWORK
from archcast.serving.http.networks.form import takes_file
from archcast.serving.http.openapi import Operation
from archcast.serving.http.statuses import JSON_TYPE
from archcast.serving.loaded import LoadedPredictor

_PARTS = ("hardware", "runtime", "precision", "batch", "threads")
_FILTERS = ("space", "metric", *_PARTS)
_KEYS = ("architectures", "codes", "space", "device", "metric", "dataset", "coverage", "version")


def predict_handler(plane: DataPlane) -> Handler:
    """What answers `POST /predict`."""

    async def predict(asked: AdmittedRequest) -> Response:
        body = fields.read_object(asked.body)
        if NETWORK in body:
            return await plane.networks.answer_known(body, asked)
        fields.only(body, _KEYS, "the body")
        devices, batch = _devices(body.get("device")), _batch(body)
        plane.check_size(batch, outputs=len(devices))
        space = resolve_space(fields.text(body, "space"), batch)
        metric, dataset = fields.text(body, "metric", "latency") or "", fields.text(body, "dataset")
        version, coverage = fields.text(body, "version"), fields.number(body, "coverage")
        codes = await plane.parse(space, batch, outputs=len(devices))
        find = partial(plane.catalogue.find, space.name, metric, dataset=dataset, version=version)
        models = [find(device) for device in devices]
        ask = partial(plane.predict, coverage=coverage, deadline=asked.deadline)
        records = [_told(answer) for answer in await asyncio.gather(*(ask(model, codes) for model in models))]
        one = not isinstance(body.get("device"), list)
        return Response(
            pydantic_core.to_json(records[0] if one else {"answers": records}), media_type=JSON_TYPE
        )

    return predict


def plain_operations(plane: DataPlane, admission: Admission) -> list[Operation]:
    """The operations over a data plane."""

    async def devices(request: Request) -> Response:
        space, metric = (request.query_params.get(name) for name in _FILTERS[:2])
        if space is not None:
            space_named(space)
        if metric is not None:
            METRICS[metric]
        wanted = _wanted(request.query_params)
        chosen = [
            record(model)
            for model in plane.catalogue
            if space in (None, model.entry.space)
            and metric in (None, model.entry.metric)
            and wanted.fits(model.entry)
        ]
        return Response(pydantic_core.to_json(chosen), media_type=JSON_TYPE)

    return [
        Operation(
            "POST",
            "/predict",
            Admitted(admission, predict_handler(plane), of_file=plane.networks.answer_file, takes=takes_file),
            "Predict a metric of architectures, or of a network by its file or key, on some devices.",
            network_schemas.PREDICTED,
            network_schemas.PREDICT,
            form=network_schemas.FORM,
        ),
        Operation(
            "GET",
            "/devices",
            devices,
            "What can be predicted now, each entry with the version that is served.",
            schemas.DEVICES,
            query=_FILTERS,
        ),
    ]


def record(model: LoadedPredictor) -> dict[str, Any]:
    """A model as `GET /devices` lists it."""
    entry = model.entry
    names = ("device", "space", "metric", "unit", "dataset", "predictor", "origin", "basis", *_PARTS)
    told = {name: getattr(entry, name) for name in names}
    about = entry.about
    told |= {"kind": about.kind, "device_note": about.note, "label": entry.version}
    return told | {"version": entry.digest, "model": entry.name}


def _wanted(asked: Mapping[str, str]) -> Wanted:
    """What devices must be like, as the parameters after the question mark say it."""
    batch, threads = (
        whole_number(asked[name], name) if name in asked else None for name in ("batch", "threads")
    )
    hardware, runtime, precision = (asked.get(name) for name in _PARTS[:3])
    return Wanted(hardware, runtime, precision, batch, threads)


def _devices(value: Any) -> list[str | None]:
    """The names of one device or of several; [None] for none, as for accuracy."""
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) or (name is None and names is not value) for name in names):
        raise MalformedError(f"device must be a name or a list of at least one name, got {shorten(value)}")
    return names


def _batch(body: dict[str, Any]) -> Any:
    if ("architectures" in body) == ("codes" in body):
        raise MalformedError("the body must have either the key architectures or the key codes")
    if "codes" in body:
        return fields.integers(body["codes"], "codes")
    return fields.items(body["architectures"], "architectures")


def _told(answer: Answer) -> dict[str, Any]:
    entry = answer.model.entry
    body: dict[str, Any] = {
        "device": entry.device,
        "space": entry.space,
        "metric": entry.metric,
        "dataset": entry.dataset,
        "unit": entry.unit,
        "version": entry.digest,
        "values": answer.values.tolist(),
    }
    if answer.interval is not None:
        body["lower"], body["upper"] = (ends.tolist() for ends in answer.interval)
    return body
