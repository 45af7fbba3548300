"""A client of `archcast serve`, called as the functions of the package are."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, NoReturn

import numpy as np

from archcast.core.arrays import ArchBatch, Floats
from archcast.core.errors import ArchcastError, InputError, ParseError, UnknownNameError, shorten
from archcast.featurize.spaces.checks import check_batch, is_codes
from archcast.serving.connections import Connections, Reply

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 5.0
_PART = 8192
"""Most architectures sent in one request; longer batches go in parts, all answered by the same version."""
_TRY_AGAIN = frozenset({408, 429, 502, 503, 504})


class ServiceError(ArchcastError, ConnectionError):
    """The service cannot be reached, or goes on being busy, or fails."""


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
    """

    def __init__(self, url: str, token: str | None = None, timeout: float = 10.0, retries: int = 5) -> None:
        if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
            raise InputError(f"retries must be a whole number of at least 0, got {shorten(retries)}")
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
            raise InputError(f"timeout must be a number of seconds above 0, got {shorten(timeout)}")
        self._connections = Connections(url, token)
        self._timeout, self._retries = timeout, retries

    def predict(
        self,
        arch_batch: ArchBatch,
        device: str | Sequence[str] | None = None,
        metric: str = "latency",
        space: str | None = None,
        dataset: str | None = None,
    ) -> Floats:
        """As `archcast.predict`.

        Shapes:
            output: float32 (n,), or (n, devices) for a list, in the metric's unit

        Raises:
            InputError: as `archcast.predict`, and when the token is wrong.
            ServiceError: the service could not answer in time.
        """
        asked = _asked(device, metric, space, dataset)
        return self._columns(arch_batch, asked, ("values",))[0]

    def predict_interval(
        self,
        arch_batch: ArchBatch,
        device: str | Sequence[str] | None = None,
        metric: str = "latency",
        coverage: float = 0.9,
        space: str | None = None,
        dataset: str | None = None,
    ) -> tuple[Floats, Floats]:
        """As `archcast.predict_interval`; raises as `predict`."""
        asked = _asked(device, metric, space, dataset) | {"coverage": coverage}
        lower, upper = self._columns(arch_batch, asked, ("lower", "upper"))
        return lower, upper

    def devices(self, space: str | None = None, metric: str | None = None) -> list[RemoteDevice]:
        """What the service can predict now; as `archcast.devices`."""
        query = {name: value for name, value in (("space", space), ("metric", metric)) if value is not None}
        found = self._call("GET", "/devices", None, query)
        fields = RemoteDevice.__slots__
        return [RemoteDevice(**{name: record[name] for name in fields}) for record in found]

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._connections.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _columns(self, batch: ArchBatch, asked: dict[str, Any], names: tuple[str, ...]) -> tuple[Floats, ...]:
        """Answers of all parts, joined; several devices side by side."""
        key, items = _items(batch)
        several = isinstance(asked["device"], list)
        first: list[dict[str, Any]] = []
        parts: list[list[Floats]] = []
        for start in range(0, len(items), _PART):
            body = {key: items[start : start + _PART], **asked}
            try:
                answers = self._part(body, first)
            except InputError as error:
                _raise_shifted(error, start)
            first = first or answers
            columns = [np.array([a[name] for a in answers], dtype=np.float32).T for name in names]
            parts.append(columns if several else [column[:, 0] for column in columns])
        return tuple(np.concatenate([part[i] for part in parts]) for i in range(len(names)))

    def _part(self, body: dict[str, Any], first: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The answer of each device; where there is a first part, of the versions that answered it."""
        if not first:
            found = self._call("POST", "/predict", _encoded(body), {})
            return list(found["answers"]) if isinstance(body["device"], list) else [found]
        names = ("space", "device", "version")
        bodies = [body | {name: answer[name] for name in names} for answer in first]
        return [self._call("POST", "/predict", _encoded(one), {}) for one in bodies]

    def _call(self, method: str, path: str, body: bytes | None, query: Mapping[str, str]) -> Any:
        """The answer's JSON, after as many attempts as it takes and is allowed."""
        until = time.monotonic() + self._timeout
        last = "no time was left to ask"
        for attempt in range(self._retries + 1):
            left = until - time.monotonic()
            if left <= 0:
                break
            pause = _pause(attempt)
            try:
                reply = self._connections.ask(method, path, body, query, timeout=left)
            except (OSError, HTTPException) as error:
                last = f"{type(error).__name__}: {error}"
            else:
                if reply.status == 200:
                    return _decoded(reply)
                last = _sentence(reply)
                if reply.status not in _TRY_AGAIN:
                    _raise_as_told(reply)
                pause = max(pause, _retry_after(reply))
            if attempt == self._retries or time.monotonic() + pause >= until:
                break
            time.sleep(pause)
        raise ServiceError(f"{self._connections.url} did not answer in {attempt + 1} attempts: {last}")


def _pause(attempt: int) -> float:
    """Seconds before the next attempt: twice as long each time, and at random, so that callers spread."""
    return random.uniform(0.5, 1.0) * min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0**attempt)


def _retry_after(reply: Reply) -> float:
    told = reply.headers.get("retry-after", "")
    return float(told) if told.isdigit() and len(told) < 6 else 0.0


def _asked(device: Any, metric: Any, space: Any, dataset: Any) -> dict[str, Any]:
    return {"device": _names(device), "metric": metric, "space": space, "dataset": dataset}


def _names(device: Any) -> Any:
    """Devices as JSON has them."""
    if device is None or isinstance(device, str):
        return device
    if not isinstance(device, list | tuple) or not device or not all(isinstance(d, str) for d in device):
        raise InputError(f"device must be a name or a list of at least one name, got {shorten(device)}")
    return list(device)


def _items(batch: Any) -> tuple[str, list[Any]]:
    """The key and the list under which a batch is sent."""
    if is_codes(batch):
        if batch.ndim != 2 or batch.dtype.kind not in "iu" or not len(batch):
            raise InputError(
                f"codes must be integers of shape (n, k) with n >= 1, got {batch.dtype} of {batch.shape}"
            )
        return "codes", batch.tolist()
    return "architectures", list(check_batch(batch))


def _encoded(body: Mapping[str, Any]) -> bytes:
    def plain(value: Any) -> Any:
        if isinstance(value, np.integer | np.floating | np.bool_ | np.ndarray):
            return value.tolist()
        raise InputError(f"architectures must be strings, lists or dicts to be sent, got {shorten(value)}")

    try:
        return json.dumps(body, default=plain, allow_nan=False).encode()
    except (ValueError, RecursionError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"arch_batch cannot be sent as JSON: {error}") from None


def _decoded(reply: Reply) -> Any:
    try:
        return json.loads(reply.body)
    except ValueError:
        raise ServiceError(f"the service must answer in JSON, got {shorten(reply.body)}") from None


def _told(reply: Reply) -> dict[str, Any]:
    try:
        told = json.loads(reply.body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _sentence(reply: Reply) -> str:
    return str(_told(reply).get("error") or f"status {reply.status}: {shorten(reply.body)}")


def _raise_as_told(reply: Reply) -> NoReturn:
    """Raise the error that the service met, as the package itself would have raised it."""
    told, sentence = _told(reply), _sentence(reply)
    if reply.status >= 500:
        raise ServiceError(sentence)
    if told.get("type") == "UnknownNameError":
        raise UnknownNameError(told.get("kind", "name"), told.get("name"), told.get("choices", ()))
    raise _placed(told, sentence)


def _placed(told: Mapping[str, Any], sentence: str) -> InputError:
    item = told.get("item")
    plain = sentence.removesuffix(f" (item {item})")
    if told.get("type") == "ParseError":
        return ParseError(plain, item=item, position=told.get("position"))
    return InputError(plain, item=item)


def _raise_shifted(error: InputError, start: int) -> NoReturn:
    """Raise the error of a part with the item's place in the whole batch."""
    if error.item is None or not start:
        raise error
    plain = str(error).removesuffix(f" (item {error.item})")
    if isinstance(error, ParseError):
        raise ParseError(plain, item=error.item + start, position=error.position) from None
    raise InputError(plain, item=error.item + start) from None
