"""A predictor of one metric on one device, as `archcast.load` and `archcast.adapt` give it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from archcast.core.arrays import ArchBatch, Codes, Floats
from archcast.core.errors import InputError
from archcast.core.labels import target_key
from archcast.featurize.spaces import SPACES
from archcast.predictors import Card, Predictor
from archcast.predictors.lowered import Form, served_form
from archcast.serving.answers import answers, values_of_codes
from archcast.serving.store import Served, Store


@dataclass(frozen=True, slots=True)
class LoadedPredictor:
    """A predictor of one metric on one device, ready to be called many times.

    It holds no lock between calls, may be called from many threads and after a fork, and changes no thread
    settings; batches of more than 65,536 architectures are spread over `ARCHCAST_THREADS` threads.

    Attributes:
        served: what it predicts, with its unit.
        model: the fitted predictor behind it, which may have other targets too.
    """

    served: Served
    model: Predictor
    _form: Form | None = field(default=None, repr=False, compare=False, kw_only=True)

    @property
    def form(self) -> Form:
        """What is called in the model's place: tables that answer as it does, or itself."""
        if self._form is None:
            object.__setattr__(self, "_form", served_form(self.model, (self.served.column,)))
        return self._form  # type: ignore[return-value]

    @property
    def card(self) -> Card:
        """What it was learned from, how good it is, where it holds."""
        return self.served.manifest.card

    def has_seen(self, value: float) -> bool:
        """Whether a predicted value lies within those that the predictor learned from."""
        low, high = self.card.ranges.get(target_key(self.served.target), (-np.inf, np.inf))
        return bool(low <= value <= high)

    def predict(self, arch_batch: ArchBatch) -> Floats:
        """Predicted values in `served.unit`.

        Shapes:
            output: float32 (n,)

        Raises:
            InputError: as `archcast.parse`.
        """
        return answers(self.form, SPACES[self.served.space], arch_batch)[:, 0]

    def predict_codes(self, codes: Codes) -> Floats:
        """Predicted values of codes that `archcast.parse` gave.

        Shapes:
            codes: int8 (n, k); output: float32 (n,)
        """
        return values_of_codes(self.form, codes)[:, 0]

    def predict_interval(self, arch_batch: ArchBatch, coverage: float = 0.9) -> tuple[Floats, Floats]:
        """Lower and upper ends of intervals that hold `coverage` of held-out measurements.

        Shapes:
            output: float32 (n,) and (n,)

        Held-out errors give them where there are any; an adapted predictor gives those of its posterior.

        Raises:
            InputError: as `archcast.parse`; coverage outside 0.5 to 0.99; neither is known.
        """
        return self.interval_codes(SPACES[self.served.space].parse(arch_batch), coverage)

    def interval_codes(self, codes: Codes, coverage: float) -> tuple[Floats, Floats]:
        """The same for codes that `archcast.parse` gave."""
        intervals, column = self.served.manifest.intervals, self.served.column
        if intervals is not None:
            predicted = self.predict_codes(codes).astype(np.float64)
            low, high = intervals.around(predicted, column, coverage)
            return low.astype(np.float32), high.astype(np.float32)
        known = self.model.interval(codes, coverage)
        if known is None:
            raise InputError(f"predictor of {self.served.device} was saved without held-out errors")
        return known[0][:, column], known[1][:, column]


def handle_of(served: Served, store: Store) -> LoadedPredictor:
    """The loaded predictor of an entry of a store."""
    return LoadedPredictor(served, store.load(served), _form=store.form([served]))
