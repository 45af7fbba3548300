"""Measuring on a board, over a real SSH server."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from archcast.collect.measure.address import parse_address
from archcast.collect.measure.board_shell import NotReadyError
from archcast.collect.measure.channel import ConnectionLostError
from archcast.collect.measure.devices import parse_device
from archcast.collect.measure.remote import (
    BoardChannel,
    BoardLostError,
    open_shell,
    packages_for,
)
from archcast.collect.measure.request import Request, make_request
from archcast.collect.measure.rows import measure_rows
from archcast.collect.measure.timing import TimingSettings
from archcast.collect.store import MeasurementStore

SHORT = TimingSettings(rounds=2, runs=1, warm_up=0, block=2, extra_rounds=0)
CELLS = [
    f"|{a}~0|+|none~0|none~1|+|skip_connect~0|{b}~1|none~2|"
    for a in ("none", "skip_connect")
    for b in ("none", "skip_connect", "avg_pool_3x3")
]


def request_for(cells: list[str], *metrics: str) -> Request:
    device = parse_device("board-ort-1t")
    return make_request("nasbench201", cells, device=device, metrics=metrics or ("latency",))


def channel_to(address: str, **more: Any) -> tuple[BoardChannel, list[str]]:
    said: list[str] = []
    more = {"pauses_s": (0.0, 0.1), "first_pauses_s": (), "say": said.append} | more
    return BoardChannel(open_shell(parse_address(address)), **more), said


def keep(
    store: MeasurementStore, channel: BoardChannel, cells: list[str], **more: Any
) -> list[dict[str, Any]]:
    request = request_for(cells)
    already = {"latency": store.measured("nasbench201", "board-ort-1t", "latency", request.dataset)}
    rows = []
    with channel, store:
        for row in measure_rows(
            channel, request, board="my board", already=already, settings=SHORT, store=store, **more
        ):
            store.append([row])
            rows.append(row)
    return rows


def test_rows_come_from_the_board_and_name_it(server, tmp_path: Path) -> None:
    channel, said = channel_to(server.address())
    store = MeasurementStore(tmp_path / "store")
    (row,) = keep(store, channel, CELLS[:1])
    facts = json.loads(row["environment"])
    assert (row["status"], row["device"]) == ("ok", "board-ort-1t")
    assert row["value"] > 0
    assert facts["board"] == "my board"
    assert facts["processor"]
    assert facts["runtime"].startswith("onnxruntime ")
    assert said == []
    assert not channel.troubles
    assert store.count() == 1


def test_a_cut_connection_loses_no_row_and_doubles_none(server, tmp_path: Path) -> None:
    channel, said = channel_to(server.address())
    cuts: list[int] = []

    def cut_once(part: float) -> None:
        if not cuts:
            cuts.append(server.cut())

    store = MeasurementStore(tmp_path / "store")
    rows = keep(store, channel, CELLS[:4], progress=cut_once)
    assert cuts
    assert cuts[0] > 0
    assert [row["status"] for row in rows] == ["ok"] * 4, [row["note"] for row in rows]
    assert sorted(store.to_table()["arch"].to_pylist()) == sorted(CELLS[:4])
    assert channel.troubles == {"connection lost": 1}
    assert len(said) == 1


class Impatient(BoardChannel):
    """Waits for one network less long, so that nothing else is too slow on a busy machine."""

    def request(self, message: Mapping[str, Any], *, timeout_s: float) -> dict[str, Any]:
        hangs = (message["command"], message.get("name")) == ("time", CELLS[1])
        return super().request(message, timeout_s=0.5 if hangs else timeout_s)


def test_a_network_that_hangs_is_given_up_and_the_rest_go_on(server, naughty_python, tmp_path: Path) -> None:
    python = naughty_python(
        "def answer(self, request):\n"
        f"    hangs = request['command'] == 'time' and request['name'] == {CELLS[1]!r}\n"
        "    time.sleep(600 if hangs else 0)\n"
        "    return usual(self, request)"
    )
    channel = Impatient(open_shell(parse_address(server.address(python=python))))
    rows = keep(MeasurementStore(tmp_path / "store"), channel, CELLS[:2])
    status = {row["arch"]: row["status"] for row in rows}
    assert status == {CELLS[0]: "ok", CELLS[1]: "failed"}
    (note,) = [row["note"] for row in rows if row["status"] == "failed"]
    assert "did not answer 'time' within 0.5 s and was ended (twice)" in note
    assert channel.troubles == {"no answer in time": 2}
    left = list((server.folder / "cache/archcast").glob("run-*.pid"))
    assert len(left) == 1, "hanging runners were ended before the next one was started"


def test_nonsense_is_counted_and_asked_again(server, naughty_python, tmp_path: Path) -> None:
    flag = tmp_path / "said"
    python = naughty_python(
        "def answer(self, request):\n"
        f"    if request['command'] == 'time' and not os.path.exists({str(flag)!r}):\n"
        f"        open({str(flag)!r}, 'w').close()\n"
        "        os.write(out, b'Segmentation fault, probably\\n')\n"
        "    return usual(self, request)"
    )
    channel, said = channel_to(server.address(python=python))
    rows = keep(MeasurementStore(tmp_path / "store"), channel, CELLS[:1])
    assert [row["status"] for row in rows] == ["ok"]
    assert channel.troubles == {"nonsense answered": 1}
    assert "answered nonsense: 'Segmentation fault, probably\\n'" in said[0]


def test_a_runner_that_answers_only_nonsense_is_given_up(server, naughty_python, tmp_path: Path) -> None:
    python = naughty_python(
        "answer = usual\nprint('Hello?', file=os.fdopen(out, 'w', closefd=False), flush=True)"
    )
    channel, _ = channel_to(server.address(python=python), first_pauses_s=(0.0,))
    with pytest.raises(BoardLostError, match=r"answered nonsense: 'Hello\?\\n' \(2 tries\)"):
        keep(MeasurementStore(tmp_path / "store"), channel, CELLS[:1])
    assert channel.troubles == {"nonsense answered": 2}


def test_what_the_store_has_is_not_measured_again(server, tmp_path: Path) -> None:
    store = MeasurementStore(tmp_path / "store")
    first = keep(store, channel_to(server.address())[0], CELLS[:2])
    second = keep(store, channel_to(server.address())[0], CELLS[:4])
    assert {row["arch"] for row in first} == set(CELLS[:2])
    assert {row["arch"] for row in second} == set(CELLS[2:4])
    assert sorted(store.to_table()["arch"].to_pylist()) == sorted(CELLS[:4])


def test_a_board_that_stays_away_is_lost_after_the_tries_and_its_rows_are_kept(
    server, tmp_path: Path
) -> None:
    channel, said = channel_to(server.address())
    store = MeasurementStore(tmp_path / "store")
    parts: list[float] = []

    def stop_in_the_second_block(part: float) -> None:
        parts.append(part)
        if sum(parts) > 2:
            server.stop()

    with pytest.raises(BoardLostError, match=r"cannot be reached: .*Connection refused.* \(3 tries\)"):
        keep(store, channel, CELLS[:4], progress=stop_in_the_second_block)
    assert sorted(store.to_table()["arch"].to_pylist()) == sorted(CELLS[:2])
    assert any("next try in 0.1 s" in text for text in said)
    server.start()
    rows = keep(store, channel_to(server.address())[0], CELLS[:4])
    assert {row["arch"] for row in rows} == set(CELLS[2:4])
    resumed = {json.loads(row["environment"])["readings_resumed"] for row in rows}
    assert resumed == {1}, "the first of the two rounds was not used"


def test_a_board_that_lacks_something_is_not_tried_again(server) -> None:
    channel, said = channel_to(server.address(python="snake"), first_pauses_s=(9.0,))
    with pytest.raises(NotReadyError, match="has no program 'snake'"):
        channel.open()
    assert said == []


def test_an_abandoned_channel_raises_in_the_thread_that_uses_it(server, naughty_python) -> None:
    python = naughty_python(
        "def answer(self, request):\n    time.sleep(600 if request['command'] == 'load_average' else 0)\n"
        "    return usual(self, request)"
    )
    channel, _ = channel_to(server.address(python=python))
    channel.open()
    threading.Timer(0.3, channel.abandon).start()
    with pytest.raises(BoardLostError, match="was given up"):
        channel.request({"command": "load_average"}, timeout_s=60)
    with pytest.raises(BoardLostError, match="was given up"):
        channel.open()
    (note,) = (server.folder / "cache/archcast").glob("run-*.pid")
    runner = Path(f"/proc/{note.read_text().strip()}/cmdline")
    assert "runner-" in runner.read_text()
    channel.close()
    assert not runner.exists() or not runner.read_text(), "a runner that hung was left behind"
    assert not note.exists()


def test_a_channel_that_is_not_open() -> None:
    channel, _ = channel_to("ssh://nowhere")
    with pytest.raises(ConnectionLostError, match="ssh://nowhere is not open"):
        channel.request({"command": "hello"}, timeout_s=1)


def test_packages_follow_the_runtime() -> None:
    assert packages_for(parse_device("b-ort-1t")) == ("numpy", "onnxruntime")
    assert packages_for(parse_device("b-torch-1t")) == ("numpy", "torch")
