"""The page as a person uses it, in a headless Chromium."""

from __future__ import annotations

import base64
import csv
import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from page_cases import CELL, NEEDS_BROWSER, OTHER, Page, model_file, page_in_browser, said, tree_of, waited
from serve_process import Served, served
from service_cases import save_boards

import archcast
from archcast.collect.matrix import load_measurements
from archcast.featurize.readers.onnx_wire import without_weights

pytestmark = NEEDS_BROWSER
ORT = "epyc-zen4-ort-1t"
PHONE = "pixel4-tflite2.10-1large"
COUNT = "return document.querySelector('#count').textContent"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHCAST_HOME", str(folder))
        patch.delenv("ARCHCAST_TOKEN", raising=False)
        yield folder


@pytest.fixture(scope="module")
def service(home: Path) -> Iterator[Served]:
    with served(home) as running:
        yield running


@pytest.fixture(scope="module")
def window(home: Path) -> Iterator[Page]:
    downloads = home / "saved"
    downloads.mkdir()
    with page_in_browser(downloads) as page:
        yield page


@pytest.fixture
def page(window: Page, service: Served) -> Iterator[Page]:
    window.open(service.url)
    window.complaints()
    yield window
    assert window.complaints() == []


def with_cell(page: Page, service: Served, **shown: object) -> None:
    page.open(service.url, a=CELL, **shown)
    page.browser.wait_for("Best neighbours" if "filter" not in shown else "Where it goes")


def test_an_example_is_predicted_as_the_package_does(page: Page) -> None:
    page.browser.click("//form[@data-slot='a']//option[.='nasbench201 1']")
    page.browser.wait_for("accuracy, cifar10", "Best neighbours")
    text = page.browser.run("return document.querySelector('textarea').value")
    shown = page.rows()
    listed = [entry.device for entry in archcast.devices("nasbench201", "latency")]
    assert sorted(shown) == sorted(set(listed))
    expected = archcast.predict([text], list(shown))[0]
    assert [values[0] for values in shown.values()] == [said(value) for value in expected]
    assert list(expected) == sorted(expected)


def test_a_dropped_file_is_predicted_without_its_weights(page: Page, tmp_path: Path) -> None:
    path = model_file(tmp_path / "small.onnx")
    page.drop(path)
    page.browser.wait_for("small.onnx", "The dearest kernels as a table")
    shown = page.rows()
    assert len(shown) == len(archcast.devices("network", "latency"))
    some = [*list(shown)[:5], PHONE]
    expected = archcast.predict([path], some)[0]
    assert [shown[device][0] for device in some] == [said(value) for value in expected]


def test_weights_are_left_out_as_the_package_leaves_them_out(page: Page, tmp_path: Path) -> None:
    script = """
      const done = arguments[1], bytes = Uint8Array.from(atob(arguments[0]), c => c.charCodeAt(0));
      import("/page/onnx.js").then(async ({withoutWeights}) => {
        const kept = new Uint8Array(await new Blob(withoutWeights(bytes)).arrayBuffer());
        done([...kept]);
      });"""
    for channels in (4, 48):
        content = model_file(tmp_path / "model.onnx", channels=channels).read_bytes()
        given = {"script": script, "args": [base64.b64encode(content).decode()]}
        kept = bytes(page.browser.call("POST", "/execute/async", given))
        assert kept == without_weights(memoryview(content))
    assert len(kept) < len(content) / 50


def test_devices_are_picked_by_typing(page: Page, service: Served) -> None:
    with_cell(page, service)
    page.type("//input[@id='filter']", "pixel int8, raspi")
    entries = [*archcast.devices("nasbench201", "latency"), *archcast.devices("network", "latency")]
    texts = {e.device: f"{e.device} {e.hardware} {e.runtime} {e.precision}".lower() for e in entries}
    meant = {d for d, text in texts.items() if ("pixel" in text and "int8" in text) or "raspi" in text}
    assert "raspi4" in meant
    waited(lambda: set(page.rows()) == meant, "the devices that have the words are shown")
    shown = page.rows()
    assert shown["raspi4"] == [said(archcast.predict([CELL], "raspi4")[0])]
    assert "filter=pixel" in page.browser.run("return location.hash")
    page.type("//input[@id='filter']", "nothing like it")
    page.browser.wait_for("No device fits these words")


def test_the_limit_is_dragged_and_moved_by_keys(page: Page, service: Served) -> None:
    with_cell(page, service, limit=40)
    assert "Limit 40 ms. 36 of 37 devices keep it" in page.browser.run(COUNT)
    page.drag("//div[@role='slider']", -150)
    dragged = page.until(
        "return Number(document.querySelector('#limit').value) < 30 && "
        "document.querySelector('#limit').value",
        "the limit follows the mouse",
    )
    values = archcast.predict([CELL], list(page.rows()))[0]
    kept = int((values <= float(dragged)).sum())
    assert f"{kept} of 37 devices keep it" in page.browser.run(COUNT)
    broken = page.browser.run("return document.querySelectorAll('#bars .row.breaks').length")
    assert broken == 37 - kept
    page.press("//div[@role='slider']", "\ue014")  # the right arrow
    after = page.browser.run("return document.querySelector('[role=slider]').getAttribute('aria-valuenow')")
    assert float(after) > float(dragged)
    page.until(f"return location.hash.includes('limit={after}')", "the link keeps the limit")


def test_two_are_seen_side_by_side(page: Page, service: Served, tmp_path: Path) -> None:
    with_cell(page, service, filter="pixel4-tflite")
    page.browser.click("//button[@id='compare']")
    page.type("//form[@data-slot='b']//textarea", OTHER)
    page.browser.click("//form[@data-slot='b']//button[@type='submit']")
    page.until("return document.querySelectorAll('#where-charts canvas').length === 2", "two breakdowns")
    shown = page.rows()
    expected = archcast.predict([CELL, OTHER], PHONE, space="nasbench201")
    assert shown[PHONE] == [said(value) for value in expected]
    page.drop(model_file(tmp_path / "other.onnx"), "b")
    page.browser.wait_for("other.onnx")
    value = said(archcast.predict([tmp_path / "other.onnx"], PHONE)[0])
    page.until(
        f"return [...document.querySelectorAll('[data-device=\"{PHONE}\"] .value div')]"
        f".some(d => d.textContent.includes('{value}'))",
        "the file's value beside the cell's",
    )
    page.browser.click("//button[.='Remove']")
    page.until("return !document.querySelector('.value .mark')", "one is left")


def test_exports_hold_what_is_shown(page: Page, service: Served) -> None:
    with_cell(page, service, limit=10)
    shown = page.rows()
    page.browser.click("//button[@id='csv']")
    lines = list(csv.DictReader(io.StringIO(page.saved("archcast-latency.csv").decode())))
    assert [line["device"] for line in lines] == list(shown)
    values = archcast.predict([CELL], list(shown))[0]
    assert np.allclose([float(line["value"]) for line in lines], values, rtol=1e-6)
    low, high = archcast.predict_interval([CELL], "raspi4")
    raspi = next(line for line in lines if line["device"] == "raspi4")
    assert np.allclose([float(raspi["lower"]), float(raspi["upper"])], [low[0], high[0]], rtol=1e-6)
    assert (raspi["unit"], raspi["origin"], raspi["subject"]) == ("ms", "measurements", CELL)
    page.browser.click("//button[@id='png']")
    picture = page.saved("archcast-latency.png")
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    assert (width, height) == (2200, 2 * (110 + 30 * len(shown)))


def test_what_a_table_has_stands_beside_what_is_predicted(page: Page, service: Served) -> None:
    kept = load_measurements("nasbench201", "latency", devices=[ORT], sources=["host_cpu"])
    arch = archcast.spaces("nasbench201").to_text(kept.codes[:1])[0]
    page.open(service.url, a=arch, filter="epyc, raspi4")
    value = kept.values[0, 0]
    row = f"return document.querySelector('[data-device=\"{ORT}\"] .found')?.textContent"
    assert page.until(row, "the table's value") == f"◇ {said(value)} measured, host_cpu"
    page.browser.wait_for("◇ is what a table has of this very architecture", "the service does not have: ")
    assert "measured" not in page.browser.run(
        "return document.querySelector('[data-device=raspi4]').innerText"
    )
    page.browser.click("//button[@id='csv']")
    lines = csv.DictReader(io.StringIO(page.saved("archcast-latency.csv").decode()))
    told = {line["device"]: (line["table_value"], line["table"]) for line in lines}
    assert float(told[ORT][0]) == pytest.approx(value, rel=1e-6)
    assert (told[ORT][1], told["raspi4"]) == ("host_cpu", ("", ""))


def test_a_link_restores_the_view(page: Page, service: Served) -> None:
    with_cell(page, service, limit=20)
    page.browser.click("//div[@id='metrics']//label[contains(., 'energy')]")
    page.browser.wait_for("mJ, 90 % interval")
    page.browser.click("//button[contains(., 'tpu-like') and not(contains(., 'edge'))]")
    page.browser.click("//label[contains(., 'logarithmic')]")
    shown, link = page.rows(), page.browser.run("return location.href")
    page.browser.run("location.hash = 'a=02012100'")
    known = [one for one in archcast.devices() if (one.space, one.metric) == ("network", "latency")]
    page.browser.wait_for("macro", f"{len(known)} devices")
    page.browser.run("location.href = arguments[0]", link)
    page.browser.wait_for("mJ, 90 % interval", "Where it goes")
    assert page.rows() == shown
    script = (
        "return [document.querySelector('#log').checked, document.querySelector('.chosen').dataset.device]"
    )
    assert page.browser.run(script) == [True, "tpu-like"]


def test_neighbours_are_taken_by_a_click(page: Page, service: Served) -> None:
    with_cell(page, service, device="raspi4")
    page.browser.wait_for("all 15,625 members of nasbench201", "better in both")
    first = page.browser.run("return document.querySelector('#neighbours tbody td').textContent")
    page.browser.click("//table[@id='neighbours']//button[.='Take']")
    page.until(f"return document.querySelector('textarea').value !== {CELL!r}", "another is taken")
    taken = page.browser.run("return document.querySelector('textarea').value")
    assert "edge_2_3: skip_connect -> none" in first
    assert taken == CELL.replace("skip_connect~2", "none~2")


def test_commands_give_the_same_numbers(page: Page, service: Served) -> None:
    with_cell(page, service, filter="raspi")
    text = page.browser.run("return document.querySelector('[aria-label=Python]').textContent")
    *lines, last = text.rstrip().splitlines()
    found: dict[str, object] = {}
    exec("\n".join(lines[:-1]), found)
    values, (low, _) = eval(lines[-1], found), eval(last, found)
    shown = page.rows()
    assert found["devices"] == list(shown)
    assert [said(value) for value in values[0]] == [cells[0] for cells in shown.values()]
    assert low[0, 0] < values[0, 0]
    command = page.browser.run("return document.querySelector('[aria-label=Command]').textContent")
    assert command.startswith(f"archcast predict '{CELL}' --space nasbench201 --metric latency -d raspi4")


@pytest.mark.parametrize("content", [b"PK\x03\x04" + bytes(9000), b"no model at all", b""])
def test_a_wrong_file_is_told(page: Page, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wrong.onnx"
    path.write_bytes(content)
    page.choose(path)
    told = page.until(
        "const e = document.querySelector('[data-slot=a] .wrong'); return !e.hidden && e.textContent",
        "what is wrong is told",
    )
    assert "ONNX" in told
    page.drop(model_file(tmp_path / "right.onnx"))
    page.browser.wait_for("right.onnx", "The dearest kernels as a table")
    assert page.browser.run("return document.querySelector('[data-slot=a] .wrong').hidden")


def test_an_open_dimension_is_asked_for(page: Page, tmp_path: Path) -> None:
    page.choose(model_file(tmp_path / "open.onnx", batch="frames"))
    page.browser.wait_for("dimension 'frames' of 'image' is not bound")
    page.type("//label[contains(@class, 'shapes')]//input", "frames=2")
    page.browser.click("//form[@data-slot='a']//button[@type='submit']")
    page.browser.wait_for("The dearest kernels as a table")
    path = model_file(tmp_path / "open.onnx", batch="frames")
    expected = archcast.predict([archcast.network(path, frames=2)], PHONE)[0]
    assert page.rows()[PHONE] == [said(expected)]
    text = page.browser.run("return document.querySelector('[aria-label=Python]').textContent")
    assert 'archcast.network("open.onnx", frames=2)' in text


def test_what_is_not_understood_is_told(page: Page, tmp_path: Path) -> None:
    page.drop(model_file(tmp_path / "odd.onnx", unknown=True))
    page.browser.wait_for("Not understood, counted as data moved: com.me::Strange", "What must be known")


def test_a_mistake_in_an_architecture_is_told(page: Page) -> None:
    page.type("//form[@data-slot='a']//textarea", "|nor_conv_9x9~0|")
    page.browser.click("//form[@data-slot='a']//button[@type='submit']")
    page.browser.wait_for("architecture")
    told = page.until(
        "const e = document.querySelector('.wrong'); return !e.hidden && e.textContent", "a sentence"
    )
    assert "nasbench201" in told


def test_a_service_that_stopped_is_told_and_asked_again(
    window: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    save_boards("board_a", "board_b")
    with served(tmp_path, alone=True) as first:
        window.open(first.url, a=CELL)
        waited(lambda: len(window.rows()) == 2, "both boards are shown")
        first.stop()
    window.browser.click("//form[@data-slot='a']//button[@type='submit']")
    window.browser.wait_for("The service does not answer")
    with served(tmp_path, port=first.port, alone=True):
        window.browser.click("//div[@id='alert']//button")
        waited(lambda: len(window.rows()) == 2, "it is asked again")
        assert window.browser.run("return document.querySelector('#alert').hidden")


def test_the_token_is_asked_for_and_a_file_that_is_too_large_is_told(
    window: Page, home: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "small.toml"
    settings.write_text("max_network_bytes = 100000\n")
    with served(home, "--settings", str(settings), ARCHCAST_TOKEN="s3cret") as closed:
        window.browser.open(closed.url)
        for word in ("wrong", "s3cret"):
            window.browser.find("//dialog[@open]")
            window.type("//dialog//input", word)
            window.browser.click("//dialog//button")
            if word == "wrong":
                window.browser.wait_for("That was not the token")
        window.browser.find("//body[@data-ready='true']")
        window.browser.click("//form[@data-slot='a']//option[.='macro 1']")
        window.browser.wait_for("accuracy, cifar10")
        window.complaints()
        window.drop(model_file(tmp_path / "large.onnx", told="x" * 200_000))
        window.browser.wait_for("the body must be at most 100000 bytes")
        window.drop(model_file(tmp_path / "huge.onnx", told="x" * 8_000_000))
        window.browser.wait_for("at most 100000 bytes, got 800")
    assert window.complaints() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_sticks_out(window: Page, service: Served, width: int, scheme: str) -> None:
    window.command(
        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
    )
    window.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    try:
        window.open(service.url, a=CELL, b=OTHER, limit=20)
        window.browser.wait_for("Best neighbours")
        out = window.browser.run(
            "return [...document.querySelectorAll('main *')].filter(e =>"
            " !e.closest('.bars, .scroll, pre, .sr, select') &&"
            " e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
        )
        assert out == []
        back = window.browser.run("return getComputedStyle(document.body).backgroundColor")
        assert back == {"light": "rgb(246, 247, 249)", "dark": "rgb(17, 22, 29)"}[scheme]
    finally:
        window.command("Emulation.clearDeviceMetricsOverride")
        window.command("Emulation.setEmulatedMedia", features=[])


def test_whatever_is_reached_by_keys_has_a_name(page: Page, service: Served) -> None:
    page.open(service.url, a=CELL, b=OTHER, limit=20)
    page.browser.wait_for("Best neighbours")
    tree = tree_of(page)
    nameless = [
        node for node in tree if node["focusable"] and not node["name"] and node["role"] != "RootWebArea"
    ]
    assert nameless == []
    roles = {node["role"] for node in tree}
    assert {"slider", "radio", "table", "searchbox", "columnheader", "heading"} <= roles
    names = {node["name"] for node in tree if node["role"] == "heading"}
    assert {"What it costs", "Where it goes", "Accuracy against cost"} <= names
