"""What networks cost on many devices at once: values, ends of intervals and what must be known of them.

| symbol | meaning |
|---|---|
| n | networks |
| c | entries that are asked: one metric on c devices |

What devices of one saved predictor share is worked out once for all of them: kernels, mixes of work, notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from archcast.core.arrays import Floats
from archcast.core.errors import InputError
from archcast.core.network import Network
from archcast.predictors.intervals import check_coverage
from archcast.predictors.networks.contract import NetworkPredictor
from archcast.predictors.networks.form import NetworkForm
from archcast.serving.entry import Entry
from archcast.serving.store import Store


@dataclass(frozen=True, slots=True)
class NetworkCosts:
    """What some devices say of some networks.

    Shapes:
        values: float32 (n, c), NaN where a device cannot say
        low, high: float32 (n, c), NaN where nothing is known of errors; None where none were asked for
        notes: n times c texts, empty where there is nothing to say
    """

    values: Floats
    low: Floats | None
    high: Floats | None
    notes: list[list[str]]

    def with_ends(self, item: int) -> tuple[Floats, Floats, Floats]:
        """Values of a network with lower and upper ends, NaN where there are none, (c,) each."""
        none = np.full_like(self.values[item], np.nan)
        low, high = (none if ends is None else ends[item] for ends in (self.low, self.high))
        return self.values[item], low, high


class _Group(NamedTuple):
    """Entries of one saved predictor, and their places among all."""

    entries: list[Entry]
    places: list[int]


def network_costs(
    networks: Sequence[Network], entries: Sequence[Entry], here: Store, *, coverage: float | None = None
) -> NetworkCosts:
    """Values of networks on the devices of entries.

    Args:
        entries: of networks, of one metric.
        coverage: of the intervals, 0.5 to 0.99; None for none.

    Raises:
        InputError: a shape of a network is not known, or the coverage is out of range.
    """
    n, c = len(networks), len(entries)
    if coverage is not None:
        check_coverage(coverage)
    values = np.full((n, c), np.nan, dtype=np.float32)
    low, high = (None, None) if coverage is None else (np.full_like(values, np.nan) for _ in range(2))
    notes = [[""] * c for _ in range(n)]
    for group in _groups(entries):
        form, model = _answering(group, here)
        direct = form.direct(networks, strict=False)
        values[:, group.places] = form.per_second(direct)
        _note(notes, group, direct, networks, form, model)
        if low is not None and high is not None:
            ends = tuple(map(form.per_second, _ends(model, networks, coverage or 0.0, direct)))
            sides = ends[::-1] if group.entries[0].derived_from else ends
            low[:, group.places], high[:, group.places] = sides
    return NetworkCosts(values, low, high, notes)


def _groups(entries: Sequence[Entry]) -> list[_Group]:
    """Entries by the predictor that they are of."""
    groups: dict[tuple[str, str], _Group] = {}
    for place, entry in enumerate(entries):
        key = (str(entry.saved.folder), entry.derived_from)
        group = groups.setdefault(key, _Group([], []))
        group.entries.append(entry)
        group.places.append(place)
    return list(groups.values())


def _answering(group: _Group, here: Store) -> tuple[NetworkForm, NetworkPredictor]:
    """What gives the values of a group, and the predictor of its devices alone."""
    form, model = here.form(group.entries), here.load(group.entries[0])
    if not isinstance(form, NetworkForm) or not isinstance(model, NetworkPredictor):
        raise InputError(f"predictor of {group.entries[0].device} must be of networks")
    return form, model.select(form.columns)


def _ends(
    model: NetworkPredictor, networks: Sequence[Network], coverage: float, direct: Floats
) -> tuple[Floats, Floats]:
    """Ends of intervals, those of all devices together or, where some have none, device by device.

    Shapes:
        direct: (n, devices); output: the same, NaN where there are none
    """
    none = np.full_like(direct, np.nan)
    try:
        return model.interval(networks, coverage, predicted=direct) or (none, none)
    except InputError:
        if direct.shape[1] == 1:
            return none, none
    alone = [_ends(model.select((c,)), networks, coverage, direct[:, [c]]) for c in range(direct.shape[1])]
    low, high = (np.concatenate(side, axis=1) for side in zip(*alone, strict=True))
    return low, high


def _note(
    notes: list[list[str]],
    group: _Group,
    direct: Floats,
    networks: Sequence[Network],
    form: NetworkForm,
    model: NetworkPredictor,
) -> None:
    """Write into `notes` what must be known of the values of a group."""
    own = model.notes_by_device(networks)
    for place, (entry, column) in enumerate(zip(group.entries, group.places, strict=True)):
        for item, value in enumerate(direct[:, place].tolist()):
            if np.isnan(value):
                notes[item][column] = form.why_not(networks[item], place)
                continue
            notes[item][column] = "; ".join(filter(None, (own[item][place], entry.range_note(value))))
