"""Farms: sharing work and losing boards, over made-up runners and over real SSH servers."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_runner import FakeChannel

from archcast.collect.measure.address import parse_address
from archcast.collect.measure.channel import ConnectionLostError, RefusedError
from archcast.collect.measure.devices import parse_device
from archcast.collect.measure.farm import Farm
from archcast.collect.measure.farm_file import Board
from archcast.collect.measure.readings import begun_by
from archcast.collect.measure.remote import BoardChannel, BoardLostError, open_shell
from archcast.collect.measure.request import make_request
from archcast.collect.measure.timing import TimingSettings
from archcast.collect.store import MeasurementStore

SHORT = TimingSettings(rounds=2, runs=1, warm_up=0, block=2, extra_rounds=0)
CELLS = [
    f"|{a}~0|+|none~0|none~1|+|skip_connect~0|{b}~1|none~2|"
    for a in ("none", "skip_connect")
    for b in ("none", "skip_connect", "avg_pool_3x3")
]


class FakeBoard(FakeChannel):
    """What the farm uses of a `BoardChannel`."""

    def __init__(self, breaks: Callable[[str, str], None]) -> None:
        super().__init__(lambda name, before: 2.0, breaks=breaks)
        self.troubles: Counter[str] = Counter()

    def abandon(self) -> None:
        self.close()


def board(name: str, device: str = "pi-ort-1t", address: str = "") -> Board:
    return Board(name, parse_device(device), parse_address(address or f"ssh://{name}"))


def farm_of(
    boards: list[Board], breaks: dict[str, Any], *metrics: str, cells: list[str] = CELLS, **more: Any
) -> tuple[Farm, list[str]]:
    said: list[str] = []
    devices = dict.fromkeys(board.device for board in boards)
    requests = [
        make_request("nasbench201", cells, device=device, metrics=metrics or ("latency",))
        for device in devices
    ]

    def make(board: Board, say: Callable[[str], None]) -> Any:
        return FakeBoard(breaks.get(board.name, lambda command, name: None))

    farm = Farm(boards, requests, settings=SHORT, say=said.append, make_channel=make, **more)
    return farm, said


def dies_at(time: int) -> Callable[[str, str], None]:
    """A board that goes silent for good at its so-manieth reading."""
    readings = [0]

    def breaks(command: str, name: str) -> None:
        readings[0] += command == "time"
        if readings[0] >= time:
            raise BoardLostError("the board fell silent")

    return breaks


def board_of(row: dict[str, Any]) -> str:
    return str(json.loads(row["environment"])["board"])


def test_each_network_is_measured_once_on_each_device() -> None:
    boards = [board("a"), board("b"), board("c", "phone-ort-1t")]
    farm, said = farm_of(boards, {})
    parts: list[float] = []
    rows = list(farm.run(parts.append))
    pairs = [(row["device"], row["arch"]) for row in rows]
    assert sorted(pairs) == sorted((d, cell) for d in ("pi-ort-1t", "phone-ort-1t") for cell in CELLS)
    assert farm.total == 12
    assert sum(parts) == pytest.approx(12)
    assert {board_of(row) for row in rows if row["device"] == "phone-ort-1t"} == {"c"}
    assert farm.report.measured.total() == 12
    assert (farm.report.lost, farm.report.undone, said) == ({}, {}, [])


def test_a_lost_boards_networks_are_taken_over_and_never_mixed() -> None:
    for time in (1, 9, 13, 17):
        farm, said = farm_of([board("a"), board("b")], {"a": dies_at(time)}, "latency", "memory")
        parts: list[float] = []
        rows = list(farm.run(parts.append))
        found = Counter((row["metric"], row["arch"]) for row in rows)
        assert found == Counter((m, cell) for m in ("latency", "memory") for cell in CELLS)
        boards = {cell: {board_of(row) for row in rows if row["arch"] == cell} for cell in CELLS}
        assert all(len(names) == 1 for names in boards.values())
        assert sum(parts) == pytest.approx(12)
        assert farm.report.undone == {}
        if farm.report.lost:  # the other board may have been quick enough to leave it nothing
            assert farm.report.lost == {"a": "the board fell silent"}
            assert said == ["a is lost: the board fell silent"]


def test_what_a_board_has_half_measured_is_measured_anew_by_the_other() -> None:
    lost = threading.Event()

    def breaks(command: str, name: str) -> None:
        if command == "memory":  # all latencies of the block are there by then
            lost.set()
            raise BoardLostError("the board fell silent")

    def waits(command: str, name: str) -> None:
        assert lost.wait(60)

    farm, _ = farm_of([board("a"), board("b")], {"a": breaks, "b": waits}, "latency", "memory")
    rows = list(farm.run())
    assert len(rows) == 12
    assert {board_of(row) for row in rows} == {"b"}
    assert farm.report.measured == {"b": 6}


@pytest.mark.parametrize("error", [ConnectionLostError("gone"), RefusedError("gone"), BoardLostError("gone")])
def test_without_another_board_they_stay_undone_and_are_named(error: Exception) -> None:
    def breaks(command: str, name: str) -> None:
        if command == "hello":
            raise error

    farm, _ = farm_of([board("a"), board("c", "phone-ort-1t")], {"a": breaks})
    rows = list(farm.run())
    assert {row["device"] for row in rows} == {"phone-ort-1t"}
    assert {name: sorted(texts) for name, texts in farm.report.undone.items()} == {"pi-ort-1t": sorted(CELLS)}
    assert farm.report.lost == {"a": "gone"}


def test_a_network_that_fails_is_no_lost_board() -> None:
    def breaks(command: str, name: str) -> None:
        if (command, name) == ("load", CELLS[0]):
            raise RefusedError("no such operator")

    farm, _ = farm_of([board("a")], {"a": breaks})
    status = {row["arch"]: row["status"] for row in farm.run()}
    assert status == dict.fromkeys(CELLS, "ok") | {CELLS[0]: "failed"}
    assert farm.report.lost == {}


def test_a_mistake_of_the_program_is_not_taken_for_a_lost_board() -> None:
    def breaks(command: str, name: str) -> None:
        raise ZeroDivisionError

    farm, _ = farm_of([board("a"), board("b")], {"a": breaks})
    with pytest.raises(ZeroDivisionError):
        list(farm.run())


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    store = MeasurementStore(tmp_path)
    farm, _ = farm_of([board("a")], {}, store=store)
    run = farm.run()
    store.append([next(run), next(run)])
    run.close()
    farm, _ = farm_of([board("a"), board("b")], {}, store=store)
    assert (farm.total, farm.had) == (4, 2)
    store.append(list(farm.run()))
    assert sorted(store.to_table()["arch"].to_pylist()) == sorted(CELLS)


def test_rounds_of_a_farm_are_kept_and_used_on_the_board_that_took_them(tmp_path: Path) -> None:
    store, names = MeasurementStore(tmp_path), ("a", "b")
    begun = dict(zip(CELLS, names, strict=False))
    for cell, name in begun.items():  # four networks loaded, sentinels, the first round, and all but one
        farm, _ = farm_of([board(name)], {name: dies_at(4 + 3 + 4 + 4)}, store=store, cells=[cell])
        assert list(farm.run()) == []
    assert begun_by(store, space="nasbench201", device="pi-ort-1t", dataset="cifar10") == begun
    at_work = threading.Barrier(2)

    def waits_once() -> Callable[[str, str], None]:
        """Keeps a board from taking a second network before the other has taken its first."""
        met: list[str] = []

        def breaks(command: str, name: str) -> None:
            if not met and command == "load":
                met.append(name)
                at_work.wait(60)

        return breaks

    farm, _ = farm_of(
        [board("b"), board("a")], {name: waits_once() for name in names}, store=store, cells=CELLS[:2]
    )
    store.append(list(farm.run()))
    rows = store.to_table().to_pylist()
    assert {row["arch"]: board_of(row) for row in rows} == begun
    assert all(json.loads(row["environment"])["readings_resumed"] >= 1 for row in rows)
    assert begun_by(store, space="nasbench201", device="pi-ort-1t", dataset="cifar10") == {}


def test_the_other_metrics_of_a_network_come_from_the_board_that_began_it(tmp_path: Path) -> None:
    store = MeasurementStore(tmp_path)
    farm, _ = farm_of([board("a")], {}, store=store)
    store.append(list(farm.run())[:3])
    begun = set(store.to_table()["arch"].to_pylist())
    farm, said = farm_of([board("a"), board("b")], {}, "latency", "memory", store=store)
    store.append(list(farm.run()))
    assert store.count() == 12
    rows = store.to_table().to_pylist()
    assert {board_of(row) for row in rows if row["arch"] in begun} == {"a"}
    assert said == []


def test_a_network_begun_on_a_board_that_is_not_listed_stays_undone(tmp_path: Path) -> None:
    store = MeasurementStore(tmp_path)
    farm, _ = farm_of([board("a")], {}, store=store)
    store.append([next(farm.run())])
    (begun,) = store.to_table()["arch"].to_pylist()
    farm, said = farm_of([board("b")], {}, "latency", "memory", store=store)
    assert "measured on a, which the farm does not list" in said[0]
    rows = list(farm.run())
    assert len(rows) == 10
    assert farm.report.undone == {"pi-ort-1t": [begun]}


def test_a_board_of_two_is_lost_over_ssh(make_server, tmp_path: Path) -> None:
    servers = {name: make_server(name) for name in ("left", "right")}
    store = MeasurementStore(tmp_path / "store")
    boards = [board(name, address=server.address()) for name, server in servers.items()]
    request = make_request("nasbench201", CELLS, device=parse_device("pi-ort-1t"))

    def make(board: Board, say: Callable[[str], None]) -> BoardChannel:
        return BoardChannel(open_shell(board.address), pauses_s=(0.0,), say=say)

    farm = Farm(boards, [request], settings=SHORT, make_channel=make)
    for row in farm.run():
        store.append([row])
        if store.count() == 1:
            lost = board_of(row)
            servers[lost].stop()
    rows = store.to_table().to_pylist()
    assert sorted(row["arch"] for row in rows) == sorted(CELLS)
    assert all(row["status"] == "ok" for row in rows)
    assert list(farm.report.lost) == [lost]
    assert farm.report.undone == {}
    assert farm.report.measured == Counter(board_of(row) for row in rows)
