"""Opens the page of `archcast serve` in a real browser, and keeps the pictures for the guide.

A cell on some devices with a limit, its front with its neighbours, two cells side by side in dark colours,
and the costs on a screen as narrow as a phone's. Diamonds are what HELP's table has of the very cell, so
`ARCHCAST_DATA` must have it. Needs the programs `chromium` and `chromedriver`, and Pillow.

    python examples/page_tour.py --out docs/images
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import browser as window
from browser import Browser, chromium
from PIL import Image

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
from serve_process import served

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
OTHER = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
FEW = "raspi4, titan, 1080ti, 2080ti, silver, gold, essential"
WIDE, NARROW = (1040, 1060), (500, 1000)
SETTLE_SECONDS = 2.0
COLOURS = 96
VIEWS: Mapping[str, tuple[str, str, tuple[int, int], dict[str, str]]] = {
    "page_costs": ("costs", "light", WIDE, {"a": CELL, "filter": FEW, "limit": "30"}),
    "page_front": ("front", "light", WIDE, {"a": CELL, "device": "raspi4"}),
    "page_compare": ("costs", "dark", WIDE, {"a": CELL, "b": OTHER, "filter": FEW}),
    "page_narrow": ("costs", "light", NARROW, {"a": CELL, "filter": FEW, "limit": "30"}),
}


def main() -> None:
    """Make the pictures that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("names", nargs="*", help=", ".join(VIEWS))
    options = parser.parse_args()
    window.PATIENCE = 180.0  # the service reads a table when it is first asked what it has
    with tempfile.TemporaryDirectory() as home, served(Path(home)) as service, chromium() as browser:
        for name in options.names or VIEWS:
            picture(browser, service.url, name, options.out)


def picture(browser: Browser, url: str, name: str, out: Path) -> None:
    """Open a view, bring a section to the top, and keep what the window shows."""
    section, colours, size, shown = VIEWS[name]
    browser.resize(*size)
    browser.open(url)
    browser.run("localStorage.setItem('archcast-theme', arguments[0])", colours)
    browser.open("about:blank")
    browser.open(f"{url}/#{urlencode(shown)}")
    for slot in "ab":
        if slot in shown:
            browser.find(f"//form[@data-slot='{slot}']//*[contains(., '; measured')]")
    browser.wait_for("Best neighbours", "so far)")
    browser.run("document.getElementById(arguments[0]).scrollIntoView()", section)
    time.sleep(SETTLE_SECONDS)
    path = out / f"{name}.png"
    browser.picture(path)
    Image.open(path).convert("RGB").quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main()
