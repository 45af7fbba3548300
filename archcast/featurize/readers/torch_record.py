"""What a module does, written down operation by operation while it runs.

Two of torch's modes see the operations: the one for functions sees those that are taken apart further down
but that runtimes run whole (`linear`, `matmul`, attention, recurrent layers), the other all others.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from archcast.core.network import Attribute, Network, Node, Scalar, Value
from archcast.featurize.readers.aten import ATEN, FUNCTIONS
from archcast.featurize.readers.torch_build import outside
from archcast.featurize.readers.torch_calls import eager_attention, watched
from archcast.featurize.readers.torch_repeats import Repeats
from archcast.featurize.readers.torch_shapes import call_on_meta, run_on_meta, tensors_in
from archcast.featurize.readers.torch_values import ASKING, MOST, KnownValues

OPSET = 23
_MOST_DATA = 256
_lock = threading.Lock()


class Recorder:
    """Values and nodes as they come.

    Attributes:
        values, nodes: of the network so far.
        modules: of the module, by name.
        tensors: its parameters and buffers by name, each once.
    """

    def __init__(self, module: Any, part: str) -> None:
        self.values: dict[str, Value] = {}
        self.nodes: list[Node] = []
        self.operation = ""
        self._path = [part] if part else []
        self._stack: list[str] = list(self._path)
        self.modules = dict(module.named_modules())
        self._modules = {id(m): name for name, m in self.modules.items()}
        parameters = self._tensors("_parameters")
        self._trained = frozenset(parameters)
        self.tensors = parameters | self._tensors("_buffers")
        self._names: dict[int, str] = {}
        self._standing_for: dict[int, str] = {}
        self._held: list[Any] = []

    def _tensors(self, kind: str) -> dict[str, Any]:
        """The module's tensors by name, each once.

        Args:
            kind: `_parameters` or `_buffers`.
        """
        found = {
            id(t): (f"{name}.{key}" if name else key, t)
            for name, module in reversed(self.modules.items())
            for key, t in reversed(getattr(module, kind).items())
            if t is not None
        }
        return dict(reversed(found.values()))

    # -- where it is ------------------------------------------------------------------------------

    def enter(self, module: Any) -> None:
        """A module begins to run."""
        self._stack.append(".".join([*self._path, self._modules.get(id(module), "")]).strip("."))

    def leave(self) -> None:
        """The module entered last has run."""
        self._stack.pop()

    def where(self) -> str:
        """The part and the operation that are running, for messages."""
        part = self._stack[-1] if self._stack else ""
        return (part or "the module") + (f" ({self.operation})" if self.operation else "")

    def saw(self, name: str) -> None:
        """Note the operation that runs; an in-place one is the operation itself."""
        name = name.removeprefix("aten::")
        plain = name.removesuffix("_")
        self.operation = plain if plain in ATEN and not name.startswith("_") else name

    # -- values -----------------------------------------------------------------------------------

    def swap(self, tensors: Mapping[str, Any]) -> None:
        """Tell the meta tensors that stand for parameters and buffers, by name."""
        self._standing_for |= {id(tensor): name for name, tensor in tensors.items()}
        self._held += tensors.values()

    def is_constant(self, tensor: Any) -> bool:
        """Whether a tensor is neither an input nor trained, nor made from such."""
        name = self._names.get(id(tensor))
        if name is not None:
            return self.values[name].constant and self.values[name].learned is not True
        return self._standing_for.get(id(tensor)) not in self._trained

    def roles(self, tensors: Sequence[Any]) -> tuple[tuple[bool, bool | None, int], ...]:
        """Of each tensor whether a node made it, whether it is constant (None where that is not known), and
        the first that it is.
        """
        seen: dict[int, int] = {}
        told = []
        for t in tensors:
            place = id(t)
            name, own = self._names.get(place), self._standing_for.get(place)
            made = name is not None and not self.values[name].constant
            constant = False if made else None if own is None else own not in self._trained
            told.append((made, constant, seen.setdefault(place, len(seen))))
        return tuple(told)

    def known(self, tensor: Any) -> str | None:
        """Name of the value of a tensor that was seen before."""
        return self._names.get(id(tensor))

    def name(self, tensor: Any) -> str:
        """Name of a tensor's value; one that was not seen before is a constant."""
        found = self._names.get(id(tensor))
        if found is not None:
            return found
        own = self._standing_for.get(id(tensor))
        data = None
        if not tensor.is_meta and tensor.numel() <= _MOST_DATA and not tensor.is_complex():
            data = tuple(tensor.reshape(-1).tolist())
        name = own if own is not None else f"constant{len(self.values)}"
        learned = own in self._trained
        make = _value if data is None else Value
        self._know(tensor, make(name, tuple(tensor.shape), dtype_of(tensor), True, data, learned))
        return name

    def show(self, tensor: Any, name: str) -> None:
        """Tell that a tensor is the value of that name."""
        self._names[id(tensor)] = name
        self._held.append(tensor)

    def new(self, tensor: Any) -> str:
        """A name for what a node writes."""
        name = f"v{len(self.values)}"
        self._know(tensor, Value(name, tuple(tensor.shape), dtype_of(tensor)))
        return name

    def input(self, name: str, tensor: Any) -> None:
        """Tell an input of the network."""
        self._know(tensor, Value(name, tuple(tensor.shape), dtype_of(tensor)))

    def same(self, tensor: Any, other: Any) -> None:
        """Tell that a tensor is another one."""
        self.show(tensor, self.name(other))

    def made(self, shape: Iterable[int], dtype: str) -> str:
        """A name for a value between nodes that stand for one operation."""
        name = f"v{len(self.values)}"
        self.values[name] = Value(name, tuple(shape), dtype)
        return name

    def like(self, value: Value, start: str) -> str:
        """A name that begins so for another value of the same form."""
        name = f"{start}{len(self.values)}"
        make = _value if value.data is None else Value
        self.values[name] = make(name, value.shape, value.dtype, value.constant, value.data, value.learned)
        return name

    def constant(self, data: Iterable[Scalar] | Scalar, dtype: str = "int64") -> str:
        """A small constant: a number, or a row of numbers."""
        lone = not isinstance(data, list | tuple)
        row = (data,) if lone else tuple(data)  # type: ignore[arg-type]
        name = f"number{len(self.values)}"
        shape = () if lone else (len(row),)
        self.values[name] = Value(name, shape, dtype, constant=True, data=row, learned=False)  # type: ignore[arg-type]
        return name

    def table(self, shape: tuple[int, ...], data: Iterable[int]) -> str:
        """A constant of whole numbers."""
        name = f"number{len(self.values)}"
        self.values[name] = Value(name, shape, "int64", constant=True, data=tuple(data), learned=False)
        return name

    def _know(self, tensor: Any, value: Value) -> None:
        self.values[value.name] = value
        self._names[id(tensor)] = value.name
        self._held.append(tensor)  # so that no other tensor gets its id

    # -- nodes ------------------------------------------------------------------------------------

    def emit(self, op: str, inputs: Iterable[str], outputs: Iterable[str], **attributes: Attribute) -> None:
        """Add a node."""
        part = self._stack[-1] if self._stack else ""
        self.nodes.append(Node(op, tuple(inputs), tuple(outputs), attributes, part))

    def write(self, op: str, inputs: Iterable[Any], out: Any, **attributes: Attribute) -> None:
        """Add a node that reads tensors (or names) and writes one tensor."""
        names = [x if isinstance(x, str) else self.name(x) for x in inputs]
        self.emit(op, names, [self.new(out)], **attributes)

    def network(self, inputs: tuple[str, ...], results: Iterable[Any]) -> Network:
        """What was recorded, with these tensors as outputs."""
        outputs = []
        for tensor in results:
            name = self.name(tensor)
            if name in inputs or self.values[name].constant or name in outputs:
                shown = self.made(self.values[name].dims, self.values[name].dtype)
                self.emit("Identity", [name], [shown])
                name = shown
            outputs.append(name)
        used = {name for node in self.nodes for name in (*node.inputs, *node.outputs)}
        used.update(inputs, outputs)
        values = {name: value for name, value in self.values.items() if name in used}
        return Network(values, tuple(self.nodes), inputs, tuple(outputs), opset=OPSET)


def dtype_of(tensor: Any) -> str:
    """Name of a tensor's type of elements."""
    return _dtype_name(tensor.dtype)


@lru_cache(maxsize=256)
def _dtype_name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.").replace("float8_", "float8").replace("_", "")


_value = lru_cache(maxsize=2**15)(Value)
"""Values without data, which networks share."""


class _Functions(TorchFunctionMode):
    """Sees functions that runtimes run whole."""

    def __init__(self, recorder: Recorder, dispatch: _Dispatch, repeats: Repeats | None) -> None:
        super().__init__()
        self.recorder, self.dispatch, self.repeats = recorder, dispatch, repeats

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if self.repeats is None:
            return self._run(func, args, kwargs)
        return self.repeats.function(func, args, kwargs, lambda: self._run(func, args, kwargs))

    def _run(self, func: Any, args: Any, kwargs: Any) -> Any:
        write = FUNCTIONS.get(getattr(func, "__name__", ""))
        if write is None or self.dispatch.paused:
            return func(*args, **kwargs)
        args, kwargs = self.dispatch.moved(args, kwargs)
        tensors = tensors_in(args, kwargs)
        if all(t.device.type != "meta" for t in tensors):
            return func(*args, **kwargs)
        self.recorder.saw(func.__name__)
        self.dispatch.paused = True
        try:
            out = call_on_meta(func, args, kwargs, tensors)
        finally:
            self.dispatch.paused = False
        if not write(self.recorder, args, kwargs, out):  # not in this form
            return func(*args, **kwargs)
        return out


class _Dispatch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees all other operations."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.recorder = recorder
        self.paused = False
        self.known = KnownValues()
        self._meta: dict[int, Any] = {}

    def moved(self, args: Any, kwargs: Any) -> tuple[Any, Any]:
        """Arguments with tensors of values beside meta tensors moved to meta, as constants."""
        there = {t.device.type for t in tensors_in(args, kwargs)}
        if len(there) < 2 or "meta" not in there:
            return args, kwargs
        leaves, spec = pytree.tree_flatten((args, kwargs))
        moved = [self._to_meta(t) if isinstance(t, torch.Tensor) else t for t in leaves]
        result: tuple[Any, Any] = pytree.tree_unflatten(moved, spec)
        return result

    def _to_meta(self, tensor: Any) -> Any:
        if tensor.device.type == "meta":
            return tensor
        if id(tensor) not in self._meta:
            name = self.recorder.name(tensor)
            paused, self.paused = self.paused, True
            made = torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype, device="meta")
            self.paused = paused
            self.recorder.show(made, name)
            self._meta[id(tensor)] = made
            if tensor.numel() <= MOST:
                self.known.tell(made, tensor)
        return self._meta[id(tensor)]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if self.paused:
            return func(*args, **kwargs)
        recorder = self.recorder
        args, kwargs = self.moved(args, kwargs)
        name = func._schema.name
        recorder.saw(name)
        kwargs = _without_device(func, args, kwargs)
        plain = name.removeprefix("aten::")
        if plain in ASKING:
            is_known, answer = self.known.answer(func, args, kwargs)
            if is_known:
                return answer
        out = run_on_meta(func, args, kwargs)
        made = tensors_in(out)
        if not made or all(t.device.type != "meta" for t in made):
            return out
        tensors = tensors_in(args, kwargs)
        self.known.follow(func, args, kwargs, tensors, made)
        if all(recorder.is_constant(t) for t in tensors):
            return out  # so are its results
        write = ATEN.get(plain)
        if write is None or not write(recorder, args, kwargs, out):
            recorder.emit(name, [recorder.name(t) for t in tensors], [recorder.new(t) for t in made])
        return out


def _without_device(func: Any, args: Any, kwargs: Any) -> Any:
    """Keyword arguments, with a device asked for of tensors that are on meta replaced by it."""
    device = kwargs.get("device")
    if device is None or torch.device(device).type == "meta":
        return kwargs
    moves = any(t.device.type == "meta" for t in tensors_in(args))
    return {**kwargs, "device": torch.device("meta")} if moves else kwargs


def record(recorder: Recorder, module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Network:
    """Run a module once and give what was recorded.

    Parameters and buffers are replaced by meta tensors while it runs, in the way of `functional_call`.
    """
    own = recorder.tensors
    swapped = {name: t if t.is_meta else torch.empty_like(t, device="meta") for name, t in own.items()}
    recorder.swap(swapped)
    inputs = []
    named = {f"input{i}" if len(args) > 1 else "input": value for i, value in enumerate(args)} | dict(kwargs)
    for name, value in named.items():
        if isinstance(value, torch.Tensor):
            recorder.input(name, value)
            inputs.append(name)
    dispatch = _Dispatch(recorder)
    quiet = _lock, outside(), torch.no_grad(), eager_attention()
    with (
        quiet[0],
        quiet[1],
        quiet[2],
        quiet[3],
        watched(recorder, dispatch.known) as repeats,
        _Functions(recorder, dispatch, repeats),
        dispatch,
    ):
        if all(t.is_meta for t in own.values()):
            out = _run(recorder, module, args, kwargs)
        else:
            out = torch.func.functional_call(module, swapped, args, dict(kwargs), strict=False)
    leaves = [t for t in pytree.tree_leaves(_plain(out)) if isinstance(t, torch.Tensor)]
    results = list({id(t): t for t in leaves if t.device.type == "meta"}.values())
    return recorder.network(tuple(inputs), results)


def _run(recorder: Recorder, module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Run a module that is on meta; it has its own parameters and buffers afterwards."""
    held = [(own, dict(own)) for m in recorder.modules.values() for own in (m._parameters, m._buffers) if own]
    try:
        return module(*args, **kwargs)
    finally:
        for own, before in held:
            own.clear()
            own.update(before)


def _plain(out: Any) -> Any:
    """A module's results without the classes that libraries give them."""
    return dict(out) if isinstance(out, Mapping) else out
