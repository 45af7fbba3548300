"""Networks run by ONNX Runtime on the processor.

Part of the runner: Python 3.8, numpy and onnxruntime, no import of archcast.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from .drawn_inputs import draw_inputs


class OrtNetwork:
    """A network given as ONNX bytes.

    Args:
        request: `model` (base64), `threads`, and `inputs` as `draw_inputs` takes them.
    """

    hardware = None
    """The processor, which the machine's facts name."""

    def __init__(self, request: dict[str, Any]) -> None:
        import onnxruntime

        onnxruntime.set_default_logger_severity(3)
        model = base64.b64decode(request["model"], validate=True)
        self.model_bytes = len(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(request["threads"])
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._feed = draw_inputs(request["inputs"])

    def run(self) -> float | None:
        """One pass over the batch; None, because the caller's clock is the right one."""
        self._session.run(None, self._feed)
        return None

    def output(self) -> np.ndarray:
        """What one pass gives; `run` throws it away."""
        return np.asarray(self._session.run(None, self._feed)[0])
