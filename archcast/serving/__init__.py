"""Answers: which predictors there are and what they say."""

from archcast.serving.adaptation import AdaptedPredictor, adapt, suggest
from archcast.serving.engine import LoadedPredictor, devices, load, predict, predict_interval
from archcast.serving.entry import Entry

__all__ = [
    "AdaptedPredictor",
    "Entry",
    "LoadedPredictor",
    "adapt",
    "devices",
    "load",
    "predict",
    "predict_interval",
    "suggest",
]
