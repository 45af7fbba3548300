"""Sends mutated requests to the service: none may be answered by a 5xx, by no JSON, or not at all.

    python benchmarks/fuzz_serve.py --requests 100000

One part is drawn by schemathesis from the OpenAPI document, its answers held against that document; one is
forms with ONNX files that were changed at random (`--uploads`); the rest are bodies that Hypothesis makes of
good ones: parts replaced, dropped, added, bytes changed, headers added. The application is asked through its
own interface in this process, and reads networks in its workers. A row is added to the results.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import csv
import json
import os
import platform
import random
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from fuzz_onnx import seeds
from fuzz_uploads import GPU, PHONE, Uploads
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

import archcast
from archcast.serving.http import DataPlane, ServeSettings
from archcast.serving.http.app import create_app

RESULTS = Path(__file__).with_name("results") / "serve_fuzz.csv"
HANG_S = 10.0
CHUNK = 20_000
QUIET = settings(
    database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
CHECKS = (not_a_server_error, status_code_conformance, response_schema_conformance)

Path_ = tuple[Any, ...]


class Target:
    """The application, asked directly; keeps count of what it says."""

    def __init__(self) -> None:
        made = ServeSettings(
            max_body_bytes=65_536, queue_bytes=2**20, max_batch=64, refresh_s=60.0, network_workers=1
        )
        plane = DataPlane(made)
        self.app = create_app(made, plane)
        self.loop = asyncio.new_event_loop()
        self.lifespan = self.app.router.lifespan_context(self.app)
        self.loop.run_until_complete(self.lifespan.__aenter__())
        self.names = sorted(plane.catalogue.names)
        self.desk = plane.networks
        self.statuses: collections.Counter[int] = collections.Counter()
        self.slowest_s, self.slowest = 0.0, ""
        self.failures: list[str] = []

    def ask(self, method: str, path: str, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        """One request; what is wrong with its answer is noted down."""
        start = time.perf_counter()
        try:
            answer = self.loop.run_until_complete(
                asyncio.wait_for(self._answer(method, path, body, headers), HANG_S)
            )
        except Exception as error:
            self.failures.append(f"{error!r}: {method} {path} {headers} {body[:300]!r}")
            return
        self.note(answer[0], time.perf_counter() - start, f"{method} {path} {headers} {body[:300]!r}")
        if answer[0] >= 500 or not (_is_json(answer[1]) or method == "HEAD"):
            self.failures.append(f"{answer}: {method} {path} {headers} {body[:300]!r}")

    async def bridged(self, scope: Any, receive: Any, send: Any) -> None:
        """The application for callers with event loops of their own, asked in the one that it belongs to."""
        message = await receive()
        if scope["type"] == "lifespan":
            return
        body = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
        sent = await asyncio.to_thread(self.loop.run_until_complete, self._sent(dict(scope), body))
        for told in sent:
            await send(told)

    def note(self, status: int, seconds: float, what: str) -> None:
        self.statuses[status] += 1
        if seconds > self.slowest_s:
            self.slowest_s, self.slowest = seconds, f"{status} {what}"
        if seconds > HANG_S:
            self.failures.append(f"answered after {seconds:.1f} s: {status} {what}")

    async def _answer(self, method: str, path: str, body: bytes, headers: Any) -> tuple[int, bytes]:
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
            "scheme": "http", "path": path, "raw_path": path.encode(errors="replace"), "query_string": b"",
            "root_path": "", "headers": headers, "client": ("fuzz", 1), "server": ("fuzz", 80), "state": {},
        }  # fmt: skip
        sent = await self._sent(scope, body)
        return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:])

    async def _sent(self, scope: dict[str, Any], body: bytes) -> list[Any]:
        """All messages of an answer."""
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        return sent

    def close(self) -> None:
        self.loop.run_until_complete(self.lifespan.__aexit__(None, None, None))
        self.loop.close()


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def good_requests(key: str) -> list[tuple[str, dict[str, Any]]]:
    """Address and body of good requests of every space, in every form, and of a network by its key."""
    made: list[tuple[str, dict[str, Any]]] = []
    for name in ("nasbench201", "fbnet", "ofa_mbv3", "mnasnet", "hat", "macro"):
        space = archcast.spaces(name)
        codes = space.sample(3, seed=0)
        texts, k = space.to_text(codes), len(space.columns)
        served = archcast.devices(space=name)[0]
        path = f"/v2/models/{name}.{served.metric}.{served.device}/infer"
        strings = {"name": "architectures", "datatype": "BYTES", "shape": [3], "data": texts}
        numbers = {"name": "codes", "datatype": "INT8", "shape": [3, k], "data": codes.ravel().tolist()}
        outputs = [{"name": "value"}, {"name": "lower"}]
        made.append((path, {"inputs": [strings], "id": "a", "parameters": {"coverage": 0.9}}))
        made.append((path, {"inputs": [numbers], "outputs": outputs}))
        plain = {"device": served.device, "metric": served.metric, "coverage": 0.8}
        made.append(("/predict", {**plain, "architectures": space.format(codes)}))
        made.append(
            ("/predict", {**plain, "codes": codes.tolist(), "space": name, "dataset": served.dataset})
        )
    for asked in (
        {"device": [PHONE, GPU], "coverage": 0.9, "explain": True},
        {"hardware": "pixel", "threads": 1},
    ):
        made += [("/predict", {"network": key, **asked})]
    return made


def places(body: Any, at: Path_ = ()) -> list[Path_]:
    """Every place in a JSON value."""
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    return [at, *(place for key, value in inner for place in places(value, (*at, key)))]


def mutated(body: Any, place: Path_, how: str, value: Any) -> Any:
    """The body with one place replaced, dropped, wrapped, repeated or added to."""
    if not place:
        return value if how == "replace" else [body] if how == "wrap" else body
    key, rest = place[0], place[1:]
    out = body.copy()
    if rest:
        out[key] = mutated(out[key], rest, how, value)
    elif how == "drop":
        del out[key]
    elif how == "replace":
        out[key] = value
    elif how == "wrap":
        out[key] = [out[key]]
    elif isinstance(out, list):
        out.extend([out[key]] * 70 if how == "repeat" else [value])
    else:
        out[str(value)[:20]] = value
    return out


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=20)
    | st.sampled_from(
        [10**400, -1, 127, 128, 1e308, "\x00", "a" * 30_000, "[" * 500, "{}", "[[[]]]", "|", "nan"]
    )
)
VALUES = st.recursive(
    LEAVES, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=5), v, max_size=3)
)
HEADERS = [
    (b"content-encoding", b"gzip"),
    (b"content-encoding", b"identity"),
    (b"content-length", b"x"),
    (b"content-length", b"99999999"),
    (b"content-length", b"-1"),
    (b"deadline-ms", b"1"),
    (b"deadline-ms", b"\xff"),
    (b"deadline-ms", b"500"),
    (b"authorization", b"Bearer \xff"),
    (b"content-type", b"text/xml; charset=utf-99"),
    (b"accept", b"*/*;q=x"),
]
HOW = ("replace", "drop", "wrap", "add", "repeat")
FROM_ONE_DRAW = 10
"""Requests made from the values of one draw: drawing takes ten times as long as answering."""


def made_request(good: Any, values: list[Any], chance: random.Random) -> tuple[str, str, bytes, Any]:
    """A good request with up to three places changed, at times with bytes and headers changed as well."""
    path, body, there = chance.choice(good)
    for _ in range(chance.randrange(4)):
        try:
            body = mutated(body, chance.choice(there), chance.choice(HOW), chance.choice(values))
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # an earlier change took the place away
    raw = bytearray(json.dumps(body, ensure_ascii=False).encode(errors="surrogatepass"))
    for _ in range(chance.choice((0, 0, 0, 1, 2, 6))):
        at = chance.randrange(len(raw) + 1)
        raw[at : at + 1] = b"" if chance.random() < 0.3 else bytes([chance.randrange(256)])
    headers = chance.sample(HEADERS, chance.choice((0, 0, 0, 0, 1, 2)))
    method = "POST" if chance.random() < 0.97 else chance.choice(("GET", "PUT", "HEAD", "BREW"))
    return method, path, bytes(raw), headers


def with_bodies(target: Target, count: int, start: int) -> None:
    """`count` requests that Hypothesis makes from good ones."""
    good = [(path, body, places(body)) for path, body in good_requests(known_key(target))]

    def run(n: int, number: int) -> None:
        @seed(number)
        @settings(QUIET, max_examples=n)
        @given(st.lists(VALUES, min_size=1, max_size=6), st.integers(0, 2**32))
        def one(values: list[Any], chosen: int) -> None:
            chance = random.Random(chosen)
            for _ in range(FROM_ONE_DRAW):
                target.ask(*made_request(good, values, chance))

        one()

    for number in range(0, count, CHUNK):
        run(-(-min(CHUNK, count - number) // FROM_ONE_DRAW), start + number)


def known_key(target: Target) -> str:
    """The key of a network that the service knows from now on."""
    request = httpx.Request(
        "POST", "http://fuzz/predict", files={"file": ("m.onnx", seeds()[0])}, data={"device": PHONE}
    )
    headers = [(b"content-type", request.headers["content-type"].encode())]
    target.ask("POST", "/predict", request.read(), headers)
    return next(iter(target.desk.known._documents))


def with_uploads(target: Target, count: int, start: int) -> collections.Counter[int]:
    """`count` forms with changed files; gives how they were answered."""
    before, uploads = target.statuses.copy(), Uploads(start)
    for _ in range(count):
        target.ask(*uploads.one())
    return target.statuses - before


def with_document(target: Target, count: int, start: int) -> None:
    """`count` requests that schemathesis draws from the document, or fewer where an operation has fewer."""
    document = schemathesis.openapi.from_asgi("/openapi.json", target.bridged)
    operations = [result.ok() for result in document.get_all_operations()]
    share = -(-count // (2 * len(operations)))

    def run(operation: Any, mode: Any, number: int) -> None:
        @seed(number)
        @settings(QUIET, max_examples=share)
        @given(operation.as_strategy(generation_mode=mode), st.sampled_from([*target.names[:3], None]))
        def one(case: Any, name: str | None) -> None:
            if name is not None and "name" in (case.path_parameters or {}):
                case.path_parameters["name"] = name
            begin = time.perf_counter()
            try:
                answer = case.call(timeout=HANG_S)
                target.note(answer.status_code, time.perf_counter() - begin, operation.label)
                case.validate_response(answer, checks=CHECKS)
            except Exception as error:
                target.failures.append(f"{operation.label} {str(error)[:800]}")

        with contextlib.suppress(Unsatisfiable):  # an operation without parameters: nothing can be wrong
            one()

    for i, operation in enumerate(operations):
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            run(operation, mode, start + i)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=2000, help="how many in all")
    parser.add_argument("--document", type=float, default=0.1, help="share drawn by schemathesis")
    parser.add_argument("--uploads", type=float, default=0.1, help="share that are forms with ONNX files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-result", action="store_true", help="add no row to the results")
    given_ = parser.parse_args()
    target, begin = Target(), time.perf_counter()
    with_document(target, int(given_.requests * given_.document), given_.seed)
    by_document = sum(target.statuses.values())
    uploads = with_uploads(target, int(given_.requests * given_.uploads), given_.seed)
    by_uploads = uploads.total()
    with_bodies(target, given_.requests - by_document - by_uploads, given_.seed)
    target.close()
    sent = sum(target.statuses.values())
    row = {
        "date": datetime.now(UTC).date().isoformat(),
        "requests": sent,
        "by_schemathesis": by_document,
        "by_hypothesis": sent - by_document - by_uploads,
        "failures": len(target.failures),
        "slowest_s": round(target.slowest_s, 3),
        "seconds": round(time.perf_counter() - begin, 1),
        "statuses": " ".join(f"{status}:{n}" for status, n in sorted(target.statuses.items())),
        "seed": given_.seed,
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "uploads": by_uploads,
        "upload_statuses": " ".join(f"{status}:{n}" for status, n in sorted(uploads.items())),
        "workers_ended": sum(target.desk.pool.ended.values()),
    }
    print(json.dumps(row, indent=1))
    print("slowest:", target.slowest)
    for failure in target.failures[:20]:
        print("FAILED", failure)
    if not given_.no_result:
        new = not RESULTS.exists()
        with RESULTS.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row, lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)
    raise SystemExit(bool(target.failures))


if __name__ == "__main__":
    main()
