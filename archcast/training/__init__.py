"""Data sets, splits, fitting, evaluation and tracking."""
