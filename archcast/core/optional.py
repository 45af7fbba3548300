"""Import of optional packages at the place of use."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from archcast.core.errors import MissingPackageError


def require(module: str, *, extra: str, purpose: str) -> Any:
    """Import `module`, or raise `MissingPackageError` with the `pip install` line of `extra`."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        top = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != top:
            raise
        raise MissingPackageError(top, extra, purpose) from error


def require_installed(package: str, *, extra: str, purpose: str) -> None:
    """As `require` for a top-level package that another process imports: it is looked for, not imported."""
    if importlib.util.find_spec(package) is None:
        raise MissingPackageError(package, extra, purpose)
