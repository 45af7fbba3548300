"""The runner as one file that Python runs, `runner.pyz`, with the sensors that packages add."""

from __future__ import annotations

import inspect
import sys
import zipfile
from io import BytesIO
from pathlib import Path

from archcast.collect.measure.sensor_catalog import outside

MODULES = (
    "drawn_inputs",
    "facts",
    "memory",
    "ort_backend",
    "runner",
    "sensors",
    "torch_backend",
    "torch_network",
    "weights",
)
PACKAGE = "archcast_runner"
_START = f"from {PACKAGE}.runner import main\n"
_STAMP = (2020, 1, 1, 0, 0, 0)


def runner_bytes() -> bytes:
    """The zipapp's bytes, the same for the same sources, so that a copy can be known by its hash."""
    here = Path(__file__).parent
    start, files = _START, {f"{PACKAGE}/__init__.py": ""}
    for module in MODULES:
        files[f"{PACKAGE}/{module}.py"] = (here / f"{module}.py").read_text(encoding="utf-8")
    for kind, find in outside().items():
        files[f"{PACKAGE}/sensor_{kind}.py"] = inspect.getsource(sys.modules[find.__module__])
        start += f"from {PACKAGE}.sensor_{kind} import {find.__name__} as find_{kind}\n"
        start += f"from {PACKAGE}.sensors import FINDERS\nFINDERS[{kind!r}] = find_{kind}\n"
    files["__main__.py"] = f"{start}\nmain()\n"
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _STAMP), text, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def write_runner(folder: Path) -> Path:
    """Write `runner.pyz` into `folder` and return its path; `python runner.pyz` runs it."""
    path = folder / "runner.pyz"
    path.write_bytes(runner_bytes())
    return path
