"""The card of a saved predictor: what it was learned from, how good it is, where it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Card:
    """What a person needs to know before trusting a predictor.

    Attributes:
        title: one line.
        sources: where the values come from.
        licences: licences of those sources.
        rows: architectures it was fitted to.
        held_out_rows: architectures its quality was measured on; none of their groups was fitted to.
        quality: target (`device/dataset`) -> metric name -> figure on the held-out architectures.
        ranges: target -> lowest and highest value it was fitted to, in the metric's unit.
        split: how rows were held out.
        teacher: the predictor this one was made from, when it is an export.
        teacher_sha256: hash of that predictor's manifest.
        goes_with: hashes of the saved predictors whose measurements taught it, where it goes with them.
        agreement: how an export agrees with its teacher, see `archcast.predictors.agreement`.
        created: date, ISO 8601.
        version: archcast's version.
        registered: name and version in the model registry (`nasbench201.latency.raspi4 v2`), when it was
            promoted from there.
    """

    title: str
    sources: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    rows: int = 0
    held_out_rows: int = 0
    quality: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    split: str = ""
    teacher: str = ""
    teacher_sha256: str = ""
    goes_with: tuple[str, ...] = ()
    agreement: Mapping[str, float] = field(default_factory=dict)
    created: str = ""
    version: str = ""
    registered: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON types only."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Card:
        """The card that `to_json` gave; raise KeyError for an unknown field."""
        known = {f.name for f in fields(cls)}
        for name in found:
            if name not in known:
                raise KeyError(f"card has an unknown field {name!r}")
        values = dict(found)
        for name in ("sources", "licences", "goes_with"):
            values[name] = tuple(values.get(name, ()))
        values["ranges"] = {k: (float(a), float(b)) for k, (a, b) in values.get("ranges", {}).items()}
        return cls(**values)
