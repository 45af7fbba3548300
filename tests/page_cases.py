"""The page of the service in a headless Chromium, as a person uses it."""

from __future__ import annotations

import base64
import importlib.util
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

PROGRAMS = ("chromium", "chromedriver")
ABSENT = [program for program in PROGRAMS if shutil.which(program) is None]
NEEDS_BROWSER = pytest.mark.skipif(
    bool(ABSENT), reason=f"no browser to look at the page with: {', '.join(ABSENT)} is not installed"
)
CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
OTHER = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
_BROWSER = Path(__file__).resolve().parents[1] / "examples" / "browser.py"
_DROP = """
const [slot, name, content] = arguments;
const bytes = Uint8Array.from(atob(content), c => c.charCodeAt(0));
const carried = new DataTransfer();
carried.items.add(new File([bytes], name));
const over = document.querySelector(`[data-slot="${slot}"] .drop`);
for (const kind of ["dragover", "drop"]) {
  over.dispatchEvent(new DragEvent(kind, {dataTransfer: carried, bubbles: true, cancelable: true}));
}
"""
_ROWS = """
return [...document.querySelectorAll("#bars .row")].map(row => [row.dataset.device,
  ...[...row.querySelectorAll(".value > div")].map(d => d.childNodes[d.childNodes.length - 2]?.textContent)]);
"""

_FILLED = "return [...document.querySelectorAll('#bars .group')].every(group => group.firstChild)"


class Page:
    """The page in one window.

    Attributes:
        browser: the window.
        downloads: folder into which files are saved.
    """

    def __init__(self, browser: Any, downloads: Path) -> None:
        self.browser, self.downloads = browser, downloads
        self.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))

    def command(self, name: str, **given: Any) -> Any:
        """One command of Chromium's own protocol."""
        return self.browser.call("POST", "/goog/cdp/execute", {"cmd": name, "params": given})

    def open(self, url: str, **shown: Any) -> None:
        """Open the page with a view, and wait until it can be used."""
        self.browser.open("about:blank")
        self.browser.open(f"{url}/#{urlencode(shown)}")
        self.browser.find("//body[@data-ready='true']")

    def type(self, xpath: str, text: str) -> None:
        """Type into an element, in place of what it holds."""
        element = self.browser.find(xpath)
        self.browser.call("POST", f"/element/{element}/clear", {})
        self.browser.call("POST", f"/element/{element}/value", {"text": text})

    def drop(self, path: Path, slot: str = "a") -> None:
        """Drop a file on a network's form."""
        self.browser.run(_DROP, slot, path.name, base64.b64encode(path.read_bytes()).decode())

    def choose(self, path: Path, slot: str = "a") -> None:
        """Choose a file by the form's dialog."""
        element = self.browser.find(f"//form[@data-slot='{slot}']//input[@type='file']")
        self.browser.call("POST", f"/element/{element}/value", {"text": str(path)})

    def drag(self, xpath: str, pixels: int) -> None:
        """Drag an element sideways with the mouse, a few steps on the way."""
        where = self.browser.call("GET", f"/element/{self.browser.find(xpath)}/rect")
        x, y = int(where["x"] + where["width"] / 2), int(where["y"] + 12)
        moves = [{"type": "pointerMove", "x": x + pixels * i // 4, "y": y, "duration": 40} for i in range(5)]
        steps = [
            moves[0],
            {"type": "pointerDown", "button": 0},
            *moves[1:],
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "actions": steps}
        self.browser.call("POST", "/actions", {"actions": [mouse]})

    def press(self, xpath: str, key: str) -> None:
        """Press a key on an element."""
        self.browser.call("POST", f"/element/{self.browser.find(xpath)}/value", {"text": key})

    def rows(self) -> dict[str, list[str]]:
        """Values of each row as they are shown, by device, in order, once all rows are there."""
        waited(lambda: self.browser.run(_FILLED), "rows are missing")
        return {device: values for device, *values in self.browser.run(_ROWS)}

    def until(self, script: str, what: str) -> Any:
        """What a script returns, once that counts as true."""
        found = []

        def look() -> bool:
            found[:] = [self.browser.run(script)]
            return bool(found[0])

        waited(look, what)
        return found[0]

    def saved(self, name: str) -> bytes:
        """Content of a file that was saved, once it is there."""
        path = self.downloads / name
        waited(path.is_file, f"{name} is not saved")
        content = path.read_bytes()
        path.unlink()
        return content

    def complaints(self) -> list[str]:
        """What the console holds of errors since the last time, answers with an error status left out."""
        entries = self.browser.call("POST", "/se/log", {"type": "browser"})
        return [e["message"] for e in entries if e["level"] == "SEVERE" and "status of" not in e["message"]]


def waited(look: Any, what: str) -> None:
    """Wait until something holds, as long as the browser waits for what it needs."""
    _module()._until(look, bool, lambda _: what)


def _module() -> Any:
    spec = importlib.util.spec_from_file_location("browser", _BROWSER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def page_in_browser(downloads: Path, width: int = 1280, height: int = 1000) -> Iterator[Page]:
    """A window for the page."""
    with _module().chromium(width, height) as browser:
        yield Page(browser, downloads)


def model_file(
    path: Path, *, batch: int | str = 1, unknown: bool = False, channels: int = 48, told: str = ""
) -> Path:
    """An ONNX file of a few convolutions with all its weights; `told` is its documentation."""
    rng, nodes, weights, x, read = np.random.default_rng(0), [], [], "image", 3
    for i in range(4):
        made = channels * (1 + i // 2)
        weights.append(numpy_helper.from_array(rng.standard_normal((made, read, 3, 3), dtype="f"), f"w{i}"))
        name = f"/stage{i // 2}/conv{i}/Conv"
        nodes.append(
            helper.make_node("Conv", [x, f"w{i}"], [f"c{i}"], name=name, pads=[1] * 4, strides=[2, 2])
        )
        nodes.append(helper.make_node("Relu", [f"c{i}"], [f"r{i}"], name=f"/stage{i // 2}/relu{i}/Relu"))
        x, read = f"r{i}", made
    nodes += [helper.make_node("GlobalAveragePool", [x], ["p"]), helper.make_node("Flatten", ["p"], ["f"])]
    weights.append(numpy_helper.from_array(rng.standard_normal((100, read), dtype="f"), "fc"))
    nodes.append(helper.make_node("Gemm", ["f", "fc"], ["out"], name="/head/fc/Gemm", transB=1))
    ends = [helper.make_tensor_value_info("out", TensorProto.FLOAT, [batch, 100])]
    if unknown:
        nodes.append(helper.make_node("Strange", ["out"], ["odd"], domain="com.me"))
        ends.append(helper.make_tensor_value_info("odd", TensorProto.FLOAT, [batch, 100]))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 3, 64, 64])
    graph = helper.make_graph(nodes, "made", [image], ends, weights)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.me", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9, doc_string=told), path)
    return path


def said(value: float) -> str:
    """A number as the page writes it: three significant digits."""
    shown = f"{value:.3g}"
    number = float(shown)
    return f"{number:,.0f}" if number >= 100 else f"{number:g}"


def tree_of(page: Page) -> list[Mapping[str, Any]]:
    """What a screen reader is given: nodes with role and name."""
    page.command("Accessibility.enable")
    nodes = page.command("Accessibility.getFullAXTree")["nodes"]
    told: list[Mapping[str, Any]] = [
        {
            "role": node.get("role", {}).get("value", ""),
            "name": node.get("name", {}).get("value", ""),
            "focusable": any(
                p["name"] == "focusable" and p["value"]["value"] for p in node.get("properties", [])
            ),
        }
        for node in nodes
        if not node.get("ignored")
    ]
    return told
