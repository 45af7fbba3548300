"""The spaces by name, and which of them a batch belongs to."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Arch, ArchBatch, Codes
from archcast.core.batches import PLAIN
from archcast.core.errors import (
    ArchcastWarning,
    InputError,
    ParseError,
    UnknownNameError,
    plain_letters,
    shorten,
)
from archcast.core.network import Network
from archcast.core.registry import Registry
from archcast.featurize.spaces.base import Space
from archcast.featurize.spaces.checks import check_batch, from_json
from archcast.featurize.spaces.fbnet import FBNet
from archcast.featurize.spaces.foreign.catalog import sentence_of
from archcast.featurize.spaces.foreign.form import Foreign
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
        space = saved_space(name) if isinstance(name, str) else None
        if space is not None:
            self.replace(space.name, space)
        return space is not None

    def saved(self) -> Iterable[Space]:
        """Those that were saved and not asked for yet."""
        spaces = []
        for name in saved_names():
            try:
                if name not in self._entries:
                    spaces.append(self[name])
            except InputError as error:  # one that cannot be read leaves the others usable
                warnings.warn(f"space {name} is left out: {error}", ArchcastWarning, stacklevel=4)
        return spaces


_SHORT = 8
"""Most columns of spaces whose members may as well be a list of so many indices."""
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
    codes: Any
    numbers: NDArray[np.integer[Any]] | None = None
    checked: bool = True

    def parsed(self) -> Codes:
        """Checked codes of all."""
        if self.codes is None:
            return self.space.members(np.asarray(self.numbers))
        codes: Codes = self.codes if self.checked else self.space.parse(self.codes)
        return codes


def read(batch: ArchBatch, space: Space | None = None) -> Reading | NetworkBatch:
    """Read a batch once: tell its space where none is given, and parse it.

    Raises:
        ParseError, InputError: as `parse`, or a network cannot be read.
    """
    if type(batch) is not list or not batch or type(batch[0]) not in PLAIN:
        batch = check_batch(batch)
    known = _first_space(batch) if space is None else space
    if isinstance(batch, np.ndarray) and len(batch) > LARGE:
        return Reading(known, batch, checked=False)
    try:
        if known is NETWORKS:
            return NETWORKS.read_checked(batch)
        if known.numbers_of is not None and not isinstance(batch, np.ndarray):
            numbers = known.numbers_of(batch)
            if numbers is not None:
                return Reading(known, None, numbers)
        return Reading(known, known.parse_checked(batch))
    except InputError:
        if space is None:
            _check_rest(known, batch)
        raise


def infer_space(batch: ArchBatch) -> Space:
    """The one space whose notation the whole batch has.

    Raises:
        InputError: the batch is empty, mixes spaces, or fits no space or more than one.
    """
    items = check_batch(batch)
    first = _first_space(items)
    _check_rest(first, items)
    return first


def _first_space(batch: ArchBatch) -> Space:
    """The space of an array of codes, or of the batch's first architecture."""
    if isinstance(batch, np.ndarray):
        return _only(_of_codes(batch), _shape(batch), None)
    if isinstance(batch[0], Network):
        return NETWORKS
    if isinstance(batch[0], int | np.integer):
        _refuse_flat(list(batch))
    fitting = [s for s in SPACES.values() if s.matches(batch[0])]
    return fitting[0] if len(fitting) == 1 else _only(_fitting(batch[0], 0), batch[0], 0)


def _refuse_flat(batch: Sequence[Any]) -> None:
    """Raise InputError where a list of numbers may be one architecture that was not put in a list."""
    for space in SPACES.values():
        if len(batch) == len(space.columns) > _SHORT and space.matches(batch):
            raise InputError(
                f"arch_batch must be a list of architectures, got {len(batch)} numbers, which may be one of "
                f"{space.name}: put it in a list"
            )


def _of_codes(codes: NDArray[np.integer[Any]]) -> list[Space]:
    """Spaces with so many columns; of several, those whose columns have all the codes."""
    columns = codes.shape[1] if codes.ndim == 2 else None
    fitting = [s for s in SPACES.values() if len(s.columns) == columns]
    if len(fitting) < 2 or not len(codes):
        return fitting
    low, high = codes.min(axis=0), codes.max(axis=0)
    return [s for s in fitting if (low >= 0).all() and (high < s.cardinalities).all()] or fitting


def _check_rest(first: Space, batch: ArchBatch) -> None:
    """Raise InputError where an item of the batch is of another space than its first one."""
    if isinstance(batch, np.ndarray):
        return
    for i, item in enumerate(batch):
        if not first.matches(item) and first not in _fitting(item, i):
            other = _only(_fitting(item, i), item, i)
            raise InputError(f"arch_batch must be of one space, got {other.name} after {first.name}", item=i)


def resolve_space(space: str | Space | None, batch: ArchBatch) -> Space:
    """The given space, or the one that `batch` is of when none is given."""
    return infer_space(batch) if space is None else space_named(space)


def given(
    batch: ArchBatch, space: str | Space | None = None, notation: str | None = None
) -> tuple[Space, ArchBatch]:
    """The space of a batch, and its items in the space's own notation; a generator is gone through once.

    Args:
        space: None infers it.
        notation: of others, as `Space.notations` names it.

    Raises:
        UnknownNameError: no such space or notation; lists those there are.
        ParseError, InputError: as `parse`.
    """
    items = check_batch(batch)
    if notation is None:
        return resolve_space(space, items), items
    known, foreign = notation_named(notation, None if space is None else space_named(space))
    return known, foreign.own(items.tolist() if isinstance(items, np.ndarray) else items)


def notation_named(name: str, space: Space | None = None) -> tuple[Space, Foreign]:
    """The notation of that name in any case, and the space whose members it names.

    Args:
        space: None looks through all.

    Raises:
        UnknownNameError: there is none; lists those there are.
    """
    listed = SPACES.values() if space is None else (space,)
    known = {foreign.name: (s, foreign) for s in listed for foreign in s.notations}
    wanted = plain_letters(name) if isinstance(name, str) else name
    fitting = [pair for own, pair in known.items() if plain_letters(own) == wanted]
    if not fitting:
        raise UnknownNameError(f"notation{f' of {space.name}' if space else ''}", name, known)
    return fitting[0]


def parse(arch_batch: ArchBatch, space: str | Space | None = None, notation: str | None = None) -> Codes:
    """Codes of a batch of architectures.

    Args:
        arch_batch: architectures in their space's notation, or an integer array of codes: a list, tuple,
            generator, array or column of a frame, as `archcast.core.batches` says.
        space: the space or its name; None infers it.
        notation: of others, in which the architectures are: `naslib`, `nni`, `index`, `structure`,
            `str2lists`, `str2matrix` and `arch_str` of NAS-Bench-201, `fbnet_names` and `op_idx_list` of
            FBNet, `hat_yaml` of HAT. None is the space's own.

    Shapes:
        output: int8 (n, k), one column per decision

    Raises:
        ParseError: an item is not of the space; names the item, the position and the choices, or the form of
            others that it has.
        InputError: the batch is empty or mixes spaces, or its space cannot be told.
        UnknownNameError: no such space or notation.
    """
    known, items = given(arch_batch, space, notation)
    return known.parse(items)


def _fitting(item: Arch, i: int) -> list[Space]:
    fitting = _matching(item)
    if not fitting and isinstance(item, str) and item.strip() != item:
        return _fitting(item.strip(), i)
    if not fitting and isinstance(item, str) and item[:1] in ("[", "{"):
        fitting = _matching(_json(item, i))
    if not fitting and NETWORKS.matches(item):
        return [NETWORKS]
    if len(fitting) < 2:
        return fitting
    return [space for space in fitting if _is_member(space, item)] or fitting


def _json(text: str, i: int) -> Arch:
    """What text is the JSON of; None where it is none, but has another form that is known."""
    try:
        return from_json(text, i)
    except ParseError:
        if sentence_of(text) is None:
            raise
        return None


def _matching(item: Arch) -> list[Space]:
    """Spaces whose notation an item has; those that were saved are looked at where no other's fits."""
    return [s for s in SPACES.values() if s.matches(item)] or [s for s in SPACES.saved() if s.matches(item)]


def _is_member(space: Space, item: Arch) -> bool:
    try:
        space.parse([item])
    except InputError:
        return False
    return True


def _only(fitting: list[Space], got: Any, item: int | None) -> Space:
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise InputError(
            f"architecture fits the spaces {', '.join(s.name for s in fitting)}; say which with space=",
            item=item,
        )
    known = sentence_of(got, [foreign for s in SPACES.values() for foreign in s.notations])
    raise InputError(
        known
        or f"architecture must be in the notation of one of {', '.join(SPACES)}, or a network or path of an "
        f".onnx or .param file; got {got if item is None else shorten(got)}",
        item=item,
    )


def _shape(codes: NDArray[Any]) -> str:
    """What an array of numbers is that is no space's, for a sentence."""
    said = f"an array of shape {codes.shape}"
    if codes.ndim == 1:
        return f'{said}: put one architecture in a list, or read indices with notation="index"'
    for space in SPACES.values():
        if codes.ndim == 2 and codes.shape[1] == sum(space.cardinalities):
            sides = set(space.cardinalities)
            shape = f"-1, {len(space.columns)}, {sides.pop()}" if len(sides) == 1 else ""
            how = f", by .reshape({shape}).argmax(axis=2)" if shape else ""
            return f"{said}, as one-hot rows of {space.name} have: give codes instead{how}"
    return said
