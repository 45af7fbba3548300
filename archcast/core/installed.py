"""How archcast was installed, so that a line that installs more of it fits."""

from __future__ import annotations

import json
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

NAME = "archcast"


def install_line(extra: str) -> str:
    """The command that adds an extra to archcast where it is installed, from where it was installed.

    A checkout is named by its folder, what came from a repository or a file by its address, anything else
    by the name alone; pipx and uv are used where they installed it.
    """
    try:
        installed = distribution(NAME)
    except PackageNotFoundError:
        return f'pip install "{Path(__file__).parents[2]}[{extra}]"'
    return f"{_installer(installed)} {_target(installed, extra)}"


def _installer(installed: Distribution) -> str:
    if "pipx" in Path(sys.prefix).parts:
        return "pipx install --force"
    by = (installed.read_text("INSTALLER") or "pip").strip()
    return "uv pip install" if by == "uv" else "pip install"


def _target(installed: Distribution, extra: str) -> str:
    """What is to be installed, in quotes."""
    try:
        origin = json.loads(installed.read_text("direct_url.json") or "{}")
        url = str(origin.get("url") or "")
    except (ValueError, AttributeError):
        origin, url = {}, ""
    if not url:
        return f'"{NAME}[{extra}]"'
    if "dir_info" in origin:
        folder = unquote(urlsplit(url).path)
        return f'{"-e " if origin["dir_info"].get("editable") else ""}"{folder}[{extra}]"'
    kind = origin.get("vcs_info", {}).get("vcs")
    return f'"{NAME}[{extra}] @ {f"{kind}+" if kind else ""}{url}"'
