"""Block profiles: how friendly a device is to each block in each place, from end-to-end values alone.

| symbol | meaning |
|---|---|
| M | the metric of a network |
| A | a random network of the space |
| A(u, l, b) | a random network that has block b in layer l of unit u |
| P, K, S | places, blocks, statistics (mean, 5 % and 95 % quantile) |

A block's mean response in a place is E[M(A(u, l, b))] - E[M(A)]; those of the quantiles are alike. After
Mills et al., Profiling Neural Blocks and Design Spaces for Mobile Neural Architecture Search (CIKM 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import InputError
from archcast.core.metric import METRICS
from archcast.featurize.spaces import SPACES, Space
from archcast.featurize.spaces.places import Places
from archcast.predictors.lowered import SumForm
from archcast.predictors.lowered.forms import MAX_MEMBERS
from archcast.search.blocks.statistics import (
    STATISTICS,
    ByPlace,
    Report,
    Responses,
    Values,
    exact_responses,
    sampled_responses,
)
from archcast.search.blocks.sums import ForcedSums
from archcast.search.records_file import write
from archcast.serving import load
from archcast.training.labels import load_labels

SAMPLES = 100_000
_KNOWN = 0.9
"""Least share of a space that a table must have a value of."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Responses of a metric to blocks in places, in the metric's unit.

    Attributes:
        of: what answered: a predictor's family, or the name of a table.
        places: units, layers and blocks.
        found: the responses with their standard errors.
        exact: whether every network of the space, or of the table, was looked at; errors are then 0.
    """

    space: str
    device: str
    metric: str
    dataset: str
    of: str
    places: Places
    found: Responses
    exact: bool

    @property
    def unit(self) -> str:
        """Unit of all values."""
        return METRICS[self.metric].unit

    def heading(self) -> dict[str, Any]:
        """What was profiled."""
        where = {"space": self.space, "device": self.device, "metric": self.metric, "unit": self.unit}
        drawn = {"networks": self.found.networks, "exact": self.exact}
        return where | {"dataset": self.dataset, "of": self.of} | drawn

    def baseline_record(self) -> dict[str, float]:
        """Mean and quantiles of random networks with their errors."""
        return _figures(self.found.baseline, self.found.baseline_error)

    def place_records(self) -> list[dict[str, Any]]:
        """One record a block and place."""
        units, _ = self.places.numbers
        records = []
        for p, unit in enumerate(units.tolist()):
            where = {"place_unit": self.places.units[unit], "place_layer": self.places.layers[p]}
            for b, name in enumerate(self.places.blocks):
                if not np.isnan(self.found.response[p, b, 0]):
                    figures = _figures(self.found.response[p, b], self.found.error[p, b])
                    records.append(where | {"block": name} | figures)
        return records

    def block_records(self) -> list[dict[str, Any]]:
        """One record a block: its mean over places."""
        pairs = zip(self.places.blocks, self.found.block, self.found.block_error, strict=True)
        return [{"block": name} | _figures(*both) for name, *both in pairs]

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON types."""
        return self.heading() | {
            "baseline": self.baseline_record(),
            "blocks": self.block_records(),
            "places": self.place_records(),
        }

    def save(self, path: str | Path) -> None:
        """Write a `.csv` (a row a block and place, means over places under `all`) or a `.json`.

        Raises:
            InputError: another ending, or the file cannot be written.
        """
        whole = {"place_unit": "all", "place_layer": "all"}
        head = {key: value for key, value in self.heading().items() if key != "exact"}
        rows = [head | whole | {"block": "random"} | self.baseline_record()]
        rows += [head | whole | record for record in self.block_records()]
        rows += [head | record for record in self.place_records()]
        write(path, rows, self.to_json(), what="a profile")


def profile(
    space: str | Space,
    device: str | None = None,
    *,
    metric: str = "latency",
    dataset: str | None = None,
    predictor: str | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
    table: bool = False,
    report: Report | None = None,
) -> Profile:
    """Profile the blocks of a space on a device by predictions, or by a public table that has nearly all.

    Small spaces without depths (nasbench201, macro) are looked at whole, so that nothing is drawn and errors
    are 0; in others `samples` random networks are.

    Args:
        space: the space or its name.
        device: name as `archcast.devices` lists it; left out for accuracy.
        metric: `latency`, `energy`, `accuracy`, `throughput` or `memory`.
        dataset: data set the networks are built for; default the first that there is.
        predictor: family, when there are several.
        samples: random networks, at least 2,000; each is used with every block in every place.
        seed: of what is drawn.
        table: use the measured values of a public table instead of predictions.
        report: told how many blocks in places of how many are done.

    Raises:
        UnknownNameError: no such space, device, metric or data set.
        InputError: the space has no places, or the table has too few of its networks.
    """
    known, by_place = SPACES[space], None
    known.places()
    if table:
        values, device, dataset, of = _measured(known, device, metric, dataset)
    else:
        loaded = load(device, metric, space, dataset=dataset, predictor=predictor)
        served = loaded.entry
        values, of = loaded.predict_codes, f"predictor {served.predictor}"
        device, dataset = served.device, served.dataset
        by_place = ForcedSums(loaded.form) if isinstance(loaded.form, SumForm) else None
    responses, exact = _responses(values, known, samples, seed, report, by_place)
    return Profile(known.name, device, metric, dataset, of, known.places(), responses, exact)


def profile_values(
    values: Values,
    space: str | Space,
    *,
    metric: str = "latency",
    device: str = "",
    samples: int = SAMPLES,
    seed: int = 0,
    report: Report | None = None,
) -> Profile:
    """Profile the blocks of a space by a function of codes, such as a predictor that is not saved.

    Args:
        values: codes int8 (n, k) -> values (n,), in the metric's unit.
        device: what the values are of, for headings.
        space, samples, seed, report: as `profile`.
    """
    known = SPACES[space]
    responses, exact = _responses(values, known, samples, seed, report)
    of = getattr(values, "__name__", type(values).__name__)
    return Profile(
        known.name,
        device,
        metric,
        known.check_dataset(None),
        f"function {of}",
        known.places(),
        responses,
        exact,
    )


def _responses(
    values: Values,
    space: Space,
    samples: int,
    seed: int,
    report: Report | None,
    by_place: ByPlace | None = None,
) -> tuple[Responses, bool]:
    if space.places().product and space.size <= MAX_MEMBERS:
        return exact_responses(values, space), True
    networks = space.sample(samples, seed=seed)
    return sampled_responses(values, space, networks, seed=seed, by_place=by_place, report=report), False


def _measured(
    space: Space, device: str | None, metric: str, dataset: str | None
) -> tuple[Values, str, str, str]:
    """Values of a table by number, with device, data set and the table's name."""
    datasets = None if dataset is None else [dataset]
    labels = load_labels(space.name, metric, devices=[device] if device else None, datasets=datasets)
    if METRICS[metric].of_device and device is None:
        raise InputError(f"device must be named for {metric}; one of {', '.join(labels.devices)}")
    known = np.isfinite(labels.values[:, 0])
    count = int(known.sum())
    if count < _KNOWN * space.size:
        raise InputError(
            f"a table must have at least {_KNOWN:.0%} of the {space.size:,} networks of {space.name} to be "
            f"profiled, that of {metric} has {count:,}; leave out the table to use a predictor"
        )
    whole: Doubles = np.full(space.size, np.nan)
    whole[space.numbers(labels.codes)] = labels.values[:, 0]

    def values(codes: Codes) -> NDArray[Any]:
        return whole[space.numbers(codes)]

    target = labels.targets[0]
    of = f"table {labels.sources[0]}"
    if count < space.size:
        of += f", which has no value of {space.size - count:,} networks"
    return values, target.device, target.dataset, of


def _figures(values: Doubles, errors: Doubles) -> dict[str, float]:
    """Statistics and their errors by name."""
    out: dict[str, float] = {}
    for name, value, error in zip(STATISTICS, values.tolist(), errors.tolist(), strict=True):
        out |= {name: value, f"{name}_error": error}
    return out
