"""A headless Chromium, driven over the W3C WebDriver protocol with the standard library alone.

Needs the programs `chromium` and `chromedriver` (Debian's packages chromium and chromium-driver).
"""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
)
PATIENCE = 30.0
_BESIDE = """
const where = e => e.getBoundingClientRect(), row = where(arguments[0]), middle = (row.top + row.bottom) / 2;
const seen = e => document.elementFromPoint((where(e).left + where(e).right) / 2, middle);
return [...document.querySelectorAll('*')]
  .filter(e => !e.children.length && e.innerText?.trim() && where(e).left > row.right)
  .filter(e => where(e).top <= middle && middle <= where(e).bottom && e.contains(seen(e)))
  .sort((a, b) => where(a).left - where(b).left).map(e => e.innerText.trim());
"""


class Browser:
    """One window; every method waits for what it needs, up to `PATIENCE` seconds."""

    def __init__(self, driver: str, session: str) -> None:
        self._root = f"{driver}/session/{session}"

    def call(self, method: str, path: str, body: object = None) -> Any:
        """One command of the protocol; returns its value."""
        return _call(method, f"{self._root}{path}", body)

    def open(self, address: str) -> None:
        """Go to an address."""
        self.call("POST", "/url", {"url": address})

    def resize(self, width: int, height: int) -> None:
        """Set the size of the window in pixels."""
        self.call("POST", "/window/rect", {"width": width, "height": height})

    def run(self, script: str, *arguments: object) -> Any:
        """Run JavaScript in the page; returns what it returns."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def text(self) -> str:
        """All text that the page shows."""
        return str(self.run("return document.body.innerText"))

    def wait_for(self, *texts: str) -> str:
        """Wait until the page shows all of these texts; raise AssertionError with what it shows instead."""
        return _until(
            self.text,
            lambda shown: all(text in shown for text in texts),
            lambda shown: f"missing {[t for t in texts if t not in shown]} in the page:\n{shown}",
        )

    def find(self, xpath: str) -> str:
        """Identifier of the first element of an XPath, once there is one."""
        found = _until(
            lambda: self.call("POST", "/elements", {"using": "xpath", "value": xpath}),
            bool,
            lambda _: f"no element {xpath} in the page:\n{self.text()}",
        )
        return str(found[0][ELEMENT])

    def click(self, xpath: str) -> None:
        """Click on the first element of an XPath, once it can be clicked on."""

        def clicked() -> str:
            try:
                self.call("POST", f"/element/{self.find(xpath)}/click", {})
            except RuntimeError as error:  # covered, moving, or replaced meanwhile
                return str(error)
            return ""

        _until(clicked, lambda said: not said, lambda said: f"{xpath} cannot be clicked on: {said}")

    def attribute(self, xpath: str, name: str) -> str:
        """An attribute of the first element of an XPath, once there is one."""
        return str(self.call("GET", f"/element/{self.find(xpath)}/attribute/{name}"))

    def wheel(self, xpath: str, pixels: int) -> None:
        """Turn the mouse's wheel over the first element of an XPath; below zero is up."""
        origin = {ELEMENT: self.find(xpath)}
        turn = {"type": "scroll", "x": 0, "y": 0, "deltaX": 0, "deltaY": pixels, "origin": origin}
        self.call("POST", "/actions", {"actions": [{"type": "wheel", "id": "wheel", "actions": [turn]}]})

    def beside(self, xpath: str) -> list[str]:
        """Texts on the same line as an element, from left to right, as a person reads a table's row."""
        return list(self.run(_BESIDE, {ELEMENT: self.find(xpath)}))

    def picture(self, path: Path) -> None:
        """Write what the window shows as a PNG file."""
        path.write_bytes(base64.b64decode(self.call("GET", "/screenshot")))


@contextmanager
def chromium(width: int = 1400, height: int = 900) -> Iterator[Browser]:
    """A browser with an empty profile, ended on leaving."""
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is needed: apt-get install chromium chromium-driver")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    driver = subprocess.Popen(["chromedriver", f"--port={port}", "--log-level=SEVERE"])
    try:
        with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
            _until(lambda: _ready(address), bool, lambda _: "chromedriver did not start")
            options = {"args": [*FLAGS, f"--user-data-dir={profile}"]}
            wanted = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}
            made = _call("POST", f"{address}/session", {"capabilities": wanted})
            browser = Browser(address, made["sessionId"])
            browser.resize(width, height)
            try:
                yield browser
            finally:
                browser.call("DELETE", "")
    finally:
        driver.terminate()
        driver.wait(timeout=20)


def _ready(address: str) -> bool:
    try:
        return bool(_call("GET", f"{address}/status")["ready"])
    except OSError:
        return False


def _call(method: str, address: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        said = json.load(error)["value"]
        raise RuntimeError(f"{said['error']}: {said['message'].splitlines()[0]}") from None


def _until(look: Callable[[], Any], enough: Callable[[Any], bool], complaint: Callable[[Any], str]) -> Any:
    """What `look` gives once it is enough; AssertionError with the complaint when patience ends."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = look()
        if enough(found):
            return found
        if time.monotonic() > deadline:
            raise AssertionError(complaint(found))
        time.sleep(0.3)
