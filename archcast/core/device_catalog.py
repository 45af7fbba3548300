"""What is known of devices: those that the public tables name, and for any other what its name says.

A name is kept exactly as its table writes it. On GPUs the number at its end is the batch size, and a
latency is that of one pass over the whole batch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from archcast.core.device import DeviceName
from archcast.core.errors import InputError, UnknownNameError, plain_letters, shorten
from archcast.core.metric import METRICS
from archcast.core.registry import Registry

KINDS = ("gpu", "cpu", "phone", "fpga", "asic", "tpu", "board")


@dataclass(frozen=True, slots=True)
class Device:
    """What a cost is of: hardware together with how it runs the network; unknown fields stay empty.

    Attributes:
        name: as the measurements name it.
        hardware: maker's name; of a device that no public table has, the hardware as its name writes it.
        kind: one of `KINDS`, empty where no public table has it.
        runtime: program that runs the network.
        precision: number format of weights and activations.
        batch: images (or sentences) in one pass.
        threads: CPU threads, or cores.
        note: what a user of its figures must know.
    """

    name: str
    hardware: str = ""
    kind: str = ""
    runtime: str = ""
    precision: str = ""
    batch: int | None = None
    threads: int | None = None
    note: str = ""


VIRTUAL = "processor time in a virtual machine that other work loaded"
ESTIMATED = "a model's estimate, not a measurement; see docs/estimate.md"
WHOLE_MS = "reports whole milliseconds, so many architectures tie"
ADDITIVE = "estimated, exactly additive in the operations"
LOOKED_UP = "on FBNet a sum of measured blocks, not a measured network"
FOLDED = f"networks without a path from input to output read near 0 ms; {LOOKED_UP}"

_GPUS = {
    "1080ti": "NVIDIA GeForce GTX 1080 Ti",
    "2080ti": "NVIDIA GeForce RTX 2080 Ti",
    "titanx": "NVIDIA Titan X",
    "titanxp": "NVIDIA Titan Xp",
    "titan_xp": "NVIDIA Titan Xp",
    "titan_rtx": "NVIDIA Titan RTX",
    "v100": "NVIDIA V100",
}
_BATCHES = {"titan_xp": (1, 32, 64), "v100": (1, 32, 64)}
"""GPU -> batch sizes its names end in, where they are not the usual four."""

_OTHERS = (
    Device("silver_4114", "Intel Xeon Silver 4114", "cpu"),
    Device("silver_4210r", "Intel Xeon Silver 4210R", "cpu"),
    Device("gold_6226", "Intel Xeon Gold 6226", "cpu"),
    Device("gold_6240", "Intel Xeon Gold 6240", "cpu"),
    Device("essential_ph_1", "Essential PH-1", "phone", note=WHOLE_MS),
    Device("pixel2", "Google Pixel 2", "phone", note=WHOLE_MS),
    Device("samsung_a50", "Samsung Galaxy A50", "phone", note=WHOLE_MS),
    Device("samsung_s7", "Samsung Galaxy S7", "phone", note=WHOLE_MS),
    Device("pixel3", "Google Pixel 3", "phone", batch=1, note=FOLDED),
    Device("raspi4", "Raspberry Pi 4", "board", batch=1, note=FOLDED),
    Device("eyeriss", "Eyeriss", "asic", batch=1, note=ADDITIVE),
    Device("fpga", "Xilinx ZC706", "fpga", batch=1, note=ADDITIVE),
    Device("edgegpu", "NVIDIA Jetson TX2", "gpu", batch=1, note=LOOKED_UP),
    Device("edgetpu", "Google Edge TPU", "tpu", batch=1),
    Device("a100", "NVIDIA A100", "gpu"),
    Device("rtx3090", "NVIDIA GeForce RTX 3090", "gpu"),
    Device("tpuv2", "Google Cloud TPU v2", "tpu"),
    Device("tpuv3", "Google Cloud TPU v3", "tpu"),
    Device("zcu102", "AMD Xilinx ZCU102", "fpga", batch=1, threads=1, note="batch 1 for latency"),
    Device("vck190", "AMD Xilinx VCK190", "fpga", batch=6, threads=1, note="batch 6 for latency"),
    Device(
        "raspberrypi",
        "Raspberry Pi 4",
        "board",
        "PyTorch",
        batch=1,
        note="some encoder runs were disturbed and took several times their neighbours' time",
    ),
    Device("xeon", "Intel Xeon E5-2640", "cpu", "PyTorch", batch=1),
    Device("titanxp", "NVIDIA Titan Xp", "gpu", "PyTorch", batch=1),
    Device(
        "pi5_onnx",
        "Raspberry Pi 5",
        "board",
        "ONNX Runtime",
        note="energy is that of the processor cores' rail, idle subtracted",
    ),
    Device("epyc-zen4-ort-1t", "AMD EPYC (Zen 4), one core", "cpu", "ONNX Runtime", "fp32", 1, 1, VIRTUAL),
    Device(
        "epyc-zen4-torch-1t", "AMD EPYC (Zen 4), one core", "cpu", "PyTorch, eager", "fp32", 1, 1, VIRTUAL
    ),
    Device("eyeriss-like", "", "asic", precision="int8", batch=1, note=ESTIMATED),
    Device("edge-tpu-like", "", "tpu", precision="int8", batch=1, note=ESTIMATED),
    Device("tpu-like", "", "tpu", precision="int8", batch=1, note=ESTIMATED),
    Device("tesla-npu-like", "", "asic", precision="int8", batch=1, note=ESTIMATED),
    Device("fpga-zc706-like", "", "fpga", precision="int8", batch=1, note=ESTIMATED),
    Device("ethos-u55-256", "Arm Ethos-U55", "asic", "Vela", "int8", 1, note=ESTIMATED),
    Device("ethos-u65-512", "Arm Ethos-U65", "asic", "Vela", "int8", 1, note=ESTIMATED),
    Device("ethos-u85-1024", "Arm Ethos-U85", "asic", "Vela", "int8", 1, note=ESTIMATED),
)

_RUN = re.compile(r"-run[0-9]+")
_NOTES = {
    "kernels": "the sum of the kernels' times, not wall time",
    "ncnn": "one contributed run; the same chip differs up to twofold between contributors",
    "train": "a training step, not a pass",
    "vitis": "end to end, with pre- and post-processing",
}
"""Word of a runtime's name -> what a user of its figures must know."""

DEVICES: Registry[Device] = Registry("device")
for _base, _hardware in _GPUS.items():
    for _batch in _BATCHES.get(_base, (1, 32, 64, 256)):
        _name = f"{_base}_{_batch}"
        DEVICES.register(_name, Device(_name, _hardware, "gpu", batch=_batch))
for _device in _OTHERS:
    DEVICES.register(_device.name, _device)


@cache
def known_hardware() -> Mapping[str, tuple[str, str]]:
    """Hardware as names of devices write it -> its maker's name and its kind, of the tables of networks."""
    listed = json.loads((files("archcast.core") / "hardware.json").read_text(encoding="utf-8"))
    return {name: (maker, kind) for name, (maker, kind) in listed.items()}


def device_of(name: str) -> Device:
    """What is known of a device: its record, or else what its name says."""
    if name in DEVICES:
        return DEVICES[name]
    try:
        said = DeviceName.parse(name)
    except InputError:  # of a store or a predictor that someone else wrote
        return Device(name)
    precision = said.precision or ("fp32" if said.runtime else "")
    hardware = _RUN.sub("", said.hardware)
    maker, kind = known_hardware().get(hardware, (said.hardware, ""))
    words = re.split("[0-9._]+", said.runtime) if kind else []
    note = "; ".join(_NOTES[word] for word in words if word in _NOTES)
    if hardware != said.hardware:
        precision = said.precision
    return Device(name, maker, kind, said.program, precision, said.batch, said.threads, note)


def same_device(name: object, choices: Iterable[str]) -> str | None:
    """The device among some that a name means: itself, else the one that differs in case and signs alone,
    else the only one whose maker's name it is; None where there is none.

    Raises:
        InputError: several differ so.
    """
    known = list(dict.fromkeys(choices))
    if name in known or not isinstance(name, str):
        return name if isinstance(name, str) else None
    wanted = plain_letters(name)
    for written in (lambda one: one, lambda one: device_of(one).hardware):
        near = [one for one in known if wanted and plain_letters(written(one)) == wanted]
        if len(near) > 1:
            raise InputError(f"device must be one, and {shorten(name)} may be {', '.join(sorted(near)[:12])}")
        if near:
            return near[0]
    return None


def unknown_device(
    kind: str, name: object, choices: Iterable[str], metric: str, *, elsewhere: Iterable[str] = ()
) -> UnknownNameError:
    """The error for a device that is not there, which tells how one is learned.

    Args:
        kind: what the device was asked for, e.g. `device for latency of fbnet`.
        choices: devices that are there; for a metric of no device, data sets.
        elsewhere: spaces whose members it is known for.
    """
    learned = "archcast adapt learns another device from three measurements of it or more"
    if spaces := ", ".join(sorted(set(elsewhere))):
        learned = (
            f"{name} is known for members of {spaces} alone, and archcast adapt --space network learns from "
            "measurements of those what it takes for members of every space"
        )
    return UnknownNameError(kind, name, choices, beside=learned if METRICS[metric].of_device else "")
