"""int8 by ONNX Runtime's static quantiser.

The model is calibrated on seeded random images, because only its cost is measured: its outputs mean
nothing, before as after. Weights are quantised a channel at a time, activations a tensor at a time, in the
QDQ form that ONNX Runtime fuses into integer kernels.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from archcast.core.layers import Shape
from archcast.core.optional import require

IMAGES = 4
"""Random calibration images."""


class _RandomImages:
    """What ONNX Runtime's calibration reads: one dict of inputs at a time, then None."""

    def __init__(self, name: str, shape: tuple[int, ...], seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._left = [{name: rng.normal(size=shape).astype(np.float32)} for _ in range(IMAGES)]

    def get_next(self) -> dict[str, Any] | None:
        return self._left.pop() if self._left else None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while (images := self.get_next()) is not None:
            yield images


def to_int8(model: bytes, shape: Shape, *, batch: int = 1, seed: int = 0) -> bytes:
    """The int8 form of an fp32 model, with inputs and outputs still fp32.

    Args:
        shape: channels, height, width of the input.
        seed: of the calibration images.
    """
    require("onnx", extra="collect", purpose="quantising a network")
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    CalibrationDataReader.register(_RandomImages)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        plain, ready, done = (Path(folder) / f"{name}.onnx" for name in ("plain", "ready", "done"))
        plain.write_bytes(model)
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            done,
            _RandomImages("input", (batch, *shape), seed),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return done.read_bytes()


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back the quantiser's advice, which it gives through the root logger."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
