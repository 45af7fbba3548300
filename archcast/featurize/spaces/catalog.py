"""The spaces by name, and which of them a batch belongs to."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Arch, ArchBatch, Codes
from archcast.core.errors import ArchcastWarning, InputError, UnknownNameError, shorten
from archcast.core.registry import Registry
from archcast.featurize.spaces.base import Space
from archcast.featurize.spaces.checks import check_batch, from_json, is_codes
from archcast.featurize.spaces.fbnet import FBNet
from archcast.featurize.spaces.hat import HAT
from archcast.featurize.spaces.macro import Macro
from archcast.featurize.spaces.mnasnet import MnasNet
from archcast.featurize.spaces.nasbench201 import NASBench201
from archcast.featurize.spaces.networks import NETWORKS, AllNetworks, NetworkBatch
from archcast.featurize.spaces.ofa_mbv3 import OFAMobileNetV3
from archcast.featurize.spaces.saved import saved_names, saved_space
from archcast.featurize.spaces.skipnet import SkipNet


def _check(name: str, space: object) -> None:
    """Raise InputError unless `space` is a space of that name whose decisions codes can hold."""
    if not isinstance(space, Space):
        raise InputError(f"space {name!r} must be an instance of Space, got {shorten(space)}")
    if space.name != name:
        raise InputError(f"space {space.name!r} must be registered under its own name, got {name!r}")
    if len(space.columns) != len(space.cardinalities) or not space.columns:
        raise InputError(
            f"space {name!r} must have as many cardinalities as columns and at least one, got "
            f"{len(space.cardinalities)} and {len(space.columns)}"
        )
    space.check_decisions()


class Spaces(Registry[Space]):
    """The spaces by name; one that the user defined and saved joins them when it is first asked for."""

    def __getitem__(self, name: str | Space) -> Space:
        if isinstance(name, Space):
            return self[cast("str", name_of(name))]
        if name in self:
            return self._entries[name]
        raise UnknownNameError(self.kind, name, {*self, *saved_names()})

    def __contains__(self, name: object) -> bool:
        if super().__contains__(name):
            return True
        found = saved_space(name) if isinstance(name, str) else None
        if found is not None:
            self.replace(found.name, found)
        return found is not None

    def saved(self) -> Iterable[Space]:
        """Those that were saved and not asked for yet."""
        found = []
        for name in saved_names():
            try:
                if name not in self._entries:
                    found.append(self[name])
            except InputError as error:  # one that cannot be read leaves the others usable
                warnings.warn(f"space {name} is left out: {error}", ArchcastWarning, stacklevel=4)
        return found


LARGE = 65_536
"""Arrays of more codes are read part by part, so that memory stays that of input and answers."""
SPACES = Spaces("space", group="archcast.spaces", check=_check)
for _space in (NASBench201(), FBNet(), OFAMobileNetV3(), MnasNet(), Macro(), HAT(), SkipNet()):
    SPACES.register(_space.name, _space)


def spaces(name: str | Space) -> Any:
    """The space of that name; raise UnknownNameError, which lists the names, when there is none."""
    return SPACES[cast("str", name_of(name))]


def name_of(space: str | Space | None) -> str | None:
    """The name of a space that is given by its name or itself; None where none is.

    Raises:
        InputError: another space has that name by now.
    """
    if not isinstance(space, Space):
        return space
    if isinstance(space, AllNetworks):
        return space.name
    if space.name not in SPACES:
        SPACES.register(space.name, space)
    if SPACES[space.name] is not space:
        raise InputError(f"space {space.name} must be the one of that name, which was defined anew since")
    return space.name


def space_named(space: str | Space) -> Space:
    """A space with codes, or that of all networks; raise UnknownNameError, which lists the names."""
    name = cast("str", name_of(space))
    if name == NETWORKS.name:
        return NETWORKS
    if name not in SPACES:
        raise UnknownNameError(SPACES.kind, name, (*SPACES, *saved_names(), NETWORKS.name))
    return SPACES[name]


class Reading(NamedTuple):
    """A batch of one space, read.

    Shapes:
        codes: (n, k); numbers: (n,), positions of members, where those are quicker; one of the two is None

    Attributes:
        checked: whether the codes are those of `Space.parse`; a large array is checked by whoever goes
            through it, part by part, instead of being copied whole.
    """

    space: Space
    codes: NDArray[np.integer[Any]] | None
    numbers: NDArray[np.integer[Any]] | None = None
    checked: bool = True

    def parsed(self) -> Codes:
        """Checked codes of all."""
        if self.codes is None:
            return self.space.members(np.asarray(self.numbers))
        return self.codes.astype(np.int8, copy=False) if self.checked else self.space.parse(self.codes)


def read(batch: ArchBatch, space: Space | None = None) -> Reading | NetworkBatch:
    """Read a batch once: tell its space where none is given, and parse it.

    Raises:
        ParseError, InputError: as `parse`, or a network cannot be read.
    """
    known = _first_space(batch) if space is None else space
    if isinstance(batch, np.ndarray) and len(batch) > LARGE and is_codes(batch):
        return Reading(known, batch, checked=False)
    try:
        if known is NETWORKS:
            return NETWORKS.read(batch)
        if isinstance(batch, list | tuple) and batch:
            numbers = known.numbers_of(batch)
            if numbers is not None:
                return Reading(known, None, numbers)
        return Reading(known, known.parse(batch))
    except InputError:
        if space is None:
            _check_rest(known, batch)
        raise


def infer_space(batch: ArchBatch) -> Space:
    """The one space whose notation the whole batch has.

    Raises:
        InputError: the batch is empty, mixes spaces, or fits no space or more than one.
    """
    first = _first_space(batch)
    _check_rest(first, batch)
    return first


def _first_space(batch: ArchBatch) -> Space:
    """The space of an array of codes, or of the batch's first architecture."""
    if isinstance(batch, list | tuple) and batch:
        fitting = [s for s in SPACES.values() if s.matches(batch[0])]
        return fitting[0] if len(fitting) == 1 else _only(_fitting(batch[0], 0), shorten(batch[0]), 0)
    if is_codes(batch):
        batch = np.asarray(batch)
        columns = batch.shape[1] if batch.ndim == 2 else None
        fitting = [s for s in SPACES.values() if len(s.columns) == columns]
        return _only(fitting, f"an array of shape {batch.shape}", None)
    first = check_batch(batch)[0]
    return _only(_fitting(first, 0), shorten(first), 0)


def _check_rest(first: Space, batch: ArchBatch) -> None:
    """Raise InputError where an item of the batch is of another space than its first one."""
    if is_codes(batch):
        return
    for i, item in enumerate(check_batch(batch)):
        if not first.matches(item) and first not in _fitting(item, i):
            other = _only(_fitting(item, i), shorten(item), i)
            raise InputError(f"arch_batch must be of one space, got {other.name} after {first.name}", item=i)


def resolve_space(space: str | Space | None, batch: ArchBatch) -> Space:
    """The given space, or the one that `batch` is of when none is given."""
    return infer_space(batch) if space is None else space_named(space)


def parse(arch_batch: ArchBatch, space: str | Space | None = None) -> Codes:
    """Codes of a batch of architectures.

    Args:
        arch_batch: architectures in their space's notation, or an integer array of codes.
        space: the space or its name; None infers it.

    Shapes:
        output: int8 (n, k), one column per decision

    Raises:
        ParseError: an item is not of the space; names the item, the position and the choices.
        InputError: the batch is empty or mixes spaces, or its space cannot be told.
    """
    return resolve_space(space, arch_batch).parse(arch_batch)


def _fitting(item: Arch, i: int) -> list[Space]:
    fitting = _matching(item)
    if not fitting and isinstance(item, str) and item.lstrip()[:1] in ("[", "{"):
        fitting = _matching(from_json(item, i))
    if not fitting and NETWORKS.matches(item):
        return [NETWORKS]
    if len(fitting) < 2:
        return fitting
    return [space for space in fitting if _is_member(space, item)] or fitting


def _matching(item: Arch) -> list[Space]:
    """Spaces whose notation an item has; those that were saved are looked at where no other's fits."""
    return [s for s in SPACES.values() if s.matches(item)] or [s for s in SPACES.saved() if s.matches(item)]


def _is_member(space: Space, item: Arch) -> bool:
    try:
        space.parse([item])
    except InputError:
        return False
    return True


def _only(fitting: list[Space], text: str, item: int | None) -> Space:
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise InputError(
            f"architecture must be in the notation of one of {', '.join(SPACES)}, or a network or path of an "
            f".onnx or .param file; got {text}",
            item=item,
        )
    raise InputError(
        f"architecture fits the spaces {', '.join(s.name for s in fitting)}; say which with space=",
        item=item,
    )
