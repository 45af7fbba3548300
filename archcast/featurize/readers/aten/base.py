"""Registries of how torch's operations are written as ONNX's, and what writers share.

A writer is given the recorder, the arguments and the result, and returns whether it wrote the operation; what
nobody writes becomes a node of torch's own name, which is then told as not understood.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Writer: TypeAlias = Callable[[Any, Any, Any, Any], bool]
"""(recorder, args, kwargs, result) -> whether it was written."""
ATEN: dict[str, Writer] = {}
"""By name of the operation, without `aten::`."""
FUNCTIONS: dict[str, Writer] = {}
"""By name of the Python function."""
Number: TypeAlias = "int | float | bool"


def aten(*names: str) -> Callable[[Writer], Writer]:
    """Decorator: a writer of these operations and of their in-place forms."""

    def register(writer: Writer) -> Writer:
        for name in names:
            ATEN[name] = ATEN[f"{name}_"] = writer
        return writer

    return register


def function(*names: str) -> Callable[[Writer], Writer]:
    """Decorator: a writer of these functions."""

    def register(writer: Writer) -> Writer:
        for name in names:
            FUNCTIONS[name] = writer
        return writer

    return register


def argument(args: Any, kwargs: Any, position: int, name: str, default: Any = None) -> Any:
    """An argument by its position or name."""
    return args[position] if len(args) > position else kwargs.get(name, default)


def is_tensor(value: Any) -> bool:
    """Whether an argument is a tensor."""
    return hasattr(value, "untyped_storage") or type(value).__name__ in ("Tensor", "Parameter")


def operand(recorder: Any, value: Any, dtype: str) -> str:
    """Name of a tensor, or of a number as a constant."""
    if is_tensor(value):
        name: str = recorder.name(value)
        return name
    number = recorder.constant(float(value) if dtype.startswith(("float", "bfloat")) else value, dtype)
    return str(number)


def dtype_of(tensor: Any) -> str:
    """Name of a tensor's type of elements."""
    return str(tensor.dtype).removeprefix("torch.")


def like(recorder: Any, value: Any, dtype: str) -> str:
    """Name of an operand cast to a type where it is of another."""
    if not is_tensor(value):
        return operand(recorder, value, dtype)
    return cast(recorder, recorder.name(value), dtype_of(value), tuple(value.shape), dtype)


def cast(recorder: Any, name: str, dtype: str, shape: tuple[int, ...], wanted: str) -> str:
    """Name of a value cast to a type where it is of another."""
    from archcast.featurize.onnx_model import NUMBERS

    if dtype == wanted:
        return name
    made: str = recorder.made(shape, wanted)
    recorder.emit("Cast", [name], [made], to=NUMBERS[wanted])
    return made


def positive(axis: int, rank: int) -> int:
    """An axis counted from the front."""
    return axis + rank if axis < 0 else axis


def pair(value: Any, count: int) -> tuple[int, ...]:
    """A number, or one a dimension, as one a dimension."""
    if isinstance(value, int):
        return (value,) * count
    given = tuple(value)
    return given * count if len(given) == 1 else given
