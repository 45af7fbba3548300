"""`archcast ui` and `doctor`."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from archcast.cli.output import Json, print_record
from archcast.core import settings
from archcast.core.version import VERSION

PACKAGES = {
    "train": ("lightgbm", "mlflow", "optuna", "scikit-learn", "scipy", "torch", "torch-geometric"),
    "collect": ("pyarrow",),
    "plot": ("matplotlib",),
}


def ui(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 5000,
) -> None:
    """Start MLflow's UI on this project's store.

    Example: archcast ui --port 5001
    """
    from archcast.training.ui import serve_ui

    serve_ui(host, port)


def doctor(as_json: Json = False) -> None:
    """Say what is installed, found and writable.

    Example: archcast doctor
    """
    from archcast.collect.data import list_tables
    from archcast.serving import devices

    home = settings.home()
    served = devices()
    record: dict[str, Any] = {
        "archcast": VERSION,
        "python": platform.python_version(),
        "numpy": _version("numpy"),
        "onnxruntime": _version("onnxruntime"),
    }
    for extra, names in PACKAGES.items():
        for name in names:
            record[name] = _version(name) or f'missing: pip install "archcast[{extra}]"'
    record |= {
        "processors": os.cpu_count(),
        "ARCHCAST_HOME": str(home),
        "home writable": _writable(home),
        "ARCHCAST_DATA": str(settings.data_dir() or "not set"),
        "tables found": [t.name for t in list_tables() if t.place != "absent"],
        "tracking": settings.tracking_uri(),
        "predictors": f"{len(served)} of {len({s.space for s in served})} spaces",
        "own predictors": sum(s.origin == "own" for s in served),
    }
    print_record(record, as_json=as_json)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _writable(folder: Path) -> str:
    """`yes`, or why not; leaves nothing behind."""
    there = next(p for p in (folder, *folder.parents) if p.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            return "yes"
    except OSError as error:
        return f"no: {error}"
