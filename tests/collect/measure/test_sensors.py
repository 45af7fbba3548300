"""Sensors on made-up trees: wraps, integration, and what cannot be read."""

from __future__ import annotations

import ast
import sys
import threading
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcast.collect.measure import sensors
from archcast.collect.measure.sensors import Counter, PowerIntegral, SensorError, open_sensor, readable


def put(folder: Path, **files: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(f"{content}\n")
    return folder


def entries(root: Path, kind: str) -> dict[str, dict[str, object]]:
    return {str(e["name"]): e for e in readable(root) if e["kind"] == kind}


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    (tmp_path / "class/powercap/intel-rapl").mkdir(parents=True)  # the control type has no counter
    folder = tmp_path / "class/powercap/intel-rapl:0"
    return put(folder, name="package-0", energy_uj=900_000, max_energy_range_uj=1_000_000)


@pytest.fixture
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sensors of power take samples only when they are read."""

    class Untimed(PowerIntegral):
        def __init__(self, watts: Callable[[], float]) -> None:
            super().__init__(watts, None, lambda: next(ticks))

    ticks = iter(range(1000))
    monkeypatch.setattr(sensors, "PowerIntegral", Untimed)


def test_nothing_found_has_its_reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    found = {e["name"]: e for e in readable(tmp_path)}
    assert set(found) == {"rapl", "ina", "nvml"}
    assert not any(e["readable"] for e in found.values())
    assert "intel-rapl" in found["rapl"]["reason"]
    assert "nvidia-ml-py" in found["nvml"]["reason"]
    with pytest.raises(SensorError, match="sensor rapl cannot be read: no intel-rapl zone"):
        open_sensor("rapl", tmp_path)
    with pytest.raises(SensorError, match="must be one of none; got 'ether'"):
        open_sensor("ether", tmp_path)


def test_rapl_counts_over_the_wrap(tmp_path: Path, zone: Path) -> None:
    assert entries(tmp_path, "rapl") == {
        "rapl:intel-rapl:0": {
            "name": "rapl:intel-rapl:0",
            "kind": "rapl",
            "what": "package-0 of the processor",
            "readable": True,
            "reason": "",
        }
    }
    sensor = open_sensor("rapl:intel-rapl:0", tmp_path)
    assert sensor.read_joules() == 0.0
    put(zone, energy_uj=950_000)
    assert sensor.read_joules() == pytest.approx(0.05)
    put(zone, energy_uj=20_000)
    assert sensor.read_joules() == pytest.approx(0.05 + 0.07)
    assert sensor.read_joules() == pytest.approx(0.12)
    sensor.close()
    with pytest.raises(SensorError, match=r"must be one of rapl:intel-rapl:0; got 'rapl:1'"):
        open_sensor("rapl:1", tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"), [("", "must hold an integer"), ("many", "got 'many'"), ("0", "does not count")]
)
def test_rapl_that_gives_no_count(tmp_path: Path, zone: Path, content: str, reason: str) -> None:
    put(zone, energy_uj=content)
    (entry,) = entries(tmp_path, "rapl").values()
    assert not entry["readable"]
    assert reason in str(entry["reason"])
    with pytest.raises(SensorError, match="sensor rapl:intel-rapl:0 cannot be read"):
        open_sensor("rapl:intel-rapl:0", tmp_path)


def test_rapl_that_only_root_may_read(tmp_path: Path, zone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.read_text

    def refused(path: Path, *words: object, **named: object) -> str:
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *words, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "read_text", refused)
    (entry,) = entries(tmp_path, "rapl").values()
    assert not entry["readable"]
    assert str(entry["reason"]).startswith(f"permission denied: {zone / 'energy_uj'}")


@given(
    steps=st.lists(st.integers(0, 999), max_size=30),
    start=st.integers(0, 1000),
    joules=st.sampled_from([1, 3]),
)
def test_a_counter_adds_up_over_any_wraps(steps: list[int], start: int, joules: int) -> None:
    total = start
    counter = Counter(lambda: total % 1000 if total != 1000 else 1000, joules, 1000)
    read = []
    for step in steps:
        total += step
        read.append(counter.read_joules())
    assert read == [steps_so_far * joules for steps_so_far in accumulate(steps)]


def test_a_counter_that_goes_back_is_no_energy() -> None:
    for wrap in (None, 100):
        counts = iter([500, 400])
        counter = Counter(lambda: next(counts), 1.0, wrap)  # noqa: B023 - called in this turn
        with pytest.raises(SensorError, match="went back from 500 to 400"):
            counter.read_joules()


def test_power_is_integrated_as_trapezia() -> None:
    # P(t) = 2 + 3 t is exact under the rule, however uneven the samples: E = 2 t + 1.5 t^2.
    now = 10.0
    integral = PowerIntegral(lambda: 2 + 3 * (now - 10.0), None, lambda: now)
    for now in (10.0, 10.25, 11.0, 14.0):
        t = now - 10.0
        assert integral.read_joules() == pytest.approx(2 * t + 1.5 * t * t)
    integral.close()


def test_power_below_zero_adds_nothing() -> None:
    now = 0.0
    integral = PowerIntegral(lambda: -0.5, None, lambda: now)
    now = 5.0
    assert integral.read_joules() == 0.0


def test_the_thread_takes_samples_and_stops() -> None:
    taken = threading.Semaphore(0)
    ticks = iter(range(10_000))

    def watts() -> float:
        taken.release()
        return 4.0

    integral = PowerIntegral(watts, 0.001, lambda: next(ticks))
    for _ in range(5):
        assert taken.acquire(timeout=30)
    energy = integral.read_joules()
    integral.close()
    assert energy >= 4.0 * 4
    assert energy % 4.0 == 0.0
    assert integral._thread is not None
    assert not integral._thread.is_alive()


def test_a_sample_that_fails_in_the_thread_is_told() -> None:
    failed = threading.Event()

    def watts() -> float:
        if threading.current_thread() is threading.main_thread():
            return 1.0
        failed.set()
        raise OSError("No data available")

    integral = PowerIntegral(watts, 0.001)
    assert failed.wait(30)
    integral._thread.join()  # type: ignore[union-attr]
    with pytest.raises(SensorError, match="power sensor failed: No data available"):
        integral.read_joules()
    integral.close()


@pytest.mark.usefixtures("no_sleep")
def test_hwmon_rails_of_voltage_and_current(tmp_path: Path) -> None:
    chip = put(tmp_path / "class/hwmon/hwmon3", name="ina3221", in1_label="VDD_IN")
    put(chip, in1_input=5000, curr1_input=800, in2_input=5000, curr2_input=-3000, curr4_input=3)
    found = entries(tmp_path, "ina")
    assert {n: e["readable"] for n, e in found.items()} == {
        "ina:hwmon3:rail1": True,
        "ina:hwmon3:rail2": False,
    }
    assert found["ina:hwmon3:rail1"]["what"] == "VDD_IN of ina3221"
    assert "negative" in str(found["ina:hwmon3:rail2"]["reason"])
    sensor = open_sensor("ina:hwmon3:rail1", tmp_path)
    assert sensor.read_joules() == pytest.approx(4.0)  # 5 V x 0.8 A for one tick
    put(chip, curr1_input=1600)
    assert sensor.read_joules() == pytest.approx(4.0 + 6.0)
    sensor.close()


@pytest.mark.usefixtures("no_sleep")
def test_hwmon_power_of_any_chip_and_voltages_of_ina_only(tmp_path: Path) -> None:
    put(tmp_path / "class/hwmon/hwmon0", name="ina226", power1_input=2_500_000, in1_input=1, curr1_input=1)
    put(tmp_path / "class/hwmon/hwmon1", name="nct6775", in1_input=12_000, curr1_input=1_000)
    assert list(entries(tmp_path, "ina")) == ["ina:hwmon0:power1"]
    sensor = open_sensor("ina:hwmon0:power1", tmp_path)
    assert sensor.read_joules() == pytest.approx(2.5)


@pytest.mark.usefixtures("no_sleep")
def test_iio(tmp_path: Path) -> None:
    devices = tmp_path / "bus/iio/devices"
    put(devices / "iio:device0", name="ina3221x", in_power0_input=3_000, rail_name_0="VDD_GPU")
    put(devices / "iio:device1", name="ina226", in_power2_raw=160, in_power2_scale=25.0)
    put(devices / "iio:device2", name="ina219", in_power_raw=100, in_power_scale=20)
    put(devices / "iio:device3", name="ina219", in_power_raw=100)
    found = entries(tmp_path, "ina")
    assert {n: e["readable"] for n, e in found.items()} == {
        "ina:iio:device0:power0": True,
        "ina:iio:device1:power2": True,
        "ina:iio:device2:power": True,
        "ina:iio:device3:power": False,
    }
    assert found["ina:iio:device0:power0"]["what"] == "VDD_GPU of ina3221x"
    for name, watts in (("device0:power0", 3.0), ("device1:power2", 4.0), ("device2:power", 2.0)):
        assert open_sensor(f"ina:iio:{name}", tmp_path).read_joules() == pytest.approx(watts)


class UnsupportedError(Exception):
    pass


class FakeNvml(SimpleNamespace):
    """Card 0 counts energy, card 1 only shows power, card 2 is lost."""

    NVMLError = Exception
    NVMLError_NotSupported = UnsupportedError

    def __init__(self) -> None:
        super().__init__(millijoules=5_000)

    def nvmlInit(self) -> None:  # noqa: N802
        pass

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return 3

    def nvmlDeviceGetHandleByIndex(self, i: int) -> int:  # noqa: N802
        if i == 2:
            raise Exception("GPU is lost")
        return i

    def nvmlDeviceGetName(self, handle: int) -> str | bytes:  # noqa: N802
        return "Card A" if handle == 0 else b"Card B"

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> int:  # noqa: N802
        if handle:
            raise UnsupportedError("Not Supported")
        return int(self.millijoules)

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:  # noqa: N802
        return 70_000


@pytest.mark.usefixtures("no_sleep")
def test_nvml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeNvml()
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    found = entries(tmp_path, "nvml")
    assert [(e["name"], e["what"], e["readable"]) for e in found.values()] == [
        ("nvml:0", "Card A", True),
        ("nvml:1", "Card B", True),
        ("nvml:2", "a card that does not answer", False),
    ]
    assert found["nvml:2"]["reason"] == "GPU is lost"
    counted = open_sensor("nvml:0", tmp_path)
    fake.millijoules += 1_500
    assert counted.read_joules() == pytest.approx(1.5)
    assert open_sensor("nvml:1", tmp_path).read_joules() == pytest.approx(70.0)
    with pytest.raises(SensorError, match="sensor nvml:2 cannot be read: GPU is lost"):
        open_sensor("nvml:2", tmp_path)


def test_nvml_that_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise Exception("NVML Shared Library Not Found")

    monkeypatch.setitem(sys.modules, "pynvml", SimpleNamespace(nvmlInit=fail))
    (entry,) = entries(tmp_path, "nvml").values()
    assert entry["reason"] == "NVML does not start: NVML Shared Library Not Found"


def test_the_file_stands_alone() -> None:
    source = Path(sensors.__file__).read_text()
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert imported <= sys.stdlib_module_names
