"""Answers: which predictors there are and what they say."""

from archcast.serving.engine import LoadedPredictor, devices, load, predict, predict_interval
from archcast.serving.store import Served

__all__ = ["LoadedPredictor", "Served", "devices", "load", "predict", "predict_interval"]
