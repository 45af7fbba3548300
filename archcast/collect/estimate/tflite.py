"""A writer of int8 TFLite files over the flatbuffers schema that ships inside Vela."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from archcast.core.optional import require

FILE_IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor: its shape (maps are 1, height, width, channels), numbers if constant, quantisation."""

    name: str
    shape: tuple[int, ...]
    data: np.ndarray[Any, Any] | None = None
    scale: float = 0.05
    zero_point: int = 0
    kind: str = "INT8"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operator.

    Attributes:
        code: name in the schema's `BuiltinOperator`.
        inputs, outputs: positions of tensors.
        options: name of the options' table, e.g. `Conv2D`; empty for none.
        values: fields of the options.
    """

    code: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: str = ""
    values: dict[str, int | bool] = field(default_factory=dict)


def write_tflite(
    tensors: Sequence[Tensor],
    operations: Sequence[Operation],
    inputs: Sequence[int],
    outputs: Sequence[int],
) -> bytes:
    """One subgraph as a TFLite file.

    Raises:
        MissingPackageError: flatbuffers or ethos-u-vela is not installed.
    """
    flatbuffers = require("flatbuffers", extra="collect", purpose="writing a TFLite file")
    b = flatbuffers.Builder(1 << 16)
    codes = list(dict.fromkeys(operation.code for operation in operations))
    buffers = [_table(b, "Buffer")]  # the first one is empty by the schema
    operators = []
    for tensor in tensors:
        position = 0
        if tensor.data is not None:
            data = b.CreateByteVector(tensor.data.tobytes())
            position = len(buffers)
            buffers.append(_table(b, "Buffer", Data=data))
        operators.append(_tensor(b, tensor, position))
    listed = [_operation(b, operation, codes.index(operation.code)) for operation in operations]
    subgraph = _table(
        b,
        "SubGraph",
        Tensors=_offsets(b, operators),
        Inputs=_ints(b, inputs),
        Outputs=_ints(b, outputs),
        Operators=_offsets(b, listed),
        Name=b.CreateString("main"),
    )
    model = _table(
        b,
        "Model",
        Version=SCHEMA_VERSION,
        OperatorCodes=_offsets(b, [_code(b, code) for code in codes]),
        Subgraphs=_offsets(b, [subgraph]),
        Description=b.CreateString("archcast"),
        Buffers=_offsets(b, buffers),
    )
    b.Finish(model, FILE_IDENTIFIER)
    return bytes(b.Output())


def _schema(name: str) -> Any:
    require("ethosu", extra="collect", purpose="writing a TFLite file")
    return import_module(f"ethosu.vela.tflite.{name}")


def _table(b: Any, table: str, **fields: Any) -> int:
    """A table with some of its fields; the schema's module has one function a field."""
    module = _schema(table)
    getattr(module, f"{table}Start")(b)
    for name, value in fields.items():
        getattr(module, f"{table}Add{name}")(b, value)
    offset: int = getattr(module, f"{table}End")(b)
    return offset


def _constant(table: str, name: str) -> int:
    value: int = getattr(getattr(_schema(table), table), name)
    return value


def _tensor(b: Any, tensor: Tensor, buffer: int) -> int:
    name, shape = b.CreateString(tensor.name), _ints(b, tensor.shape)
    scale = b.CreateNumpyVector(np.array([tensor.scale], dtype=np.float32))
    zero = b.CreateNumpyVector(np.array([tensor.zero_point], dtype=np.int64))
    quantisation = _table(b, "QuantizationParameters", Scale=scale, ZeroPoint=zero)
    kind = _constant("TensorType", tensor.kind)
    return _table(b, "Tensor", Shape=shape, Type=kind, Buffer=buffer, Name=name, Quantization=quantisation)


def _operation(b: Any, operation: Operation, code: int) -> int:
    fields: dict[str, int] = {}
    if operation.options:
        table = f"{operation.options}Options"
        fields["BuiltinOptionsType"] = _constant("BuiltinOptions", table)
        fields["BuiltinOptions"] = _table(b, table, **operation.values)
    inputs, outputs = _ints(b, operation.inputs), _ints(b, operation.outputs)
    return _table(b, "Operator", OpcodeIndex=code, Inputs=inputs, Outputs=outputs, **fields)


def _code(b: Any, name: str) -> int:
    code = _constant("BuiltinOperator", name)
    return _table(b, "OperatorCode", DeprecatedBuiltinCode=min(code, 127), Version=1, BuiltinCode=code)


def _ints(b: Any, values: Sequence[int]) -> int:
    offset: int = b.CreateNumpyVector(np.array(values, dtype=np.int32))
    return offset


def _offsets(b: Any, offsets: Sequence[int]) -> int:
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    end: int = b.EndVector()
    return end
