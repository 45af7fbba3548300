"""Accuracy by training: networks of a space trained on a small image data set, several seeds each."""

from archcast.collect.accuracy.protocol import TrainingProtocol
from archcast.collect.accuracy.run import Progress, collect_accuracy

__all__ = ["Progress", "TrainingProtocol", "collect_accuracy"]
