"""Records of `archcast predict` of members of a space: what is predicted, and what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from archcast.core.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from archcast.core.arrays import Codes, Floats
    from archcast.featurize.spaces import Space
    from archcast.serving.loaded import LoadedPredictor
    from archcast.serving.measured import Measurements


@dataclass(frozen=True, slots=True)
class Query:
    """What a command asks of architectures: a metric on a device."""

    device: str | None
    metric: str
    space: Space
    dataset: str | None

    def predicted(self, codes: Codes, coverage: float) -> list[dict[str, Any]]:
        """One record an architecture, with its prediction."""
        from archcast.serving.engine import load

        loaded = load(self.device, self.metric, self.space.name, dataset=self.dataset)
        values = loaded.predict_codes(codes)
        low, high = _ends(loaded, codes, values, coverage)
        return [
            {
                "arch": arch,
                "device": loaded.entry.device,
                "metric": self.metric,
                "unit": loaded.entry.unit,
                "value": round(float(value), 6),
                "low": lo,
                "high": hi,
                "note": note,
            }
            for arch, value, lo, hi, note in zip(
                *(self.space.to_text(codes), values, low, high, loaded.notes_of_codes(codes, values)),
                strict=True,
            )
        ]

    def with_measured(self, codes: Codes, coverage: float) -> list[dict[str, Any]]:
        """The same with what was measured beside it; nothing predicted where nothing predicts the device."""
        from archcast.serving.measured import measured

        table = measured(codes, self.device, self.metric, self.space, self.dataset)
        tell_absent(table)
        try:
            records = self.predicted(codes, coverage)
        except UnknownNameError:
            if not table.known.any():
                raise
            records = self._unpredicted(codes, table)
        return [record | own for record, own in zip(records, table.records(), strict=True)]

    def _unpredicted(self, codes: Codes, found: Measurements) -> list[dict[str, Any]]:
        return [
            {
                "arch": arch,
                "device": found.device,
                "metric": self.metric,
                "unit": found.unit,
                **dict.fromkeys(("value", "low", "high")),
                "note": "nothing predicts it",
            }
            for arch in self.space.to_text(codes)
        ]


def tell_absent(found: Measurements) -> None:
    """Tell on standard error which tables may have values and are not here, where one lacks."""
    if found.absent and not found.known.all():
        names = ", ".join(found.absent)
        typer.echo(f"archcast: not on this machine, and may have more measurements: {names}", err=True)


def _ends(
    loaded: LoadedPredictor, codes: Codes, values: Floats, coverage: float
) -> tuple[Sequence[float | None], Sequence[float | None]]:
    """Ends of intervals; None of members that tables alone answer, whose networks intervals need."""
    from archcast.featurize.spaces.saved import SavedSpace
    from archcast.predictors.intervals import check_coverage

    check_coverage(coverage)
    try:
        ends = loaded.interval_codes(codes, coverage, predicted=values)
    except InputError:
        if not isinstance(loaded.space, SavedSpace):
            raise
        return [None] * len(codes), [None] * len(codes)
    low, high = ends
    return [round(float(end), 6) for end in low], [round(float(end), 6) for end in high]
