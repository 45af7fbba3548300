"""What a recipe of a public table is, and how a published column becomes measurement rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.errors import DataError, UnknownNameError
from archcast.core.measurements import measurement_table
from archcast.core.metric import METRICS
from archcast.core.optional import require

if TYPE_CHECKING:
    import pyarrow as pa

GLITCH_SHARE = 0.05
"""A cost below this share of its column's median is a glitch.

Chosen on the two columns that have them, HELP's `raspi4` and `pixel3` on NAS-Bench-201. There the share
lies in a gap of the sorted values (raspi4: 1.27 ms, then 2.01 ms, at 1.28 ms; pixel3: 0.47 ms, then
0.59 ms, at 0.53 ms), all 284 and 273 values below it belong to cells without a path from input to
output, and the fastest cell that has one is at 9.8 % of the median in both. In every other column the
least value is at 16 % or more.
"""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a table.

    Attributes:
        path: relative to the table's folder, with forward slashes.
        url: where it is downloaded from; empty when it must be fetched by hand.
        sha256: in lower-case hex; empty when unknown.
        size: in bytes; None when unknown.
    """

    path: str
    url: str = ""
    sha256: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Columns that a table holds: one metric on one data set, on one or more devices.

    `devices` is `("",)` for a metric of no device.
    """

    space: str
    metric: str
    dataset: str
    devices: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A public table: where it is, what it holds, how it becomes measurements.

    Attributes:
        name: also the name of its folder.
        title: what it is, in a few words.
        citation: work to cite.
        licence: SPDX name, or `none stated`.
        redistributable: whether the files, and models trained on them, may be passed on.
        upstream: `owner/name@commit`.
        files: the table's files.
        series: everything it holds that is a metric.
        read: (folder, space) -> measurement table of that space.
        read_device: (folder, space, device) -> rows of that device, where that is quicker than all.
        by_hand: one sentence how to get the files, when they cannot be downloaded.
        folder: where the files of a package or the user's own are; None for public tables.
        about: what a user of its figures must know.
        names: of devices in the grammar of names, where the table's own say their batch in another way.
    """

    name: str
    title: str
    citation: str
    licence: str
    redistributable: bool
    upstream: str
    files: tuple[RemoteFile, ...]
    series: tuple[Series, ...]
    read: Callable[[Path, str], pa.Table] = field(repr=False)
    read_device: Callable[[Path, str, str], pa.Table] | None = field(default=None, repr=False)
    by_hand: str = ""
    folder: Path | None = None
    about: str = ""
    names: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def spaces(self) -> tuple[str, ...]:
        """Search spaces that the table covers."""
        return tuple(dict.fromkeys(s.space for s in self.series))

    @property
    def devices(self) -> tuple[str, ...]:
        """Devices that the table names."""
        return tuple(dict.fromkeys(d for s in self.series for d in s.devices if d))

    def to_table(self, folder: Path, *, spaces: Iterable[str] | None = None) -> pa.Table:
        """Measurements in the files of `folder`.

        Args:
            folder: the table's folder.
            spaces: limit to these; None reads all.

        Raises:
            DataError: a file is missing or is not of the published form.
            UnknownNameError: the table does not cover a space.
        """
        wanted = self.spaces if spaces is None else tuple(spaces)
        for space in wanted:
            if space not in self.spaces:
                raise UnknownNameError(f"space of the table {self.name}", space, self.spaces)
        return joined([self.read(folder, space) for space in wanted])


PACKAGE = "archcast.collect.tables"


@lru_cache(maxsize=64)
def card_of(name: str, package: str = PACKAGE) -> Mapping[str, Any]:
    """What `NAME.json` in a package says of a table."""
    card: dict[str, Any] = json.loads((files(package) / f"{name}.json").read_text(encoding="utf-8"))
    return card


def manifest(name: str, package: str = PACKAGE) -> tuple[str, tuple[RemoteFile, ...]]:
    """Upstream (`owner/name@commit`) and files of a recipe, as `NAME.json` in a package lists them.

    A file without a hash has no address either: what cannot be checked is not downloaded.
    """
    card = card_of(name, package)
    repository, commit = card["repository"], card["commit"]
    address = f"https://raw.githubusercontent.com/{repository}/{commit}"
    listed = tuple(
        RemoteFile(path, f"{address}/{entry['upstream']}", entry["sha256"], entry["size"])
        if "sha256" in entry
        else RemoteFile(path)
        for path, entry in card["files"].items()
    )
    return f"{repository}@{commit}" if commit else repository, listed


def published(
    name: str,
    *,
    series: tuple[Series, ...],
    read: Callable[[Path, str], pa.Table],
    read_device: Callable[[Path, str, str], pa.Table] | None = None,
) -> Recipe:
    """The recipe of a table whose card is `NAME.json` in this package; arguments as `Recipe` has them."""
    card, (upstream, listed) = card_of(name), manifest(name)
    return Recipe(
        name=name,
        title=card["title"],
        citation=card["citation"],
        licence=card["licence"],
        redistributable=card.get("redistributable", True),
        upstream=upstream,
        files=listed,
        series=series,
        read=read,
        read_device=read_device,
        by_hand=card.get("by_hand", ""),
        names=card.get("names", {}),
    )


def column(
    series: Series,
    device: str,
    arch: Sequence[str],
    values: Sequence[Any] | Doubles,
    *,
    source: str,
    spread: Sequence[Any] | Doubles | None = None,
    repeats: int | None = None,
    environment: Mapping[str, Any] | None = None,
) -> pa.Table:
    """Measurement table of one published column.

    Args:
        series: what the column is; `device` is one of its devices.
        arch: text of each architecture.
        values: as published, None where the source has none.
        spread: standard deviations, same unit.
        environment: what is known of the runtime; written as JSON.
    """
    if len(arch) != len(values):
        raise DataError(
            f"{source} must have one {series.metric} of {device or series.dataset} for each of "
            f"{len(arch)} architectures, got {len(values)}"
        )
    kept, status, note = classify(values, series.metric)
    return measurement_table(
        {
            "space": series.space,
            "arch": arch,
            "device": device,
            "metric": series.metric,
            "dataset": series.dataset,
            "value": kept,
            "spread": spread,
            "repeats": None if repeats is None else np.full(len(kept), repeats, np.int32),
            "status": status,
            "source": source,
            "environment": json.dumps(dict(environment)) if environment else "",
            "note": note,
        }
    )


def classify(
    values: Sequence[Any] | Doubles, metric: str
) -> tuple[Doubles, list[str] | str, list[str] | str]:
    """Values with NaN where they are no measurement, their statuses, and what the source had written.

    Absent, not finite or negative is `missing`; zero is a `glitch`, and so is a cost below
    `GLITCH_SHARE` of the column's median.
    """
    try:
        numbers = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{metric} must be numbers: {error}") from error
    missing = ~np.isfinite(numbers) | (numbers < 0)
    least = 0.0
    if METRICS[metric].of_device and not missing.all():
        least = GLITCH_SHARE * float(np.median(numbers[~missing]))
    with np.errstate(invalid="ignore"):
        glitch = ~missing & ((numbers < least) | (numbers == 0))
    failed = missing | glitch
    if not failed.any():
        return numbers, "ok", ""
    words = np.where(missing, "missing", np.where(glitch, "glitch", "ok"))
    notes = [json.dumps(_plain(value)) if bad else "" for value, bad in zip(values, failed, strict=True)]
    return np.where(failed, np.nan, numbers), words.tolist(), notes


def series_of(table: pa.Table) -> tuple[Series, ...]:
    """What a measurement table has at least one value of."""
    keys = ["space", "metric", "dataset", "device"]
    listed = table.filter(table["value"].is_valid()).select(keys).group_by(keys).aggregate([]).to_pylist()
    devices_of: dict[tuple[str, str, str], list[str]] = {}
    for row in listed:
        devices_of.setdefault((row["space"], row["metric"], row["dataset"]), []).append(row["device"])
    return tuple(Series(*series, tuple(sorted(devices))) for series, devices in sorted(devices_of.items()))


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """The tables one below the other, repeated texts stored once."""
    pa = require("pyarrow", extra="collect", purpose="reading measurement tables")
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
