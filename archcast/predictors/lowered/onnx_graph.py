"""An ONNX graph under construction: nodes and constants in the order in which they are added."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from archcast.core.optional import require

INPUT, OUTPUT = "codes", "values"
OPSET, IR_VERSION = 17, 9


class OnnxGraph:
    """Nodes from `codes`, int8 (n, k), to `values`, float32 (n, 1).

    Attributes:
        sums: the type that sums have where the graph has got to.
    """

    def __init__(self) -> None:
        self.onnx = require("onnx", extra="train", purpose="writing an ONNX file")
        self.sums: type[Any] = np.float32
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, value: Any, dtype: type[Any]) -> str:
        """Name of a constant."""
        name = f"c{len(self._constants)}"
        array: NDArray[Any] = np.asarray(value, dtype=dtype)
        self._constants.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def like_sums(self, value: Any) -> str:
        """Name of a constant of the type that sums have."""
        return self.constant(value, self.sums)

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Name of a node's output."""
        return self.nodes_of(kind, *inputs, outputs=1, **attributes)[0]

    def nodes_of(self, kind: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        """Names of a node's outputs."""
        names = [f"n{len(self._nodes)}_{i}" for i in range(outputs)]
        self._nodes.append(self.onnx.helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def cast(self, name: str, dtype: str) -> str:
        """Name of a value cast to another type."""
        return self.add("Cast", name, to=getattr(self.onnx.TensorProto, dtype))

    def single(self, q: str) -> str:
        """Name of sums in single precision, which they have from here on."""
        if self.sums is np.float32:
            return q
        self.sums = np.float32
        return self.cast(q, "FLOAT")

    def model(self, last: str, k: int) -> bytes:
        """The file."""
        helper, types = self.onnx.helper, self.onnx.TensorProto
        self._nodes.append(helper.make_node("Identity", [last], [OUTPUT]))
        model = helper.make_model(
            helper.make_graph(
                self._nodes,
                "archcast",
                [helper.make_tensor_value_info(INPUT, types.INT8, ["n", k])],
                [helper.make_tensor_value_info(OUTPUT, types.FLOAT, ["n", 1])],
                self._constants,
            ),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="archcast",
        )
        self.onnx.checker.check_model(model)
        content: bytes = model.SerializeToString()
        return content
