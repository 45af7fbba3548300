"""int8 by ONNX Runtime's static quantiser.

The model is calibrated on seeded random inputs, because only its cost is measured: its outputs mean
nothing, before as after. Weights are quantised a channel at a time, activations a tensor at a time, in the
QDQ form that ONNX Runtime fuses into integer kernels.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from archcast.collect.measure.drawn_inputs import draw_inputs
from archcast.core.optional import require
from archcast.core.quiet import quiet_root

DRAWS = 4
"""Random calibration inputs."""


class _RandomInputs:
    """What ONNX Runtime's calibration reads: one dict of inputs at a time, then None."""

    def __init__(self, inputs: Sequence[dict[str, Any]], seed: int) -> None:
        self._left = [draw_inputs(inputs, seed=seed + i) for i in range(DRAWS)]

    def get_next(self) -> dict[str, Any] | None:
        return self._left.pop() if self._left else None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while (drawn := self.get_next()) is not None:
            yield drawn


def to_int8(model: bytes, inputs: Sequence[dict[str, Any]], *, seed: int = 0) -> bytes:
    """The int8 form of an fp32 model, with inputs and outputs still fp32.

    Args:
        inputs: as `draw_inputs` takes them.
        seed: of the calibration inputs.
    """
    require("onnx", extra="collect", purpose="quantising a network")
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    CalibrationDataReader.register(_RandomInputs)
    with tempfile.TemporaryDirectory() as folder, quiet_root("onnxruntime"):
        plain, ready, done = (Path(folder) / f"{name}.onnx" for name in ("plain", "ready", "done"))
        plain.write_bytes(model)
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            done,
            _RandomInputs(inputs, seed),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return done.read_bytes()
