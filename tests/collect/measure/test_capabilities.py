"""What this host can measure is found by trying, and what it cannot has its reason."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import onnxruntime
import pytest
import torch

from archcast.collect.measure import capabilities as module
from archcast.collect.measure.capabilities import capabilities


def test_this_host() -> None:
    can = capabilities()
    assert can.runtimes["ort"] == f"ONNX Runtime {onnxruntime.__version__}"
    assert can.runtimes["torch"] == f"torch {torch.__version__}"
    assert can.runtimes["cuda"].startswith("CUDA " if torch.cuda.is_available() else "no: torch ")
    assert can.precisions == {"fp32": "yes", "int8": "yes"}
    assert {s["kind"] for s in can.sensors} == {"rapl", "ina", "nvml"}
    assert all(s["readable"] or s["reason"] for s in can.sensors)
    assert can.cores is not None
    assert can.cores >= 1


def test_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    can = capabilities()
    assert can.runtimes["torch"] == can.runtimes["cuda"] == "no: the package torch is not installed"
    assert can.precisions["fp32"] == "yes"


def test_without_onnx_there_is_no_int8(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.startswith("onnxruntime.quantization")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [n for n in sys.modules if n == "onnx" or n.startswith("onnx.")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "onnx", None)
    can = capabilities()
    assert can.runtimes["ort"].startswith("ONNX Runtime ")
    assert can.precisions["int8"] == "no: the package onnx is not installed"


def test_without_any_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    can = capabilities()
    assert can.precisions == {
        "fp32": "no: there is no runtime",
        "int8": "no: the package onnxruntime is not installed",
    }


def test_a_package_whose_library_does_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise OSError("libcudart.so: cannot open shared object file")

    monkeypatch.setattr(module, "importlib", SimpleNamespace(import_module=fail))
    assert capabilities().runtimes["torch"] == (
        "no: torch does not load: libcudart.so: cannot open shared object file"
    )


@pytest.mark.parametrize(
    ("built", "available", "said"),
    [
        (None, False, "no: torch 2.9 is built without CUDA"),
        ("12.8", False, "no: torch finds no CUDA card"),
        ("12.8", True, "CUDA 12.8 on Card A"),
    ],
)
def test_cuda(monkeypatch: pytest.MonkeyPatch, built: str | None, available: bool, said: str) -> None:
    cuda = SimpleNamespace(is_available=lambda: available, get_device_name=lambda: "Card A")
    fake = SimpleNamespace(__version__="2.9", version=SimpleNamespace(cuda=built), cuda=cuda)
    monkeypatch.setitem(sys.modules, "torch", fake)
    assert capabilities().runtimes["cuda"] == said
