"""A search space that a user defines: decisions, and a function that builds a member.

| symbol | meaning |
|---|---|
| n | architectures in a batch |
| k | decisions (columns of codes) |
"""

from __future__ import annotations

import pickle
import sys
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np

from archcast.core.arrays import Arch, Codes
from archcast.core.errors import InputError, shorten
from archcast.core.network import Network
from archcast.featurize.networks import network
from archcast.featurize.spaces.base import Space
from archcast.featurize.spaces.checks import check_choice, check_keys

Choice: TypeAlias = int | float | str | bool
"""A value of a decision."""
Build: TypeAlias = Callable[[dict[str, Any]], Any]
"""What a member is, a torch module or a network, from the values of its decisions."""
_KEPT = 4096
_AT_HAND = 64


class DefinedSpace(Space):
    """Every combination of some decisions' values, each built by a function.

    Args:
        name: of the space.
        decisions: decision -> its values, in the order of their codes.
        build: gives a torch module or a network for a dict of decisions and values.
        example: of a module: the shape of its input, a tensor, or several; see `archcast.network`.

    Raises:
        InputError: a decision without values, with too many of them, with equal ones, or of other types than
            whole numbers, fractions, text and truth values.
    """

    keeps_networks = True

    def __init__(
        self, name: str, decisions: Mapping[str, Sequence[Choice]], build: Build, example: Any
    ) -> None:
        self.name = name
        self.choices = {  # type: ignore[misc]
            decision: _values(name, decision, values) for decision, values in decisions.items()
        }
        self.columns = tuple(self.choices)
        self.cardinalities = tuple(map(len, self.choices.values()))
        self.check_decisions()
        self.term_groups = tuple((column,) for column in range(len(self.columns)))
        self.datasets = (dataset_of(example),)
        self._example = example
        self.versions = {decision: _version(values) for decision, values in self.choices.items()}
        self._places = [
            {(type(v) is bool, v): place for place, v in enumerate(values)}
            for values in self.choices.values()
        ]
        self._build = build
        self.when_built: Callable[[Codes, Network], None] | None = None
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._at_hand: OrderedDict[bytes, Network] = OrderedDict()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {len(self.columns)} decisions, {self.size:,} members)"

    def matches(self, item: Arch) -> bool:
        return isinstance(item, dict) and item.keys() == self.choices.keys()

    def parse_items(self, items: Sequence[Arch]) -> Codes:
        try:
            rows = [
                [places[type(item[name]) is bool, item[name]] for name, places in self._columns]
                for item in items
                if isinstance(item, dict) and len(item) == len(self.columns)
            ]
            if len(rows) == len(items):
                return np.array(rows, dtype=np.int8)
        except (KeyError, TypeError):
            pass  # told below, with the item
        return np.array([self._parsed(item, i) for i, item in enumerate(items)], dtype=np.int8)

    @property
    def _columns(self) -> list[tuple[str, dict[tuple[bool, Choice], int]]]:
        return list(zip(self.columns, self._places, strict=True))

    def _parsed(self, item: Arch, i: int) -> list[int]:
        """Codes of one architecture, or what is wrong with it."""
        check_keys(item, self.columns, space=self.name, index=i)
        given = {key: value.item() if isinstance(value, np.generic) else value for key, value in item.items()}
        return [
            check_choice(given[column], values, what=f"{self.name} {column}", item=i, position=column)
            for column, values in self.choices.items()
        ]

    def choice_of(self, code: Codes) -> dict[str, Any]:
        """What `build` is called with for a member.

        Shapes:
            code: (k,)
        """
        pairs = zip(self.choices.items(), code.tolist(), strict=True)
        return {name: values[place] for (name, values), place in pairs}

    def network(self, code: Codes, dataset: str | None = None, *, live: bool = False) -> Network:
        """The network of one member, built once while it is among the last 4,096.

        Raises:
            InputError: what `build` raises, or gives, is of no use; names the member.
        """
        del live  # what a module does not use is not recorded
        self.check_dataset(dataset)
        checked = self.check_codes(np.asarray(code).reshape(1, -1))[0]
        key = checked.tobytes()
        with self._lock:
            found = self._at_hand.get(key)
            packed = self._kept.get(key)
        if found is not None:
            return found
        made = _unpacked(packed) if packed is not None else self._built(checked)
        with self._lock:
            self._at_hand[key] = made
            if len(self._at_hand) > _AT_HAND:
                self._keep(*self._at_hand.popitem(last=False))
        return made

    def _keep(self, key: bytes, made: Network) -> None:
        """Keep a network packed, with what was worked out of it while it was at hand."""
        if key not in self._kept:
            try:
                packed = pickle.dumps(made, pickle.HIGHEST_PROTOCOL)
            except RuntimeError:  # another thread works something out of it at this moment: it is built again
                return
            self._kept[key] = zlib.compress(packed, 1)
        self._kept.move_to_end(key)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def example(self) -> Any:
        """Of a module: the shape of its input, a tensor, or several."""
        return self._example

    def _built(self, code: Codes) -> Network:
        made = self.network_by(self._build, code)
        told, self.when_built = self.when_built, None
        if told is not None:
            told(code, made)
        return made

    def network_by(self, build: Build, code: Codes) -> Network:
        """The network that a function gives for a member.

        Raises:
            InputError: what it raises, or gives, is of no use; names the member.
        """
        choice = self.choice_of(code)
        try:
            made = _light(build, choice)
        except Exception as error:  # whatever a user's function raises
            raise InputError(
                f"build of {self.name} must give a network for {choice}, got {type(error).__name__}: {error}"
            ) from error
        if isinstance(made, Network):
            return made
        try:
            return network(made, example=self.example())
        except InputError as error:
            raise InputError(f"{self.name} has no network for {choice}: {error}") from error


def dataset_of(example: Any) -> str:
    """Name of the data set that a space's networks are for: the shape of one item, or `default`."""
    if isinstance(example, Mapping):
        return dataset_of(tuple(example.values()))
    shape = getattr(example, "shape", example)
    if isinstance(shape, Sequence) and shape and not isinstance(shape, str):
        if all(isinstance(d, Integral) for d in shape):
            return "x".join(map(str, shape[1:])) or "default"
        return "+".join(dataset_of(one) for one in shape)
    return "default"


def _values(space: str, decision: object, values: object) -> tuple[Choice, ...]:
    """Values of a decision, checked."""
    if not isinstance(decision, str) or not decision:
        raise InputError(f"a decision of {space} must be named by text, got {shorten(decision)}")
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Sequence) or not len(values):
        raise InputError(f"decision {decision} of {space} must have a list of values, got {shorten(values)}")
    plain = tuple(value.item() if isinstance(value, np.generic) else value for value in values)
    seen: dict[tuple[bool, Choice], int] = {}
    for place, value in enumerate(plain):
        whole = isinstance(value, bool | int | str)
        if not whole and not (isinstance(value, float) and np.isfinite(value)):
            raise InputError(
                f"values of {decision} of {space} must be numbers, text or truth values, "
                f"got {shorten(value)}",
                item=place,
            )
        if (isinstance(value, bool), value) in seen:
            raise InputError(f"values of {decision} of {space} must differ, got {value!r} twice", item=place)
        seen[isinstance(value, bool), value] = place
    return plain


def _version(values: Sequence[Choice]) -> int:
    """A number that differs where a decision's values do, so that predictors of others are refused."""
    return zlib.crc32(repr(values).encode())


def _light(build: Build, choice: dict[str, Any]) -> Any:
    """What `build` gives, modules without memory for their weights where it can be had so."""
    if "torch" not in sys.modules:
        return build(dict(choice))
    from archcast.featurize.readers.torch_build import built

    try:
        return built(lambda: build(dict(choice)))
    except Exception:  # it may need values; what is the function's own fault is raised again
        return build(dict(choice))


def _unpacked(packed: bytes) -> Network:
    made: Network = pickle.loads(zlib.decompress(packed))
    return made
