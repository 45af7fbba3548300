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
from archcast.core.errors import ArchcastError
from archcast.core.installed import install_line
from archcast.core.version import VERSION

PACKAGES = {
    "train": ("lightgbm", "mlflow", "optuna", "scikit-learn", "torch", "torch-geometric"),
    "measure": ("duckdb", "nvidia-ml-py", "onnx", "onnxruntime", "pyarrow"),
    "collect": ("ethos-u-vela", "pyyaml", "zigzag-dse"),
    "client": ("httpx",),
    "serve": ("prometheus-client", "pydantic", "starlette", "uvicorn"),
    "search": ("pymoo",),
    "plot": ("matplotlib",),
}


def ui(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 5000,
) -> None:
    """Start MLflow's UI on this project's store.

    Example: archcast ui --port 5001
    """
    from archcast.training.tracking.ui import serve_ui

    serve_ui(host, port)


def doctor(as_json: Json = False) -> None:
    """Say what is installed, found and writable, and what this host can measure.

    Example: archcast doctor
    """
    from archcast.collect.data import list_tables
    from archcast.serving.store import store

    home, here = settings.home(), store(fresh=True)
    served = here.first()
    record: dict[str, Any] = {
        "archcast": VERSION,
        "python": platform.python_version(),
        "numpy": _version("numpy"),
        "scipy": _version("scipy"),
    }
    for extra, names in PACKAGES.items():
        for name in names:
            record[name] = _version(name) or f"missing: {install_line(extra)}"
    record |= {
        "processors": os.cpu_count(),
        "ARCHCAST_HOME": str(home),
        "home writable": _writable(home),
        "ARCHCAST_DATA": str(settings.data_dir() or "not set"),
        "tables found": [t.name for t in list_tables() if t.place != "absent"],
        "tracking": settings.tracking_uri(),
        "predictors": f"{len(served)} of {len({s.space for s in served})} spaces",
        "own predictors": sum(s.origin == "own" for s in served),
        "refused predictors": [refusal.sentence for refusal in (*here.refused, *here.damaged())] or "none",
    }
    print_record(record | _measuring() | _stored(), as_json=as_json)


def _measuring() -> dict[str, Any]:
    from archcast.collect.measure.capabilities import capabilities

    can = capabilities()
    record: dict[str, Any] = {
        "processor": can.processor,
        "governor": can.governor or "unknown: the system shows none",
        "usable processors": can.cores,
    }
    record |= {f"measure with {name}": said for name, said in can.runtimes.items()}
    record |= {f"measure in {name}": said for name, said in can.precisions.items()}
    for sensor in can.sensors:
        said = f"yes: {sensor['what']}" if sensor["readable"] else f"no: {sensor['reason']}"
        record[f"energy by {sensor['name']}"] = said
    return record


def _stored() -> dict[str, Any]:
    from archcast.collect.store import MeasurementStore

    store = MeasurementStore()
    try:
        rows: int | str = store.count()
    except ArchcastError as error:  # doctor is asked when something is wrong: it goes on
        rows = str(error)
    return {"store": str(store.folder), "stored measurements": rows}


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
