"""Folders of what ships inside the package."""

from __future__ import annotations

from importlib.resources import files
from typing import Any


def zoo_folder() -> Any:
    """Folder of the shipped predictors, one folder each."""
    return files("archcast") / "zoo"


def sources_folder() -> Any:
    """Folder of the shipped source devices, one folder a space and metric."""
    return zoo_folder() / "sources"
