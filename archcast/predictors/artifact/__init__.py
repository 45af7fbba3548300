"""A saved predictor: its folder, its card and its arrays."""

from archcast.predictors.artifact.card import Card
from archcast.predictors.artifact.manifest import Manifest, load, read_manifest, save

__all__ = ["Card", "Manifest", "load", "read_manifest", "save"]
