"""Networks asked of the service: files are sent once and without their weights, then by the keys they got."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from archcast.core.arrays import ArchBatch, Floats
from archcast.core.errors import InputError, UnknownNameError
from archcast.featurize.networks import NETWORK, is_network
from archcast.featurize.spaces.checks import check_batch
from archcast.featurize.spaces.networks import NETWORKS

Ask = Callable[..., Any]
"""Asks the service: method and address, then what the request has; gives the answer's JSON."""
EVERY = "*"
"""In place of a device: all that answer."""
_KEY = re.compile(r"[0-9a-f]{64}")
_MOST_KNOWN = 4096


class RemoteNetworks:
    """What a service says of networks.

    Args:
        ask: see `Ask`.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._keys: OrderedDict[str, str] = OrderedDict()

    def columns(
        self, batch: ArchBatch, asked: Mapping[str, Any], names: tuple[str, ...]
    ) -> tuple[Floats, ...]:
        """What answers hold under each name, one request a network.

        Args:
            asked: `device`, `metric`, `coverage` and, which there must not be, `dataset`.

        Shapes:
            output: float32 (n,) each, or (n, devices) for a list

        Raises:
            InputError: a network cannot be read or answered for; names the item.
        """
        one = asked["device"] is None or isinstance(asked["device"], str)
        devices = [asked["device"]] if one else list(asked["device"])
        if EVERY in devices:
            raise InputError(
                f"device must be a name or a list of names, got {EVERY!r}: ask by Client.network"
            )
        NETWORKS.pick_dataset((), asked["dataset"])
        question = {name: asked.get(name) for name in ("device", "metric", "coverage")}
        given = enumerate(check_batch(batch))
        rows = [self._row(source, item, question, devices, names) for item, source in given]
        columns = np.array(rows, dtype=np.float32).reshape(len(rows), len(devices), len(names))
        return tuple(column[:, 0] if one else column for column in np.moveaxis(columns, 2, 0))

    def _row(
        self,
        source: Any,
        item: int,
        question: Mapping[str, Any],
        devices: Sequence[str],
        names: tuple[str, ...],
    ) -> list[list[float]]:
        """What is said of an item on each device."""
        try:
            answers = {answer["device"]: answer for answer in self.record(source, question)["answers"]}
        except UnknownNameError:
            raise
        except InputError as error:
            raise InputError(str(error), item=item) from error
        row = [[answers[device][name] for name in names] for device in devices]
        if any(None in value for value in row):
            raise InputError("predictors of these devices were saved without held-out errors", item=item)
        return row

    def record(self, source: Any, asked: Mapping[str, Any], how: Mapping[str, Any] | None = None) -> Any:
        """All that the service says of a network.

        Args:
            source: as `archcast.network`, or a key that the service gave.
            asked: fields of the question.
            how: what `archcast.network` takes beside a model file.
        """
        question = {name: value for name, value in asked.items() if value is not None}
        if isinstance(source, str) and _KEY.fullmatch(source):
            return self._by_key(source, question)
        content = content_of(source, how or {})
        mark = hashlib.sha256(content).hexdigest()
        if mark in self._keys:
            try:
                return self._by_key(self._keys[mark], question)
            except UnknownNameError as error:
                if error.kind != NETWORK:
                    raise
        answer = self._by_file(content, question)
        self._keys[mark] = answer[NETWORK]["key"]
        if len(self._keys) > _MOST_KNOWN:
            self._keys.popitem(last=False)
        return answer

    def _by_key(self, key: str, question: Mapping[str, Any]) -> Any:
        return self._ask("POST", "/predict", json={NETWORK: key, **question})

    def _by_file(self, content: bytes, question: Mapping[str, Any]) -> Any:
        fields = {name: _words(value) for name, value in question.items()}
        files = {"file": ("network.onnx", content, "application/octet-stream")}
        return self._ask("POST", "/predict", files=files, data=fields)


def are_networks(batch: Any, space: object) -> bool:
    """Whether a batch is of networks, or of keys of networks."""
    if space is not None:
        return space in (NETWORK, NETWORKS)
    if not isinstance(batch, list | tuple) or not batch:
        return False
    first = batch[0]
    return is_network(first) or (isinstance(first, str) and _KEY.fullmatch(first) is not None)


def content_of(source: Any, how: Mapping[str, Any]) -> bytes:
    """An ONNX file with a network's structure and no weights.

    Raises:
        InputError: it cannot be read.
    """
    from archcast.featurize.networks import network
    from archcast.featurize.onnx_model import structure_of

    return structure_of(network(source, **how))


def _words(value: Any) -> Any:
    """A field's value as a form takes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return [str(v) for v in value] if isinstance(value, list | tuple) else str(value)
