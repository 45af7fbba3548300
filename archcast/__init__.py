"""Archcast: what an architecture nobody has measured will cost, and what it will reach.

    import archcast

    archcast.predict(architectures, device="raspi4")        # milliseconds, float32 (n,)

Importing the package loads nothing heavy; each name is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from archcast.core import version

if TYPE_CHECKING:
    from archcast.core.errors import ArchcastError, ArchcastWarning, InputError, ParseError, UnknownNameError
    from archcast.featurize.features import Features, features
    from archcast.featurize.networks import network
    from archcast.featurize.spaces import parse, spaces
    from archcast.featurize.spaces.define import define_space
    from archcast.search.loop.run import search
    from archcast.serving import (
        AdaptedPredictor,
        LoadedPredictor,
        adapt,
        devices,
        load,
        predict,
        predict_interval,
        suggest,
    )
    from archcast.serving.checking.check import Check, check
    from archcast.serving.client import Client
    from archcast.serving.measured import Measurements, measured

__version__ = version.VERSION

__all__ = [
    "AdaptedPredictor",
    "ArchcastError",
    "ArchcastWarning",
    "Check",
    "Client",
    "Features",
    "InputError",
    "LoadedPredictor",
    "Measurements",
    "ParseError",
    "UnknownNameError",
    "__version__",
    "adapt",
    "check",
    "define_space",
    "devices",
    "features",
    "load",
    "measured",
    "network",
    "parse",
    "predict",
    "predict_interval",
    "search",
    "spaces",
    "suggest",
]

_HOMES = {
    "archcast.core.errors": (
        *("ArchcastError", "ArchcastWarning", "InputError"),
        *("ParseError", "UnknownNameError"),
    ),
    "archcast.featurize.features": ("Features", "features"),
    "archcast.featurize.networks": ("network",),
    "archcast.featurize.spaces": ("parse", "spaces"),
    "archcast.featurize.spaces.define": ("define_space",),
    "archcast.serving.checking.check": ("Check", "check"),
    "archcast.serving.client": ("Client",),
    "archcast.serving.measured": ("Measurements", "measured"),
    "archcast.serving": (
        *("AdaptedPredictor", "LoadedPredictor", "adapt", "devices"),
        *("load", "predict", "predict_interval", "suggest"),
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in ("search", "torch"):  # a callable package; a module which needs torch when it is called
        return importlib.import_module(f"archcast.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'archcast' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
