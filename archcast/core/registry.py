"""A named collection that refuses duplicates, lists its names, and finds what installed packages add to it.

A package adds to a registry by an entry point, `name = "module:object"`, in the registry's group. None is
looked for at import: one is loaded when its name is asked for and not known otherwise, all when the names are
listed. One that cannot be loaded is left out with a warning that names it.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from archcast.core.errors import ArchcastWarning, UnknownNameError

T = TypeVar("T")

_loading: ContextVar[str | None] = ContextVar("distribution whose entry point is being loaded", default=None)


class Registry(Generic[T]):
    """Maps names to objects of one kind, in the order of registration.

    Args:
        kind: what an entry is, for messages.
        group: the entry points that add to it, e.g. `archcast.spaces`; None where no package can.
        check: called with the name and the entry before one is added; raises when it cannot be used.

    Attributes:
        replaced: how often an entry took the place of another, so that who kept something of one can tell.
    """

    def __init__(
        self, kind: str, *, group: str | None = None, check: Callable[[str, Any], None] | None = None
    ) -> None:
        self.kind, self.group, self._check = kind, group, check
        self._entries: dict[str, T] = {}
        self._origins: dict[str, str | None] = {}
        self._offered: dict[str, list[EntryPoint]] | None = None
        self._lock = threading.RLock()
        self.replaced = 0

    def register(self, name: str, entry: T) -> T:
        """Add `entry` under `name`; raise ValueError when the name is taken."""
        if name in self._entries:
            raise ValueError(f"{self.kind} {name!r} is registered already")
        if self._check is not None:
            self._check(name, entry)
        self._entries[name] = entry
        self._origins[name] = _loading.get()
        return entry

    def replace(self, name: str, entry: T) -> T:
        """Put `entry` under `name`, in the place of what is there, if anything is."""
        if self._check is not None:
            self._check(name, entry)
        self._entries[name] = entry
        self._origins[name] = _loading.get()
        self.replaced += 1
        return entry

    def forget(self, name: str) -> None:
        """Take out what a program registered; nothing where there is no such name."""
        self._entries.pop(name, None)
        self._origins.pop(name, None)

    def origin(self, name: str) -> str | None:
        """Distribution whose entry point added `name`; None for archcast's own and what a program registered.

        Raises:
            UnknownNameError: there is no such name.
        """
        self._load(name)
        self[name]
        return self._origins.get(name)

    def __getitem__(self, name: str) -> T:
        if name in self:
            return self._entries[name]
        raise UnknownNameError(self.kind, name, self)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        if name not in self._entries:
            self._load(name)
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())

    def names(self) -> tuple[str, ...]:
        """Names in the order of registration, those of installed packages last."""
        self._load(None)
        return tuple(self._entries)

    def values(self) -> tuple[T, ...]:
        """Entries in the order of `names`."""
        return tuple(self._entries[name] for name in self.names())

    def _load(self, wanted: str | None) -> None:
        """Load what installed packages offer under one name, or under any; each is tried once."""
        if self.group is None or self._offered == {}:
            return
        with self._lock:
            if self._offered is None:
                self._offered = _offers(self.group)
            for name in list(self._offered) if wanted is None else [wanted]:
                for point in self._offered.pop(name, ()):
                    self._take(point)

    def _take(self, point: EntryPoint) -> None:
        distribution = point.dist.name if point.dist is not None else None
        token = _loading.set(distribution)
        try:
            entry = point.load()
            if self._entries.get(point.name) is entry:  # its module has registered it itself
                self._origins[point.name] = distribution
            else:
                self.register(point.name, entry)
        except Exception as error:  # whatever a foreign module raises, the others stay usable
            warnings.warn(
                f"{self.kind} {point.name!r} of the package {distribution or point.value} cannot be used and "
                f"is left out: {error or type(error).__name__}",
                ArchcastWarning,
                stacklevel=4,
            )
        finally:
            _loading.reset(token)


def _offers(group: str) -> dict[str, list[EntryPoint]]:
    """Entry points of a group by name, in an order that does not depend on where packages are installed."""
    offers: dict[str, list[EntryPoint]] = {}
    for point in sorted(entry_points(group=group), key=lambda p: (p.dist.name if p.dist else "", p.name)):
        offers.setdefault(point.name, []).append(point)
    return offers
