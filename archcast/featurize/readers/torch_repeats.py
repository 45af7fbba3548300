"""Calls of torch's functions and layers, written down as an equal call was before.

What such a call adds to a network follows from the function or the layer's attributes, and from the forms of
the tensors that it is given or holds. So each such form runs once; from then on the same nodes and values are
added without running anything. Modules of a user's own always run, as what they read may change.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, cast

import torch

from archcast.core.network import Network, Node, Value
from archcast.featurize.readers.torch_shapes import Form, NoFormError, empty, form_of, tensor_form, tensors_in

_MOST = 2**15
_STATE = frozenset(torch.nn.Module().__dict__) - {"training"}
"""What every module has beside its own attributes."""
_MADE = ("v", "number", "constant")
"""What names of values begin with that are counted."""


class _Written(NamedTuple):
    """What a call adds to a network; numbers stand for names, those of its tensors first, -1 for none.

    Attributes:
        values: new ones in order, with what their names begin with.
        nodes: operator, inputs, outputs, attributes.
        results: the values that it gives.
        forms: of the tensors that it gives, or which of its tensors they are; None where it has to run, as it
            gives views.
        kind: list or tuple of tensors, or one tensor.
        operation: that ran last.
    """

    values: tuple[tuple[str, Value], ...]
    nodes: tuple[tuple[str, tuple[int, ...], tuple[int, ...], Any], ...]
    results: tuple[int, ...]
    forms: tuple[Form | int, ...] | None
    kind: type
    operation: str


_known: dict[Hashable, _Written | None] = {}
"""None: a form that has to run each time."""
_others: set[Any] = set()
"""Functions that gave something else than tensors, such as a shape."""


class Repeats:
    """Calls that a recorder sees.

    Args:
        values: tensors whose values are followed; what is given one of them runs.
    """

    def __init__(self, recorder: Any, values: Any) -> None:
        self._recorder, self._values = recorder, values
        self._is_writing = False

    def module(self, module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """What a module without hooks gives."""
        recorder, kind = self._recorder, cast(Hashable, type(module))
        recorder.enter(module)
        if kwargs or self._is_writing or not _is_layer(kind) or module._modules:
            out = module.forward(*args, **kwargs)
        else:
            out = self._layer(module, args)
        recorder.leave()
        return out

    def _layer(self, module: Any, args: tuple[Any, ...]) -> Any:
        with torch._C.DisableTorchFunction():  # which would see every look at a tensor
            key, tensors = self._layer_key(module, args)
            if (written := _known.get(key)) is not None:
                return self._again(written, tensors, lambda: module.forward(*args))
        return self._first(key, tensors, lambda: module.forward(*args))

    def function(self, func: Any, args: Any, kwargs: Mapping[str, Any], run: Callable[[], Any]) -> Any:
        """What a function gives."""
        if self._is_writing or func in _others:
            return run()
        try:
            tensors = tensors_in(args, kwargs)
            given = form_of(args), tuple([(name, form_of(value)) for name, value in kwargs.items()])
            key: Hashable = func, *given, self._known_as(tensors), torch.get_default_dtype()
        except NoFormError:
            key, tensors = None, []
        if (written := _known.get(key)) is not None:
            return self._again(written, tensors, lambda: func(*args, **kwargs))
        out = self._first(key, tensors, run)
        if not tensors_in(out) and len(_others) < _MOST:
            _others.add(func)
        return out

    # -- forms ------------------------------------------------------------------------------------

    def _layer_key(self, module: Any, args: tuple[Any, ...]) -> tuple[Hashable, list[Any]]:
        """All that a layer's work depends on, and its tensors; no key where there may be more."""
        kind, own = type(module), module.__dict__
        held = [*own["_parameters"].values(), *own["_buffers"].values()]
        try:
            plain = form_of([value for name, value in own.items() if name not in _STATE])
            tensors = [*tensors_in(args), *[t for t in held if t is not None]]
            given = form_of(args), form_of(held), self._known_as(tensors)
        except NoFormError:
            return None, []
        return (kind, kind.forward, tuple(own), plain, *given, torch.get_default_dtype()), tensors

    def _known_as(self, tensors: Sequence[Any]) -> Any:
        """Of each tensor whether it is passed on or held as a constant, and which ones are the same."""
        told = self._recorder.roles(tensors)
        constants = [constant for _, constant, _ in told]
        if None in constants or False not in constants or any(map(self._values.has, tensors)):
            raise NoFormError
        return told

    # -- calls ------------------------------------------------------------------------------------

    def _again(self, written: _Written, tensors: Sequence[Any], run: Callable[[], Any]) -> Any:
        recorder = self._recorder
        names = [recorder.name(t) for t in tensors]
        names += [recorder.like(value, start) for start, value in written.values]
        for op, inputs, outputs, attributes in written.nodes:
            recorder.emit(
                op, [names[i] if i >= 0 else "" for i in inputs], [names[i] for i in outputs], **attributes
            )
        recorder.operation = written.operation
        if written.forms is None:
            with torch._C._DisableTorchDispatch():
                out = run()
            made = [out] if written.kind is torch.Tensor else out
        else:
            made = [tensors[f] if isinstance(f, int) else empty(f) for f in written.forms]
            out = made[0] if written.kind is torch.Tensor else written.kind(made)
        for tensor, place in zip(made, written.results, strict=True):
            recorder.show(tensor, names[place])
        return out

    def _first(self, key: Hashable, tensors: Sequence[Any], run: Callable[[], Any]) -> Any:
        """Run a call and keep what it wrote, where that can be told from its form alone."""
        if key is None or key in _known:
            return run()
        recorder = self._recorder
        names = [recorder.name(t) for t in tensors]
        values, nodes = len(recorder.values), len(recorder.nodes)
        self._is_writing = True
        try:
            out = run()
        finally:
            self._is_writing = False
        with torch._C.DisableTorchFunction():
            fresh = dict(islice(recorder.values.items(), values, None))
            written = _written(recorder, tensors, names, fresh, recorder.nodes[nodes:], out)
        if len(_known) >= _MOST:
            _known.clear()
        _known[key] = written
        return out


@lru_cache(maxsize=4096)
def _is_layer(kind: Any) -> bool:
    """Whether a class of modules is torch's own."""
    return str(kind.__module__).startswith("torch.nn.modules.")


def _written(
    recorder: Any,
    tensors: Sequence[Any],
    names: list[str],
    fresh: Mapping[str, Value],
    nodes: Sequence[Node],
    out: Any,
) -> _Written | None:
    """What a call wrote, by numbers; None where it did more than its form tells."""
    results = [out] if isinstance(out, torch.Tensor) else out if type(out) in (list, tuple) else []
    count = len(recorder.values) - len(fresh)
    starts = [name.removesuffix(str(number)) for number, name in enumerate(fresh, count)]
    kept = all(recorder.known(t) == n for t, n in zip(tensors, names, strict=True) if not _is_in(t, results))
    if not results or not kept or any(start not in _MADE for start in starts):
        return None
    if any(type(t) is not torch.Tensor or not t.is_meta for t in results if not _is_in(t, tensors)):
        return None
    places = {name: place for place, name in reversed(list(enumerate([*names, *fresh])))} | {"": -1}
    told = []
    for node in nodes:
        plain = not any(isinstance(v, Value | Network) for v in node.attributes.values())
        if not plain or not places.keys() >= {*node.inputs, *node.outputs}:
            return None
        told.append((node.op, _numbers(places, node.inputs), _numbers(places, node.outputs), node.attributes))
    given = [recorder.known(t) for t in results]
    if not places.keys() >= {*given}:
        return None
    ends = _numbers(places, given)
    return _Written(
        tuple(zip(starts, fresh.values(), strict=True)),
        tuple(told),
        ends,
        _forms(tensors, results),
        torch.Tensor if isinstance(out, torch.Tensor) else type(out),
        recorder.operation,
    )


def _is_in(tensor: Any, others: Sequence[Any]) -> bool:
    return any(tensor is other for other in others)


def _numbers(places: Mapping[str, int], names: Sequence[Any]) -> tuple[int, ...]:
    return tuple([places[name] for name in names])


def _forms(tensors: Sequence[Any], results: Sequence[Any]) -> tuple[Form | int, ...] | None:
    """Forms of results, or which operands they are; None where one is a view."""
    held = {t.untyped_storage()._cdata for t in tensors}
    forms: list[Form | int] = []
    for result in results:
        same = [place for place, t in enumerate(tensors) if t is result]
        if not same and result.untyped_storage()._cdata in held:
            return None
        forms.append(same[0] if same else tensor_form(result))
        held.add(result.untyped_storage()._cdata)
    return tuple(forms)
