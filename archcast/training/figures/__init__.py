"""Pictures of a fitted predictor, as Matplotlib figures."""

from archcast.training.figures.collection import figures

__all__ = ["figures"]
