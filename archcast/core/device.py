"""Names of devices: what a cost is of, in one grammar.

| part | written | left out |
|---|---|---|
| hardware | words of letters, digits, `_`, `.`, joined by `-`: `pixel4`, `ethos-u55-256` | never |
| runtime | one of `RUNTIMES`, with version and options: `ort`, `tflite2.10`, `torch2.4_compiled` | not said |
| processor | threads `4t`; cores `4small`, `1large_3medium`; after a runtime one of `PROCESSORS` | not said |
| batch | `b256`: items in one pass | one item |
| precision | one of `PRECISIONS`, or bits of weights and activations: `int8`, `w8a8` | fp32, or not said |
| settings | `:name=value,name=value` in order: how an accelerator differs from its file | none |

In this order, joined by `-`: `HARDWARE[-RUNTIME][-PROCESSOR][-bBATCH][-PRECISION][:SETTINGS]`. A default is
not written (`b1`, `fp32`), so that one device has one name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias
from urllib.parse import quote

from archcast.core.errors import InputError, shorten

FORM = "HARDWARE[-RUNTIME][-PROCESSOR][-bBATCH][-PRECISION]"
LONGEST = 128
"""Most characters of a name."""
RUNTIMES: Mapping[str, str] = {
    "armnn": "Arm NN",
    "coreml": "Core ML",
    "executorch": "ExecuTorch",
    "hailort": "HailoRT",
    "jax": "JAX",
    "mnn": "MNN",
    "ncnn": "ncnn",
    "openvino": "OpenVINO",
    "ort": "ONNX Runtime",
    "paddle": "Paddle Inference",
    "paddlelite": "Paddle Lite",
    "qnn": "Qualcomm QNN",
    "rknn": "Rockchip RKNN",
    "snpe": "Qualcomm SNPE",
    "tensorrt": "TensorRT",
    "tf": "TensorFlow",
    "tflite": "TensorFlow Lite",
    "torch": "PyTorch",
    "tvm": "TVM",
    "vela": "Vela",
    "vitis_ai": "Vitis AI",
}
PROCESSORS = (
    "cpu",
    "cuda",
    "dsp",
    "gpu",
    "metal",
    "nnapi",
    "npu",
    "opencl",
    "rocm",
    "tpu",
    "vulkan",
)
PRECISIONS = ("amp", "amp_bf16", "bf16", "fp16", "fp8", "int16", "int4", "int8", "tf32", "uint8")
Settings: TypeAlias = tuple[tuple[str, str], ...]

_NUMBER = r"[1-9][0-9]{0,4}"
_CORES = rf"{_NUMBER}(?:large|medium|small)"
_COUNT = rf"{_NUMBER}t|{_CORES}(?:_{_CORES})*"
_PRECISION = rf"{'|'.join(PRECISIONS)}|w[1-9][0-9]?a[1-9][0-9]?"
_WORDS = r"[A-Za-z0-9][A-Za-z0-9_.]*(?:-[A-Za-z0-9_.]+)*?"
_NAME = re.compile(
    rf"(?P<hardware>{_WORDS})"
    rf"(?:-(?P<runtime>(?:{'|'.join(RUNTIMES)})(?:[0-9]+(?:\.[0-9]+)*)?(?:_[a-z]+)*)"
    rf"(?:-(?P<processor>{'|'.join(PROCESSORS)}|{_COUNT}))?|-(?P<count>{_COUNT}))?"
    rf"(?:-b(?P<batch>{_NUMBER}))?"
    rf"(?:-(?P<precision>{_PRECISION}))?"
    r"(?::(?P<settings>[^:]+))?"
)
_SETTING = re.compile(r"([A-Za-z][A-Za-z0-9_]*)=([A-Za-z0-9_.+-]+)")
_DEFAULTS = ("b1", "fp32")
_RESERVED = re.compile(rf"{_COUNT}|b[0-9]+|fp32|{_PRECISION}", re.IGNORECASE)
_PROGRAM = re.compile(rf"({'|'.join(sorted(RUNTIMES, reverse=True))})([0-9.]*)((?:_[a-z]+)*)")


@dataclass(frozen=True, slots=True)
class DeviceName:
    """A device as its name says it; `str` writes the name, `parse` reads it.

    Attributes:
        hardware: the device itself.
        runtime: program that runs the network, with version and options; empty where it is not said.
        processor: threads, cores by kind, or an accelerator; empty where it is not said.
        batch: items in one pass.
        precision: number format of weights and activations; empty for fp32 and where it is not said.
        settings: (name, value) by name, of an estimated accelerator.

    Raises:
        InputError: a part is not in the grammar, or would be read as another.
    """

    hardware: str
    runtime: str = ""
    processor: str = ""
    batch: int = 1
    precision: str = ""
    settings: Settings = ()

    def __post_init__(self) -> None:
        read = _parts(str(self))
        if any(read[part] != getattr(self, part) for part in read):
            raise InputError(f"parts of a device must be in the grammar {FORM}, got {shorten(str(self))}")

    def __str__(self) -> str:
        batch = f"b{self.batch}" if self.batch != 1 else ""
        parts = (self.hardware, self.runtime, self.processor, batch, self.precision)
        settings = ",".join(f"{name}={value}" for name, value in self.settings)
        return "-".join(filter(None, parts)) + (f":{settings}" if settings else "")

    @classmethod
    def parse(cls, name: object) -> DeviceName:
        """Read a name.

        Raises:
            InputError: it is not in the grammar, or writes a default; says what is wrong.
        """
        return _parsed(name) if isinstance(name, str) else cls(**_parts(name))

    @property
    def threads(self) -> int | None:
        """Threads, or cores of all kinds; None where it is not said."""
        counts = re.findall(r"[0-9]+", self.processor)
        return sum(map(int, counts)) if counts else None

    @property
    def program(self) -> str:
        """The runtime as its maker writes it, e.g. `PyTorch 2.4, compiled`."""
        matched = _PROGRAM.fullmatch(self.runtime)
        if matched is None:
            return ""
        name, version, options = matched.groups()
        return RUNTIMES[name] + (f" {version}" if version else "") + options.replace("_", ", ")

    def with_settings(self, settings: Mapping[str, str]) -> DeviceName:
        """The same device with its settings, in the order of their names."""
        return replace(self, settings=tuple(sorted(settings.items())))


@lru_cache(maxsize=4096)
def _parsed(name: str) -> DeviceName:
    return DeviceName(**_parts(name))


def file_name(*parts: str) -> str:
    """Parts of a name joined by `-`, as one name of a file: a character that file systems or addresses may
    refuse becomes `%` and its number, so that different names stay different."""
    return quote("-".join(parts), safe="")


def _parts(name: object) -> dict[str, Any]:
    """The fields of a `DeviceName`."""
    matched = _NAME.fullmatch(name) if isinstance(name, str) and len(name) <= LONGEST else None
    if matched is None:
        raise InputError(
            f"device must be a name of letters, digits, '.', '_' and '-' in at most {LONGEST} characters, "
            f"as {FORM}, got {shorten(name)}"
        )
    _, *words = matched["hardware"].split("-")
    for word in reversed(words):
        if _RESERVED.fullmatch(word):
            raise InputError(_misplaced(word, str(name)))
    if matched["batch"] == "1":
        raise InputError(_misplaced("b1", str(name)))
    return {
        "hardware": matched["hardware"],
        "runtime": matched["runtime"] or "",
        "processor": matched["processor"] or matched["count"] or "",
        "batch": int(matched["batch"] or 1),
        "precision": matched["precision"] or "",
        "settings": _settings(matched["settings"] or "", str(name)),
    }


def _misplaced(word: str, name: str) -> str:
    """Why a name with a word of the grammar at the wrong place is refused."""
    if word.lower() in _DEFAULTS:
        return f"device must leave out {word!r}, which is the default, got {shorten(name)}"
    return f"device must be {FORM}, in this order and in small letters: {word!r} stands elsewhere in {name!r}"


def _settings(text: str, name: str) -> Settings:
    pairs = []
    for part in text.split(",") if text else ():
        matched = _SETTING.fullmatch(part)
        if matched is None:
            raise InputError(f"settings of a device must be name=value, got {part!r} in {shorten(name)}")
        pairs.append((matched[1], matched[2]))
    names = [key for key, _ in pairs]
    if names != sorted(set(names)):
        raise InputError(f"settings of a device must be in the order of their names, got {shorten(name)}")
    return tuple(pairs)
