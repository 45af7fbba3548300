"""Sensors from outside are found here and on boards, without anything of archcast beside them."""

import importlib
import json
import subprocess
import sys

import pytest

from archcast.collect.measure import sensor_catalog, sensors
from archcast.collect.measure.bundle import write_runner
from archcast.collect.measure.capabilities import capabilities
from archcast.core.errors import InputError

METER = """
from __future__ import annotations


class Meter:
    def read_joules(self):
        return 1.5

    def close(self):
        pass


def find(root):
    yield "left", "a plug in the wall", Meter
    yield "right", "a plug that nobody may read", refused


def refused():
    raise PermissionError(13, "Permission denied", "/dev/plug")
"""


@pytest.fixture
def meter(tmp_path, monkeypatch):
    """The kind `plug`, as a package that adds it leaves the registry."""
    (tmp_path / "wall_meter.py").write_text(METER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sensor_catalog.SENSORS._entries, "plug", importlib.import_module("wall_meter").find)
    monkeypatch.setattr(sensors, "FINDERS", dict(sensors.FINDERS))
    yield
    del sys.modules["wall_meter"]


def plugs(listed):
    return {s["name"]: (s["readable"], s["what"]) for s in listed if s["kind"] == "plug"}


EXPECTED = {"plug:left": (True, "a plug in the wall"), "plug:right": (False, "a plug that nobody may read")}


def test_this_host_lists_them(meter) -> None:
    assert plugs(capabilities().sensors) == EXPECTED
    assert sensors.open_sensor("plug:left").read_joules() == 1.5
    with pytest.raises(sensors.SensorError, match="plug:right cannot be read: permission denied"):
        sensors.open_sensor("plug:right")


def test_the_runner_carries_them_along(meter, tmp_path) -> None:
    path = write_runner(tmp_path)
    asked = json.dumps({"command": "hello", "id": 1}) + "\n"
    done = subprocess.run(
        [sys.executable, "-S", "-E", str(path)], input=asked, capture_output=True, text=True, cwd=tmp_path
    )
    answer = json.loads(done.stdout.splitlines()[0])
    assert answer["ok"], done.stderr
    assert plugs(answer["sensors"]) == EXPECTED


def test_one_kind_that_fails_leaves_the_others(tmp_path, monkeypatch) -> None:
    def broken(root):
        raise OSError("the bus hangs")

    monkeypatch.setattr(sensors, "FINDERS", {"plug": broken} | sensors.FINDERS)
    found = {s["name"]: s["reason"] for s in sensors.readable(tmp_path)}
    assert found["plug"] == "the bus hangs"
    assert "rapl" in found


@pytest.mark.parametrize(("name", "find"), [("a-plug", sensors._rapl), ("plug", 3)])
def test_what_cannot_be_carried_is_not_registered(name, find) -> None:
    with pytest.raises(InputError, match=r"must be a function, named by letters, digits and underscores"):
        sensor_catalog.SENSORS.register(name, find)
