"""A client of `archcast serve`, called as the functions of the package are."""

from __future__ import annotations

import os
import random
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archcast.core.arrays import ArchBatch, Floats
from archcast.core.checks import check_whole
from archcast.core.errors import InputError, shorten
from archcast.core.optional import require
from archcast.featurize.spaces.catalog import given
from archcast.featurize.spaces.checks import check_batch, is_codes
from archcast.serving.remote_networks import RemoteNetworks, are_networks
from archcast.serving.replies import ServiceError, content_of, error_of, record_of, seconds_to_wait

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 5.0
_PART = 8192
"""Most architectures sent in one request; longer batches go in parts, all answered by the same version."""
_TRY_AGAIN = frozenset({408, 429, 502, 503, 504})
_LARGEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class RemoteDevice:
    """One answer that can be had from the service; see `archcast.devices`."""

    device: str
    space: str
    metric: str
    dataset: str
    predictor: str
    unit: str
    origin: str
    version: str
    hardware: str
    runtime: str
    precision: str
    batch: int | None
    threads: int | None


class Client:
    """Predictions of a service, by the signatures and with the errors of the package's own functions.

    May be shared between threads; connections are kept open and used again.

    Args:
        url: address of the service, such as `http://127.0.0.1:8080`.
        token: what the service asks for, where it does.
        timeout: seconds that a call may take in all, retries included.
        retries: how often a request is sent again when the service is busy or cannot be reached. A user's
            mistake is never sent again.

    Raises:
        InputError: the address is none.
        MissingPackageError: the package httpx is not installed.
    """

    def __init__(self, url: str, token: str | None = None, timeout: float = 10.0, retries: int = 5) -> None:
        check_whole(retries, "retries", least=0)
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
            raise InputError(f"timeout must be a number of seconds above 0, got {shorten(timeout)}")
        if token is not None and not (isinstance(token, str) and token.isascii() and token.isprintable()):
            raise InputError("token must be printable ASCII text")
        self._httpx = require("httpx", extra="client", purpose="archcast.Client")
        self._url = self._checked(url)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout, self._retries = timeout, retries
        self._opened: dict[int, Any] = {}
        self._networks = RemoteNetworks(self._ask)

    def predict(
        self,
        arch_batch: ArchBatch,
        device: str | Sequence[str] | None = None,
        metric: str = "latency",
        space: str | None = None,
        dataset: str | None = None,
        *,
        notation: str | None = None,
    ) -> Floats:
        """As `archcast.predict`; a network may also be given by the key that the service knows it by.

        Networks are read here and sent without their weights, each once.

        Shapes:
            output: float32 (n,), or (n, devices) for a list, in the metric's unit

        Raises:
            InputError: as `archcast.predict`, and when the token is wrong.
            ServiceError: the service could not answer in time.
        """
        asked = {"device": device, "metric": metric, "space": space, "dataset": dataset}
        return self._columns(arch_batch, asked, ("values",), notation)[0]

    def predict_interval(
        self,
        arch_batch: ArchBatch,
        device: str | Sequence[str] | None = None,
        metric: str = "latency",
        coverage: float = 0.9,
        space: str | None = None,
        dataset: str | None = None,
        *,
        notation: str | None = None,
    ) -> tuple[Floats, Floats]:
        """As `archcast.predict_interval`; raises as `predict`."""
        asked = {"device": device, "metric": metric, "space": space, "dataset": dataset, "coverage": coverage}
        lower, upper = self._columns(arch_batch, asked, ("lower", "upper"), notation)
        return lower, upper

    def network(
        self,
        source: Any,
        device: str | Sequence[str] | None = None,
        metric: str = "latency",
        *,
        coverage: float | None = 0.9,
        explain: bool = False,
        hardware: str | None = None,
        runtime: str | None = None,
        precision: str | None = None,
        threads: int | None = None,
        device_batch: int | None = None,
        **how: Any,
    ) -> dict[str, Any]:
        """All that the service says of one network: counts, key, a record a device, where the cost goes.

        Args:
            source: as `archcast.network`, or the key of a network that the service knows.
            device: name, several, or `*` for all; others by their parts as `archcast.devices`, whose `batch`
                is `device_batch` here.
            coverage: of intervals; None for none.
            explain: tell cost by part and by kernel, of at most eight devices.
            how: `batch`, `inputs`, `example` and numbers of dimensions, as `archcast.network`.

        Returns:
            The answer of `POST /predict` as docs/serve_http.md tells it.

        Raises:
            UnknownNameError: no such device or metric, or a key that is not known, or no longer.
            InputError, ServiceError: as `predict`.
        """
        asked = {"device": device, "metric": metric, "coverage": coverage, "explain": explain or None}
        parts: dict[str, Any] = {"hardware": hardware, "runtime": runtime, "precision": precision}
        parts |= {"threads": threads, "device_batch": device_batch}
        record: dict[str, Any] = self._networks.record(source, asked | parts, how)
        return record

    def devices(
        self,
        space: str | None = None,
        metric: str | None = None,
        *,
        hardware: str | None = None,
        runtime: str | None = None,
        precision: str | None = None,
        batch: int | None = None,
        threads: int | None = None,
    ) -> list[RemoteDevice]:
        """What the service can predict now; as `archcast.devices`."""
        asked: dict[str, Any] = {"space": space, "metric": metric, "hardware": hardware, "runtime": runtime}
        asked |= {"precision": precision, "batch": batch, "threads": threads}
        query = {name: value for name, value in asked.items() if value is not None}
        fields = RemoteDevice.__slots__
        records = self._ask("GET", "/devices", params=query)
        return [RemoteDevice(**{name: record[name] for name in fields}) for record in records]

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        opened = self._opened.pop(os.getpid(), None)
        if opened is not None:
            opened.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _checked(self, url: str) -> str:
        try:
            parts = self._httpx.URL(url)
        except (TypeError, self._httpx.InvalidURL):
            raise InputError(f"url must be an address, got {shorten(url)}") from None
        if parts.scheme not in ("http", "https") or not parts.host or parts.query:
            raise InputError(f"url must be an address such as http://127.0.0.1:8080, got {shorten(url)}")
        if parts.port is not None and parts.port > _LARGEST_PORT:
            raise InputError(f"url must have a port of 0 to {_LARGEST_PORT}, got {shorten(url)}")
        return url.rstrip("/")

    def _columns(
        self, batch: ArchBatch, asked: dict[str, Any], names: tuple[str, ...], notation: str | None
    ) -> tuple[Floats, ...]:
        """What answers hold under each name, parts joined: (n,), or (n, devices) for a list of devices."""
        if notation is not None:
            known, batch = given(batch, asked["space"], notation)
            asked = asked | {"space": known.name}
        found = check_batch(batch)
        if are_networks(found, asked["space"]):
            return self._networks.columns(found, asked, ("value",) if names == ("values",) else names)
        codes = is_codes(found)
        items: Sequence[Any] = np.asarray(found).tolist() if codes else found
        one = asked["device"] is None or isinstance(asked["device"], str)
        parts: list[list[dict[str, Any]]] = []
        for start in range(0, max(len(items), 1), _PART):
            body = {"codes" if codes else "architectures": list(items[start : start + _PART]), **asked}
            if parts:  # by the versions that answered the first part
                pinned = [{name: a[name] for name in ("space", "device", "version")} for a in parts[0]]
                parts.append([self._post(body | pin, start) for pin in pinned])
            else:
                answer = self._post(body, start)
                parts.append([answer] if one else answer["answers"])
        columns = (
            np.concatenate([np.array([a[name] for a in part], dtype=np.float32).T for part in parts])
            for name in names
        )
        return tuple(column[:, 0] if one else column for column in columns)

    def _post(self, body: Mapping[str, Any], start: int) -> dict[str, Any]:
        """The answer for the part of a batch that begins at item `start`."""
        headers = {"Content-Type": "application/json"}
        answer: dict[str, Any] = self._ask(
            "POST", "/predict", content=content_of(body), headers=headers, start=start
        )
        return answer

    def _ask(self, method: str, path: str, *, start: int = 0, **request: Any) -> Any:
        """The answer's JSON, after as many attempts as it takes and is allowed."""
        until = time.monotonic() + self._timeout
        last, attempt = "no time was left to ask", 0
        while (left := until - time.monotonic()) > 0:
            pause = _pause(attempt)
            try:
                reply = self._http().request(method, self._url + path, timeout=left, **request)
            except self._httpx.TransportError as error:
                last = f"{type(error).__name__}: {error}"
            else:
                if reply.status_code == 200:
                    return record_of(reply)
                refusal = error_of(reply, start)
                if reply.status_code not in _TRY_AGAIN:
                    raise refusal
                last, pause = str(refusal), max(pause, seconds_to_wait(reply))
            attempt += 1
            if attempt > self._retries or time.monotonic() + pause >= until:
                break
            time.sleep(pause)
        raise ServiceError(f"{self._url} did not answer in {attempt} attempts: {last}")

    def _http(self) -> Any:
        """The connections of this process: a fork leaves those of its parent alone."""
        opened = self._opened.get(os.getpid())
        if opened is None:
            client = self._httpx.Client(
                headers=self._headers, verify=ssl.create_default_context(), trust_env=False
            )
            opened = self._opened.setdefault(os.getpid(), client)
        return opened


def _pause(attempt: int) -> float:
    """Seconds before the next attempt: twice as long each time, and at random, so that callers spread."""
    return random.uniform(0.5, 1.0) * min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0**attempt)
