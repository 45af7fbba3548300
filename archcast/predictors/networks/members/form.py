"""What is called for the values of members on devices that know networks.

Few members are answered from their networks. Once so many were asked for that it pays, the kernels of the
space are found out, and tables answer from then on; so they do where they were made and kept before.

| symbol | meaning |
|---|---|
| n, k | members, decisions |
| c | devices |
"""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from archcast.core.arrays import Codes, Doubles, Floats
from archcast.core.device import DeviceName
from archcast.core.errors import ArchcastWarning
from archcast.featurize.encoders.program import Program, program_of
from archcast.featurize.spaces import Space
from archcast.predictors.lowered.tables import Group, GroupedSum, Sum
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.members.structure import Unknown
from archcast.predictors.networks.members.structure_cache import structure_of
from archcast.predictors.networks.members.table_files import has_tables, save_tables, saved_tables
from archcast.predictors.networks.members.terms import (
    TOLERANCE,
    Tables,
    folded,
    term_tables,
    worst_difference,
)

WORTH = 256
"""Members asked for, each counted once, from which on tables are made."""
SMALL = 1024
"""Members of a space of which all are built in place of finding out their kernels."""
_MOST_KEPT = 2**17
_CHECKED_AGAIN = 64


class _Part(NamedTuple):
    """Devices of one program.

    Attributes:
        model: of them alone.
        columns: their places among the c.
        tables: how they are made of codes.
        packed: the tables, laid out for many calls.
    """

    model: NetworkPredictor
    columns: tuple[int, ...]
    tables: Tables
    packed: GroupedSum

    def values(self, codes: Codes) -> Doubles:
        """(n, devices)."""
        sums: Doubles = self.packed.at(codes)
        return sums if self.tables.are_values else self.model.finish(sums)


class MembersForm:
    """Values of members on some devices.

    Args:
        model: of the c devices alone.
        per_second: give items a second, made from the milliseconds of one pass, instead of those.

    Attributes:
        seconds: what making the tables took; 0 before, and where they were kept.
        why: why there are none, where that was found.
    """

    rows = 8192
    by_number = None

    def __init__(
        self, model: NetworkPredictor, space: Space, dataset: str, *, per_second: bool = False
    ) -> None:
        self.model, self.space, self.dataset = model, space, dataset
        self.why, self.seconds = "", 0.0
        batches = np.array([DeviceName.parse(device).batch for device in model.devices_])
        self._per_second = 1000.0 * batches if per_second else None
        self._models = tuple((model.select(columns), columns) for columns in self._by_program())
        self._parts: tuple[_Part, ...] = ()
        self._known: dict[bytes, Floats] = {}
        self._lock = threading.Lock()

    @property
    def kind(self) -> str:
        """`sums` where there are tables, else `direct`."""
        return "sums" if self._parts else "direct"

    def values(self, codes: Codes) -> Floats:
        """In the metric's unit.

        Shapes:
            codes: (n, k); output: float32 (n, c)

        Raises:
            InputError: a member cannot be built.
        """
        if not self._parts and not self.why and (self._are_kept or self._is_worth(codes)):
            self.prepare()
        return self.per_second(self._by_tables(codes) if self._parts else self._by_networks(codes))

    def per_second(self, latency_ms: Floats) -> Floats:
        """Items a second from milliseconds of one pass, where that is what is answered; else as they are.

        Shapes:
            latency_ms: (n, c); output: (n, c)
        """
        return latency_ms if self._per_second is None else (self._per_second / latency_ms).astype(np.float32)

    def prepare(self) -> None:
        """Make the tables, unless that was done or found to be impossible; warn where it is."""
        with self._lock:
            if self._parts or self.why:
                return
            began = time.monotonic()
            try:
                self._parts = tuple(self._part(*own) for own in self._models)
            except Unknown as why:
                self.why = str(why)
                warnings.warn(
                    f"{self.model.metric_} of {self.space.name} is told from networks one by one, which is "
                    f"slower: {why}",
                    ArchcastWarning,
                    stacklevel=2,
                )
            self.seconds = time.monotonic() - began

    def sums(self) -> Sum | None:
        """Tables of the values themselves, made now; None where those are no sums, or there are none."""
        self.prepare()
        if not self._parts or self._per_second is not None:
            return None
        groups: list[Group] = []
        tables: list[Doubles] = []
        for part in self._parts:
            if not part.tables.are_values:
                return None
            for group, own in zip(part.tables.sums.groups, part.tables.sums.tables, strict=True):
                table = np.zeros((len(own), len(self.model.devices_)))
                table[:, list(part.columns)] = own
                groups.append(group)
                tables.append(table)
        if any(np.isnan(table).any() for table in tables):
            return None
        return Sum(tuple(groups), tuple(tables), tuple(self.space.cardinalities))

    # -- tables -------------------------------------------------------------------------------------

    def _by_program(self) -> list[tuple[int, ...]]:
        """Devices that see the same kernels the same number of times."""
        alike: dict[tuple[Program, int], list[int]] = {}
        for column, device in enumerate(self.model.devices_):
            name = DeviceName.parse(device)
            alike.setdefault((program_of(name), name.batch), []).append(column)
        return [tuple(columns) for columns in alike.values()]

    @cached_property
    def _are_kept(self) -> bool:
        """Whether tables were made before, which take no time to read."""
        return all(has_tables(model, self.space, self.dataset) for model, _ in self._models)

    def _part(self, model: NetworkPredictor, columns: tuple[int, ...]) -> _Part:
        tables = saved_tables(model, self.space, self.dataset, self._differs)
        if tables is None:
            tables = self._made(model)
            save_tables(model, self.space, self.dataset, tables)
        dtype = np.float32 if tables.are_values else np.float64
        return _Part(model, columns, tables, tables.sums.packed(dtype))

    def _made(self, model: NetworkPredictor) -> Tables:
        if self.space.is_product and self.space.size <= SMALL:
            codes = self.space.members(np.arange(self.space.size))
            values = model.finish(model.terms([self.space.network(code, self.dataset) for code in codes]))
            every = (tuple(range(len(self.space.columns))),)
            return Tables(Sum(every, (values,), tuple(self.space.cardinalities)), are_values=True)
        found, is_new = structure_of(self.space, self.dataset, model)
        terms = term_tables(model, found)
        checked = found.checked if is_new else found.checked[:_CHECKED_AGAIN]
        worst = worst_difference(model, terms, found.members, checked)
        if not worst <= TOLERANCE:
            raise Unknown(f"sums of tables differ from the networks' values by {worst:.2g}")
        values_too = folded(model, terms, found)
        return Tables(terms, are_values=False) if values_too is None else Tables(values_too, are_values=True)

    def _differs(self, model: NetworkPredictor, tables: Tables, codes: Codes) -> bool:
        """Whether tables answer otherwise than the networks of some members."""
        direct = model.predict([self.space.network(code, self.dataset) for code in codes])
        told = tables.sums.at(codes) if tables.are_values else model.finish(tables.sums.at(codes))
        return not np.allclose(told, direct, rtol=TOLERANCE, atol=0)

    def _by_tables(self, codes: Codes) -> Floats:
        out = np.empty((len(codes), len(self.model.devices_)), dtype=np.float32)
        for part in self._parts:
            out[:, list(part.columns)] = part.values(codes)
        unseen = np.isnan(out).any(axis=1)
        if unseen.any():
            out[unseen] = self._by_networks(codes[unseen])
        return out

    # -- networks -----------------------------------------------------------------------------------

    def _is_worth(self, codes: Codes) -> bool:
        if len(codes) + len(self._known) <= min(WORTH, self.space.size // 2):
            return False
        keys = {code.tobytes() for code in codes[: 4 * WORTH]}
        return len(keys | self._known.keys()) > min(WORTH, self.space.size // 2)

    def _by_networks(self, codes: Codes) -> Floats:
        """Each member once."""
        keys = [code.tobytes() for code in codes]
        missing = {key: code for key, code in zip(keys, codes, strict=True) if key not in self._known}
        made = dict(zip(missing, self._predicted(list(missing.values())), strict=True))
        rows = [made[key] if key in made else self._known[key] for key in keys]
        if len(self._known) + len(made) > _MOST_KEPT:
            self._known.clear()
        self._known.update(made)
        return np.stack(rows) if rows else np.empty((0, len(self.model.devices_)), dtype=np.float32)

    def _predicted(self, codes: Sequence[Codes]) -> Floats:
        """(n, c), one by one, as networks take room."""
        out = np.empty((len(codes), len(self.model.devices_)), dtype=np.float32)
        for row, code in zip(out, codes, strict=True):
            network = self.space.network(code, self.dataset)
            for model, columns in self._models:
                row[list(columns)] = model.predict([network])[0]
        return out
