"""The runner as one file that Python runs: `runner.pyz`."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

MODULES = ("facts", "memory", "ort_backend", "runner", "sensors", "torch_backend", "weights")
PACKAGE = "archcast_runner"
_START = f"from {PACKAGE}.runner import main\n\nmain()\n"
_STAMP = (2020, 1, 1, 0, 0, 0)


def runner_bytes() -> bytes:
    """The zipapp's bytes, the same for the same sources, so that a copy can be known by its hash."""
    here = Path(__file__).parent
    files = {"__main__.py": _START, f"{PACKAGE}/__init__.py": ""}
    for module in MODULES:
        files[f"{PACKAGE}/{module}.py"] = (here / f"{module}.py").read_text(encoding="utf-8")
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
