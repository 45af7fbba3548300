"""Measured beside predicted values, as `archcast check` compares them."""

import numpy as np

from archcast.serving.checking.figures import Comparison


def compared(measured, predicted, width=0.1, *, in_points=False):
    """With intervals that reach `width` of the prediction, or so many points."""
    measured, predicted = np.array(measured, dtype=float), np.array(predicted, dtype=float)
    if in_points:
        return Comparison(measured, predicted, predicted - width, predicted + width, True)
    return Comparison(measured, predicted, predicted / (1 + width), predicted * (1 + width), False)
