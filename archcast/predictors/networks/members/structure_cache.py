"""Structures of spaces that were found in this process, each once a program."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from archcast.core.device import DeviceName
from archcast.featurize.encoders.program import Program, program_of
from archcast.featurize.spaces import Space
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.members.observed import Members
from archcast.predictors.networks.members.structure import Structure, Unknown, find_structure

_Key: TypeAlias = tuple[str, Program, Callable[..., Any]]
_found: WeakKeyDictionary[Space, dict[_Key, Structure | Unknown]] = WeakKeyDictionary()
_lock = threading.Lock()
_OBJECTS = 100_000
"""Objects made after which the garbage collector looks through them, of some 20,000 that a member takes."""


@contextmanager
def _few_collections() -> Iterator[None]:
    """Keep the garbage collector from what is there already, and from all but every few members."""
    if gc.get_freeze_count():
        yield
        return
    gc.freeze()
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _OBJECTS), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def structure_of(space: Space, dataset: str, model: NetworkPredictor) -> tuple[Structure, bool]:
    """The structure of a space for a predictor of devices of one program, and whether it was found just now.

    Raises:
        Unknown: there is none; says why.
        InputError: a member cannot be built.
    """
    key = (dataset, program_of(DeviceName.parse(model.devices_[0])), type(model).kernels)
    with _lock:
        known = _found.setdefault(space, {})
        is_new = key not in known
        if is_new:
            try:
                with _few_collections():
                    known[key] = find_structure(Members(space, dataset, model.kernels, model.terms))
            except Unknown as why:
                known[key] = why
        found = known[key]
    if isinstance(found, Unknown):
        raise found
    return found, is_new
