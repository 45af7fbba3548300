"""Answers: which predictors there are and what they say."""

from archcast.serving.adaptation import AdaptedPredictor, adapt, suggest
from archcast.serving.engine import devices, load, predict, predict_interval
from archcast.serving.entry import Entry
from archcast.serving.loaded import LoadedNetworks, LoadedPredictor

__all__ = [
    "AdaptedPredictor",
    "Entry",
    "LoadedNetworks",
    "LoadedPredictor",
    "adapt",
    "devices",
    "load",
    "predict",
    "predict_interval",
    "suggest",
]
