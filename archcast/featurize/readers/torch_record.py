"""What a module does, written down operation by operation while it runs.

Two of torch's modes see the operations: the one for functions sees those that are taken apart further down
but that runtimes run whole (`linear`, `matmul`, attention, recurrent layers), the other all others.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from archcast.core.network import Attribute, Network, Node, Scalar, Value
from archcast.featurize.readers.aten import ATEN, FUNCTIONS
from archcast.featurize.readers.torch_shapes import call_on_meta, run_on_meta
from archcast.featurize.readers.torch_values import ASKING, MOST, KnownValues

OPSET = 23
_MOST_DATA = 256
_lock = threading.Lock()


class Recorder:
    """Values and nodes as they come.

    Attributes:
        values, nodes: of the network so far.
    """

    def __init__(self, module: Any, part: str) -> None:
        self.values: dict[str, Value] = {}
        self.nodes: list[Node] = []
        self.operation = ""
        self._path = [part] if part else []
        self._stack: list[str] = list(self._path)
        self._modules = {id(m): name for name, m in module.named_modules(remove_duplicate=True)}
        self._trained = frozenset(name for name, _ in module.named_parameters(remove_duplicate=True))
        self._names: dict[int, str] = {}
        self._standing_for: dict[int, str] = {}
        self._held: list[Any] = []

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

    def name(self, tensor: Any) -> str:
        """Name of a tensor's value; one that was not seen before is a constant."""
        found = self._names.get(id(tensor))
        if found is not None:
            return found
        own = self._standing_for.get(id(tensor))
        data = None
        if tensor.device.type != "meta" and tensor.numel() <= _MOST_DATA and not tensor.is_complex():
            data = tuple(tensor.reshape(-1).tolist())
        name = own if own is not None else f"constant{len(self.values)}"
        learned = own in self._trained
        self._know(tensor, Value(name, tuple(tensor.shape), dtype_of(tensor), True, data, learned))
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
    return str(tensor.dtype).removeprefix("torch.").replace("float8_", "float8").replace("_", "")


class _Functions(TorchFunctionMode):
    """Sees functions that runtimes run whole."""

    def __init__(self, recorder: Recorder, dispatch: _Dispatch) -> None:
        super().__init__()
        self.recorder, self.dispatch = recorder, dispatch

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        write = FUNCTIONS.get(getattr(func, "__name__", ""))
        if write is None or self.dispatch.paused:
            return func(*args, **kwargs)
        args, kwargs = self.dispatch.moved(args, kwargs)
        tensors = _tensors(args, kwargs)
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
        there = {t.device.type for t in _tensors(args, kwargs)}
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
        made = _tensors(out)
        if not made or all(t.device.type != "meta" for t in made):
            return out
        tensors = _tensors(args, kwargs)
        self.known.follow(func, args, kwargs, tensors, made)
        if all(recorder.is_constant(t) for t in tensors):
            return out  # so are its results
        write = ATEN.get(plain)
        if write is None or not write(recorder, args, kwargs, out):
            recorder.emit(name, [recorder.name(t) for t in tensors], [recorder.new(t) for t in made])
        return out


def _tensors(*values: Any) -> list[Any]:
    """Tensors among what operations take and give: values, and lists, tuples and mappings of them."""
    found = []
    for value in values:
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += _tensors(*value)
        elif isinstance(value, dict):
            found += _tensors(*value.values())
    return found


def _without_device(func: Any, args: Any, kwargs: Any) -> Any:
    """Keyword arguments, with a device asked for of tensors that are on meta replaced by it."""
    device = kwargs.get("device")
    if device is None or torch.device(device).type == "meta":
        return kwargs
    moves = any(t.device.type == "meta" for t in _tensors(args))
    return {**kwargs, "device": torch.device("meta")} if moves else kwargs


def record(recorder: Recorder, module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Network:
    """Run a module once and give what was recorded.

    Parameters and buffers are replaced by meta tensors while it runs, in the way of `functional_call`.
    """
    swapped = {
        name: t if t.device.type == "meta" else torch.empty_like(t, device="meta")
        for name, t in (*module.named_parameters(), *module.named_buffers())
    }
    recorder.swap(swapped)
    inputs = []
    named = {f"input{i}" if len(args) > 1 else "input": value for i, value in enumerate(args)} | dict(kwargs)
    for name, value in named.items():
        if isinstance(value, torch.Tensor):
            recorder.input(name, value)
            inputs.append(name)
    dispatch = _Dispatch(recorder)
    watched = (_Functions(recorder, dispatch), dispatch)
    with _lock, _hooked(recorder), torch.no_grad(), _eager_attention(), watched[0], watched[1]:
        out = torch.func.functional_call(module, swapped, args, dict(kwargs), strict=False)
    leaves = [t for t in pytree.tree_leaves(_plain(out)) if isinstance(t, torch.Tensor)]
    results = list({id(t): t for t in leaves if t.device.type == "meta"}.values())
    return recorder.network(tuple(inputs), results)


def _plain(out: Any) -> Any:
    """A module's results without the classes that libraries give them."""
    return dict(out) if isinstance(out, Mapping) else out


class _hooked:  # noqa: N801
    """Tells a recorder which module runs, by hooks that all modules share."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def __enter__(self) -> None:
        hooks = torch.nn.modules.module
        enter, leave = self._recorder.enter, self._recorder.leave
        self._handles = [
            hooks.register_module_forward_pre_hook(lambda module, args: enter(module)),
            hooks.register_module_forward_hook(lambda module, args, out: leave()),
        ]

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()


class _eager_attention:  # noqa: N801
    """Keeps torch from a fused encoder layer whose parts nobody sees."""

    def __enter__(self) -> None:
        self._before = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)

    def __exit__(self, *_: object) -> None:
        torch.backends.mha.set_fastpath_enabled(self._before)
