"""Energy sensors behind one interface; each is really read before it is called readable.

| kind | where | reading |
|---|---|---|
| rapl | `/sys/class/powercap/intel-rapl*` | counter in uJ that wraps at `max_energy_range_uj` |
| nvml | NVIDIA's driver, through `pynvml` | counter in mJ; on older cards power in mW, integrated |
| ina | `/sys/class/hwmon/hwmon*` | `power*_input` in uW, or `in*_input` (mV) x `curr*_input` (mA) |
| ina | `/sys/bus/iio/devices/iio:device*` | `in_power*_input` in mW, or `in_power*_raw` x `_scale` |

The file stands alone (Python 3.8, standard library), because it is copied to boards with the runner.
Power is integrated by the trapezoidal rule over samples that a thread takes.
"""

from __future__ import annotations

import importlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

INTERVAL_S = 0.005
_SEARCHED = {
    "rapl": "no intel-rapl zone in class/powercap: the processor or the virtual machine shows none",
    "ina": "no power sensor in class/hwmon or bus/iio/devices",
    "nvml": "the NVIDIA driver lists no card",
}


class SensorError(Exception):
    """A sensor is not there, cannot be read, or gives what cannot be energy."""


class Counter:
    """Energy from a counter that the hardware keeps.

    Args:
        read: gives the counter.
        joules: energy of one count.
        wrap: the counter's largest value, after which it starts at 0; None when it never wraps. It must
            be read at least once a turn: two turns between reads look like one.
    """

    def __init__(self, read: Callable[[], int], joules: float, wrap: int | None = None) -> None:
        self._read, self._joules, self._wrap = read, joules, wrap
        self._last = read()
        self._counts = 0

    def read_joules(self) -> float:
        """Energy since this object was made, in J."""
        now = self._read()
        step = now - self._last
        if step < 0:
            if self._wrap is None or now > self._wrap or self._last > self._wrap:
                raise SensorError(f"the energy counter went back from {self._last} to {now}")
            step += self._wrap
        self._last = now
        self._counts += step
        return self._counts * self._joules

    def close(self) -> None:
        """Nothing is held open."""


class PowerIntegral:
    """Energy from a sensor of power, by the trapezoidal rule.

    Args:
        watts: reads the power now.
        interval_s: time between the samples of the thread; None takes a sample at `read_joules` only.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        watts: Callable[[], float],
        interval_s: float | None = INTERVAL_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watts, self._clock = watts, clock
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._joules = 0.0
        self._error: Exception | None = None
        self._power, self._time = self._now()
        self._thread: threading.Thread | None = None
        if interval_s is not None:
            self._thread = threading.Thread(target=self._run, args=(interval_s,), daemon=True)
            self._thread.start()

    def read_joules(self) -> float:
        """Energy since this object was made, in J; raises SensorError when a sample failed."""
        with self._lock:
            if self._error is not None:
                raise SensorError(f"the power sensor failed: {self._error}")
            self._sample()
            return self._joules

    def close(self) -> None:
        """Stop the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, interval_s: float) -> None:
        while not self._stop.wait(interval_s):
            with self._lock:
                try:
                    self._sample()
                except Exception as error:  # of whatever kind, it is told at the next read_joules
                    self._error = error
                    return

    def _sample(self) -> None:
        power, now = self._now()
        self._joules += 0.5 * (power + self._power) * (now - self._time)
        self._power, self._time = power, now

    def _now(self) -> tuple[float, float]:
        # A rail that is off reads a little below zero; energy never flows back.
        power = max(self._watts(), 0.0)
        return power, self._clock()


class SensorSource(NamedTuple):
    """A sensor that is there: its name within its kind, what it senses, and how it is opened.

    `open` gives an object with `read_joules()`, which never goes down, and `close()`.
    """

    name: str
    what: str
    open: Callable[[], Any]


class _Sensor(NamedTuple):
    """A sensor by its whole name."""

    name: str
    kind: str
    what: str
    open: Callable[[], Any]


def readable(root: str | Path = "/sys") -> list[dict[str, Any]]:
    """Every sensor found, as `name`, `kind`, `what`, `readable` and, where it is not, the `reason`.

    A kind of which none is found has one entry, named after the kind, with the reason.
    """
    found, missing = _search(Path(root))
    return [_tried(sensor) for sensor in found] + missing


def open_sensor(name: str, root: str | Path = "/sys") -> Any:
    """Open a sensor by the name that `readable` gives.

    Returns:
        An object with `read_joules()`, which never goes down, and `close()`.

    Raises:
        SensorError: there is no such sensor, or it cannot be read.
    """
    found, missing = _search(Path(root))
    for sensor in found:
        if sensor.name == name:
            return _opened(sensor)
    for kind in missing:
        if kind["name"] == name:
            raise SensorError("the energy sensor {} cannot be read: {}".format(name, kind["reason"]))
    listed = ", ".join(sensor.name for sensor in found) or "none"
    raise SensorError(f"energy sensor must be one of {listed}; got {name!r}")


def _opened(sensor: _Sensor) -> Any:
    try:
        return sensor.open()
    except Exception as error:  # NVML has its own tree of errors, and none is to be lost
        raise SensorError(f"the energy sensor {sensor.name} cannot be read: {_reason(error)}") from error


def _tried(sensor: _Sensor) -> dict[str, Any]:
    entry = {"name": sensor.name, "kind": sensor.kind, "what": sensor.what, "readable": True, "reason": ""}
    try:
        opened = sensor.open()
        try:
            opened.read_joules()
        finally:
            opened.close()
    except Exception as error:  # the reason is what the caller asks for
        entry.update(readable=False, reason=_reason(error))
    return entry


def _reason(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return f"permission denied: {error.filename} (only root may read it, until its mode is changed)"
    return str(error) or type(error).__name__


def _search(root: Path) -> tuple[list[_Sensor], list[dict[str, Any]]]:
    """Sensors found, and for each kind of which none is, an entry with the reason."""
    found, missing = [], []
    for kind, find in FINDERS.items():
        reason = _SEARCHED.get(kind, "none was found")
        own = []
        try:
            for sensor in find(root):
                own.append(_Sensor(f"{kind}:{sensor[0]}", kind, sensor[1], sensor[2]))
        except Exception as error:  # one kind that cannot be looked for leaves the others
            reason = _reason(error)
        found += own
        if not own:
            entry = {"name": kind, "kind": kind, "what": "", "readable": False, "reason": reason}
            missing.append(entry)
    return found, missing


def _rapl(root: Path) -> Iterator[SensorSource]:
    for zone in sorted((root / "class/powercap").glob("intel-rapl*")):
        if os.path.lexists(str(zone / "energy_uj")):
            what = "{} of the processor".format(_text(zone / "name", zone.name))
            yield SensorSource(zone.name, what, partial(_open_rapl, zone))


def _open_rapl(zone: Path) -> Counter:
    if not _integer(zone / "energy_uj"):
        raise SensorError(f"{zone}/energy_uj stands at 0: it does not count")
    return Counter(lambda: _integer(zone / "energy_uj"), 1e-6, _integer(zone / "max_energy_range_uj"))


def _hwmon(root: Path) -> Iterator[SensorSource]:
    for chip in sorted((root / "class/hwmon").glob("hwmon*")):
        name = _text(chip / "name", chip.name)
        for path in sorted(chip.glob("power*_input")):
            number = _number(path)
            what = _text(chip / f"power{number}_label", f"channel {number}")
            yield _power(f"{chip.name}:power{number}", f"{what} of {name}", [path], 1e-6)
        if not name.startswith("ina"):
            continue  # on other chips voltages and currents of one number need not belong together
        for path in sorted(chip.glob("curr*_input")):
            number = _number(path)
            volts = chip / f"in{number}_input"
            if volts.exists() and not (chip / f"power{number}_input").exists():
                what = _text(chip / f"in{number}_label", f"channel {number}")
                yield _power(f"{chip.name}:rail{number}", f"{what} of {name}", [volts, path], 1e-6)


def _iio(root: Path) -> Iterator[SensorSource]:
    for chip in sorted((root / "bus/iio/devices").glob("iio:device*")):
        name = _text(chip / "name", chip.name)
        for path in sorted([*chip.glob("in_power*_input"), *chip.glob("in_power*_raw")]):
            number = _number(path)
            factors = [path]
            if path.name.endswith("_raw"):
                if path.with_name(path.name.replace("_raw", "_input")).exists():
                    continue
                own = path.with_name(path.name.replace("_raw", "_scale"))
                factors.append(own if own.exists() else chip / "in_power_scale")
            what = _text(chip / f"rail_name_{number}", f"channel {number}".strip())
            yield _power(f"{chip.name}:power{number}", f"{what} of {name}", factors, 1e-3)


def _ina(root: Path) -> Iterator[SensorSource]:
    yield from _hwmon(root)
    yield from _iio(root)


def _power(name: str, what: str, factors: list[Path], unit: float) -> SensorSource:
    def watts() -> float:
        product = unit
        for path in factors:
            product *= _real(path)
        return product

    def start() -> PowerIntegral:
        if watts() < 0:
            raise SensorError(f"{factors[0]} reads a negative power")
        return PowerIntegral(watts)

    return SensorSource(name, what, start)


def _nvml() -> tuple[Any, str]:
    """The started module `pynvml`, or None and why not."""
    try:
        pynvml = importlib.import_module("pynvml")
    except ImportError:
        return None, "the package nvidia-ml-py (module pynvml) is not installed"
    try:
        pynvml.nvmlInit()
    except Exception as error:  # NVMLError, or whatever loading the driver's library raises
        return None, f"NVML does not start: {error}"
    return pynvml, ""


def _nvml_cards(root: Path) -> Iterator[SensorSource]:
    del root  # the driver is asked
    nvml, reason = _nvml()
    if nvml is None:
        raise SensorError(reason)
    for i in range(nvml.nvmlDeviceGetCount()):
        try:
            name = nvml.nvmlDeviceGetName(nvml.nvmlDeviceGetHandleByIndex(i))
        except nvml.NVMLError:
            name = "a card that does not answer"
        what = name.decode() if isinstance(name, bytes) else name
        yield SensorSource(str(i), what, partial(_open_nvml, nvml, i))


def _open_nvml(nvml: Any, i: int) -> Any:
    handle = nvml.nvmlDeviceGetHandleByIndex(i)
    try:
        nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except nvml.NVMLError_NotSupported:
        return PowerIntegral(lambda: nvml.nvmlDeviceGetPowerUsage(handle) * 1e-3)
    return Counter(lambda: int(nvml.nvmlDeviceGetTotalEnergyConsumption(handle)), 1e-3)


def _number(path: Path) -> str:
    digits = re.search(r"\d+", path.name)
    return digits.group() if digits else ""


def _text(path: Path, default: str) -> str:
    """What a file says; `default` where it is missing or unreadable: a label decides nothing."""
    try:
        return path.read_text().strip() or default
    except OSError:
        return default


def _integer(path: Path) -> int:
    text = path.read_text().strip()
    try:
        return int(text)
    except ValueError:
        raise SensorError(f"{path} must hold an integer, got {text!r}") from None


def _real(path: Path) -> float:
    text = path.read_text().strip()
    try:
        return float(text)
    except ValueError:
        raise SensorError(f"{path} must hold a number, got {text!r}") from None


FINDERS: dict[str, Callable[[Path], Iterable[SensorSource]]] = {
    "rapl": _rapl,
    "ina": _ina,
    "nvml": _nvml_cards,
}
"""Kind -> what finds its sensors under a root such as `/sys`; packages add kinds, see `sensor_catalog`."""
