"""Building modules without weights: on the meta device, where nothing is filled.

What fills parameters at their start, as `kaiming_uniform_` does, has nothing to write to there; torch would
work out what it gives, which takes longer than all else that building a module does. Layers of torch's own
that are built with equal arguments are copied from the first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from typing import Any

import torch
from torch.overrides import _get_current_function_mode_stack
from torch.utils._device import DeviceContext, _device_constructors

from archcast.featurize.readers.torch_shapes import NoFormError, form_of

_FILLING = frozenset(
    getattr(where, name)
    for where, names in (
        (torch.nn.init, ("constant_", "kaiming_normal_", "kaiming_uniform_", "normal_", "uniform_")),
        (torch.Tensor, ("fill_", "normal_", "uniform_", "zero_")),
    )
    for name in names
)
_SHAPED = {torch.zeros: torch.empty, torch.ones: torch.empty}
"""What makes the same on meta, at once."""
_MOST = 2**12
_layers: dict[Hashable, dict[str, Any] | None] = {}
"""Attributes of layers by class and arguments; None where more than plain ones and tensors are held."""
_TENSORS = ("_parameters", "_buffers")
_here = threading.local()
_lock = threading.Lock()
_depth = 0


class _Weightless(DeviceContext):
    """The meta device as the default, where filling a tensor gives it back."""

    def __init__(self) -> None:
        super().__init__("meta")
        self._making = _device_constructors()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in _FILLING:
            filled = args[0] if args else kwargs.get("tensor")
            if filled is not None and filled.is_meta:
                return filled
        elif func in self._making and kwargs.get("device") is None:
            kwargs["device"] = self.device
            func = _SHAPED.get(func, func)
        return func(*args, **kwargs)

    def __enter__(self) -> None:
        super().__enter__()  # type: ignore[no-untyped-call]
        _here.builds = True

    def __exit__(self, *told: Any) -> None:
        _here.builds = False
        super().__exit__(*told)  # type: ignore[no-untyped-call]


def built(build: Callable[[], Any]) -> Any:
    """What a function gives, where modules have no weights."""
    with _copying(), _Weightless():
        return build()


@contextmanager
def outside() -> Iterator[None]:
    """As before `built` was called, where it was."""
    stack = _get_current_function_mode_stack()  # type: ignore[no-untyped-call]
    mode = next((one for one in stack if isinstance(one, _Weightless)), None)
    if mode is None:
        yield
        return
    mode.__exit__(None, None, None)
    try:
        yield
    finally:
        mode.__enter__()


@contextmanager
def _copying() -> Iterator[None]:
    """Constructors of torch's layers that copy, in the threads that build."""
    global _depth
    with _lock:
        if _depth == 0:
            _set_constructors()
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if not _depth:
                _reset_constructors()


_OWN: dict[Any, Any] = {
    kind: vars(kind).get("__init__")
    for kind in vars(torch.nn).values()
    if isinstance(kind, type)
    and kind.__module__.startswith("torch.nn.modules.")
    and kind is not torch.nn.Module
}
"""Constructors of torch's layers; None where that of the class before is used."""


def _set_constructors() -> None:
    for kind, init in [(kind, kind.__init__) for kind in _OWN]:  # all of them before any is replaced
        kind.__init__ = _copier(kind, init)


def _reset_constructors() -> None:
    for kind, own in _OWN.items():
        if own is None:
            del kind.__init__
        else:
            kind.__init__ = own


@lru_cache(maxsize=1024)
def _copier(kind: Any, init: Any) -> Any:
    """A layer's constructor that copies an equal one."""

    @wraps(init)
    def construct(self: Any, *args: Any, **kwargs: Any) -> Any:
        if type(self) is not kind or not getattr(_here, "builds", False):
            return init(self, *args, **kwargs)
        try:
            named = tuple([(name, form_of(value)) for name, value in kwargs.items()])
            key = kind, init, form_of(args), named, torch.get_default_dtype()
        except NoFormError:
            return init(self, *args, **kwargs)
        if (before := _layers.get(key)) is not None:
            with torch._C.DisableTorchFunction():
                self.__dict__.update(_copied(before))
            return None
        init(self, *args, **kwargs)
        if key not in _layers and len(_layers) < _MOST:
            with torch._C.DisableTorchFunction():
                _layers[key] = _copied(self.__dict__) if _is_plain(self.__dict__) else None
        return None

    return construct


def _is_plain(own: dict[str, Any]) -> bool:
    """Whether a layer's attributes are plain ones and tensors on meta."""
    try:
        for name, value in own.items():
            if isinstance(value, dict):
                if value and name not in _TENSORS:
                    return False
                form_of(list(value.values()))
            elif not isinstance(value, set):
                form_of(value)
    except NoFormError:
        return False
    return True


def _copied(own: dict[str, Any]) -> dict[str, Any]:
    """A layer's attributes, with tensors and containers of their own."""
    made: dict[str, Any] = {
        name: value.copy() if isinstance(value, dict | list | set) else value for name, value in own.items()
    }
    for name in _TENSORS:
        made[name].update((key, _like(t)) for key, t in own[name].items() if t is not None)
    return made


def _like(tensor: Any) -> Any:
    kind = type(tensor)
    return tensor.detach() if kind is torch.Tensor else torch.nn.Parameter(tensor, tensor.requires_grad)
