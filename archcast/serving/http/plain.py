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
        found = fields.read_object(asked.body)
        if NETWORK in found:
            return await plane.networks.answer_known(found, asked)
        fields.only(found, _KEYS, "the body")
        devices, batch = _devices(found.get("device")), _batch(found)
        plane.check_size(batch, outputs=len(devices))
        space = resolve_space(fields.text(found, "space"), batch)
        metric, dataset = fields.text(found, "metric", "latency") or "", fields.text(found, "dataset")
        version, coverage = fields.text(found, "version"), fields.number(found, "coverage")
        codes = await plane.parse(space, batch, outputs=len(devices))
        find = partial(plane.catalogue.find, space.name, metric, dataset=dataset, version=version)
        models = [find(device) for device in devices]
        ask = partial(plane.predict, coverage=coverage, deadline=asked.deadline)
        told = [_told(answer) for answer in await asyncio.gather(*(ask(model, codes) for model in models))]
        one = not isinstance(found.get("device"), list)
        return Response(pydantic_core.to_json(told[0] if one else {"answers": told}), media_type=JSON_TYPE)

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


def _devices(found: Any) -> list[str | None]:
    """The names of one device or of several; [None] for none, as for accuracy."""
    names = found if isinstance(found, list) else [found]
    if not names or not all(isinstance(name, str) or (name is None and names is not found) for name in names):
        raise MalformedError(f"device must be a name or a list of at least one name, got {shorten(found)}")
    return names


def _batch(found: dict[str, Any]) -> Any:
    if ("architectures" in found) == ("codes" in found):
        raise MalformedError("the body must have either the key architectures or the key codes")
    if "codes" in found:
        return fields.integers(found["codes"], "codes")
    return fields.items(found["architectures"], "architectures")


def _told(answer: Answer) -> dict[str, Any]:
    entry = answer.model.entry
    told: dict[str, Any] = {
        "device": entry.device,
        "space": entry.space,
        "metric": entry.metric,
        "dataset": entry.dataset,
        "unit": entry.unit,
        "version": entry.digest,
        "values": answer.values.tolist(),
    }
    if answer.interval is not None:
        told["lower"], told["upper"] = (ends.tolist() for ends in answer.interval)
    return told
