"""The routes that the page asks; they serve whoever else wants the same, too.

What is worked out here may take seconds, so a thread of its own does it, with a deadline of its own, and what
is under way does not count against the windows of those who ask for predictions.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pydantic_core
from starlette.requests import Request
from starlette.responses import Response

from archcast.core.errors import InputError, shorten
from archcast.featurize.networks import NETWORK
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.catalog import resolve_space
from archcast.serving.http import fields
from archcast.serving.http.admission import Admission, Admitted, AdmittedRequest, Handler
from archcast.serving.http.dataplane import DataPlane
from archcast.serving.http.errors import MalformedError, TooLateError
from archcast.serving.http.openapi import Operation
from archcast.serving.http.page import board, schemas
from archcast.serving.http.settings import ServeSettings
from archcast.serving.http.statuses import JSON_TYPE

DEADLINE_MS = 30_000
_COVERAGE = 0.9
_LONGEST = 2**20
"""Bytes of a body, which holds one architecture."""
_COSTS = ("architecture", "space", "dataset", "metric", "device", "coverage")
_ONE = ("architecture", "space", "dataset", "metric", "device")
Work = Callable[[dict[str, Any]], Any]


def page_operations(plane: DataPlane, settings: ServeSettings) -> list[Operation]:
    """The operations over a data plane."""
    own = dataclasses.replace(
        settings, deadline_ms=DEADLINE_MS, max_body_bytes=min(_LONGEST, settings.max_body_bytes)
    )
    admission = Admission(own, lambda: ())
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="archcast-page")
    operations: dict[str, tuple[Work, tuple[str, ...], str]] = {
        "/overview": (partial(_costs, plane), _COSTS, "Costs of an architecture on devices, with intervals."),
        "/measured": (_measured, _ONE, "What was measured of an architecture on devices."),
        "/breakdown": (partial(_where, plane), _ONE, "Where the cost of an architecture goes on a device."),
        "/front": (partial(_front, plane), _ONE, "Accuracy against cost of a space on a device."),
    }

    async def spaces(request: Request) -> Response:
        del request
        return Response(pydantic_core.to_json(board.spaces(plane.catalogue)), media_type=JSON_TYPE)

    listed = Operation("GET", "/spaces", spaces, "Search spaces, with examples of notation.", schemas.LIST)
    posts = [
        Operation(
            "POST",
            path,
            Admitted(admission, handler_of(executor, work, known)),
            summary,
            schemas.TOLD,
            schemas.ASKED[path],
        )
        for path, (work, known, summary) in operations.items()
    ]
    return [listed, *posts]


def handler_of(executor: ThreadPoolExecutor, work: Work, known: tuple[str, ...]) -> Handler:
    """What answers with the result of work in the thread; what waits too long is not begun."""

    async def answer(asked: AdmittedRequest) -> Response:
        body = fields.read_object(asked.body, known)

        def begun() -> bytes:
            if time.perf_counter() > asked.deadline:
                raise _late()
            return pydantic_core.to_json(work(body))

        running = asyncio.get_running_loop().run_in_executor(executor, begun)
        try:
            async with asyncio.timeout(asked.deadline - time.perf_counter()):
                return Response(await running, media_type=JSON_TYPE)
        except TimeoutError:
            raise _late() from None

    return answer


def _late() -> TooLateError:
    return TooLateError("others were asked before; ask again later", 1.0)


def _costs(plane: DataPlane, body: dict[str, Any]) -> Any:
    space, codes = _architecture(body)
    coverage = fields.number(body, "coverage")
    return board.costs(
        plane.catalogue,
        space,
        codes,
        metric=fields.text(body, "metric", "latency") or "",
        devices=_devices(body.get("device")),
        dataset=fields.text(body, "dataset"),
        coverage=_COVERAGE if coverage is None else coverage,
    )


def _measured(body: dict[str, Any]) -> Any:
    devices = _devices(body.get("device"))
    if devices is None:
        raise MalformedError("the body must have the key device")
    return board.measurements(
        *_architecture(body),
        metric=fields.text(body, "metric", "latency") or "",
        devices=devices,
        dataset=fields.text(body, "dataset"),
    )


def _where(plane: DataPlane, body: dict[str, Any]) -> Any:
    return board.where(plane.catalogue, *_architecture(body), **_one(body))


def _front(plane: DataPlane, body: dict[str, Any]) -> Any:
    return board.front(plane.catalogue, *_architecture(body), **_one(body))


def _one(body: dict[str, Any]) -> dict[str, Any]:
    metric = fields.text(body, "metric", "latency")
    return {
        "metric": metric,
        "device": fields.text(body, "device"),
        "dataset": fields.text(body, "dataset"),
    }


def _architecture(body: dict[str, Any]) -> tuple[Space, Any]:
    """The space and codes, (1, k), of a body's one architecture."""
    if "architecture" not in body:
        raise MalformedError("the body must have the key architecture")
    batch = [body["architecture"]]
    space = resolve_space(fields.text(body, "space"), batch)
    if space.name == NETWORK:
        raise InputError("architecture must be of a search space: send a file to /predict")
    return space, space.parse(batch)


def _devices(value: Any) -> list[str] | None:
    if value is None:
        return None
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) for name in names):
        raise MalformedError(f"device must be a name or a list of at least one name, got {shorten(value)}")
    return names
