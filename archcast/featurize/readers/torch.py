"""Networks from torch modules, recorded while a module runs once on meta tensors.

Nothing is computed and no weights are made: meta tensors have shapes alone. As the module really runs,
control flow, hooks and dynamic code are seen as they run with inputs of these shapes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

from archcast.core.errors import ArchcastError, InputError, shorten
from archcast.core.network import Network
from archcast.core.optional import require


def read_module(module: Any, example: Any, *, part: str = "") -> Network:
    """The network that a module computes for inputs like `example`.

    Args:
        module: `torch.nn.Module` or `torch.export.ExportedProgram`; neither is changed nor moved.
        example: shape of the input (of float32), a tensor, or a tuple or list of these for several inputs; a
            mapping gives them by the names of `forward`'s arguments.
        part: put before the names of the network's parts.

    Raises:
        InputError: the module does not run with these inputs, or its way depends on values that meta tensors
            do not have; names the part and operation.
        MissingPackageError: torch is not installed.
    """
    torch = require("torch", extra="train", purpose="reading a torch module")
    from archcast.featurize.readers.torch_record import Recorder, record

    if hasattr(module, "graph_module") and hasattr(module, "module"):
        module = module.module()
    args, kwargs = inputs_of(torch, example)
    recorder = Recorder(module, part)
    try:
        return record(recorder, module, args, kwargs)
    except ArchcastError:
        raise
    except Exception as error:  # whatever a user's module raises
        if isinstance(error, NotImplementedError) or "meta tensors" in str(error):
            raise InputError(
                f"{recorder.where()} depends on values, which shapes do not tell: {_way_out(args, kwargs)}"
            ) from error
        raise InputError(
            f"{type(module).__name__} does not run with these inputs, in {recorder.where()}: "
            f"{type(error).__name__}: {_first_line(error)}"
        ) from error


def inputs_of(torch: Any, example: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Meta tensors like an example, as positional and named arguments.

    Raises:
        InputError: it is no shape, tensor, sequence or mapping of these.
    """
    if example is None:
        raise InputError("example must be given for a torch module: the shape of its input, or a tensor")
    if isinstance(example, Mapping):
        return (), {str(name): _input(torch, value) for name, value in example.items()}
    if _is_shape(example) or isinstance(example, torch.Tensor):
        return (_input(torch, example),), {}
    if isinstance(example, Sequence) and not isinstance(example, str) and example:
        return tuple(_input(torch, value) for value in example), {}
    raise InputError(f"example must be a shape, a tensor or a sequence of these, got {shorten(example)}")


def _is_shape(value: Any) -> bool:
    whole = isinstance(value, Sequence) and not isinstance(value, str) and bool(value)
    return whole and all(isinstance(d, Integral) and not isinstance(d, bool) for d in value)


def _input(torch: Any, value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return torch.empty_like(value, device="meta")
    if _is_shape(value):
        if any(d < 1 for d in value):
            raise InputError(f"a shape must be of numbers of at least 1, got {tuple(value)}")
        return torch.empty(tuple(map(int, value)), device="meta")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise InputError(f"example must be a shape, a tensor or a sequence of these, got {shorten(value)}")


def _way_out(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """How to read a module, such as a detector, whose shapes follow from what it finds."""
    drawn = [_drawn(value) for value in args]
    named = (
        "" if not kwargs else f", kwargs={{{', '.join(f'{k!r}: {_drawn(v)}' for k, v in kwargs.items())}}}"
    )
    inside = "".join(f"{one}, " for one in drawn).rstrip() if len(drawn) == 1 else ", ".join(drawn)
    return (
        f"export it where it has weights, by torch.onnx.export(module, ({inside}), 'model.onnx', "
        f"dynamo=False{named}), and read the file; how many are found is bound there, as "
        f"archcast.network('model.onnx', NonZero=100, NonMaxSuppression=100) or --bind NonZero=100"
    )


def _drawn(value: Any) -> str:
    """Python that makes an input like one that was given."""
    if not hasattr(value, "shape"):
        return repr(value)
    sizes = ", ".join(map(str, value.shape))
    return (
        f"torch.rand({sizes})" if value.is_floating_point() else f"torch.ones({sizes}, dtype={value.dtype})"
    )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
