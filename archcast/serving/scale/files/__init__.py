"""Bulk scoring of model files: a folder of them on some devices, into one CSV."""

from archcast.serving.scale.files.score_files import FilesScored, score_files

__all__ = ["FilesScored", "score_files"]
