"""Results of operations on meta tensors, worked out once for each form of the operands.

What an operation gives on meta tensors depends on the shapes, strides and types of its operands and on its
other arguments alone. Torch works that out in Python, in up to a millisecond; a model has few forms of many
operations, and the members of a search space share most of theirs.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence, Set
from functools import lru_cache
from typing import Any, NamedTuple

import torch

_MOST = 2**14
_PLAIN = (bool, int, float, str, type(None), torch.dtype, torch.layout, torch.memory_format, torch.device)


class _Form(NamedTuple):
    """All of a meta tensor but itself."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype


class _NoFormError(Exception):
    """An argument is of a kind whose results are not kept."""


_known: dict[Hashable, tuple[bool, tuple[_Form, ...]]] = {}
_written: set[Hashable] = set()
"""Operations that write into their first operand and give it back, of forms that were run before."""


def run_on_meta(func: Any, args: Any, kwargs: Any) -> Any:
    """What `func(*args, **kwargs)` gives; of meta tensors from an earlier call with ones of the same form.

    Operations that give views of their operands are always run; of those that write into their first operand
    and give it back, as `add_` does, a meta tensor holds nothing that would change.
    """
    makes_new = _makes_new(func)
    if not makes_new and not _gives_first(func):
        return func(*args, **kwargs)
    try:
        key = _key_of(func, args, kwargs)
    except _NoFormError:
        return func(*args, **kwargs)
    if not makes_new:
        return args[0] if key in _written else _write_first(key, func, args, kwargs)
    return _kept(key, func, args, kwargs)


def call_on_meta(func: Any, args: Any, kwargs: Any, tensors: Sequence[Any]) -> Any:
    """The same of a function that is made of operations; one that gives a view of an operand is always run.

    Args:
        tensors: all of its operands.
    """
    try:
        key = _key_of(func, args, kwargs)
    except _NoFormError:
        return func(*args, **kwargs)
    return _kept(key, func, args, kwargs, {id(one) for t in tensors for one in (t, t._base)})


def _key_of(func: Any, args: Any, kwargs: Any) -> Hashable:
    return (func, _form_of(args), *[(name, _form_of(value)) for name, value in kwargs.items()])


def _kept(key: Hashable, func: Any, args: Any, kwargs: Any, operands: Set[int] = frozenset()) -> Any:
    """Results of the forms that were worked out before, or now.

    Args:
        operands: ids of tensors; what is one of them or a view of one is not kept.
    """
    found = _known.get(key)
    if found is not None:
        several, forms = found
        made = [torch.empty_strided(f.shape, f.stride, dtype=f.dtype, device="meta") for f in forms]
        return tuple(made) if several else made[0]
    out = func(*args, **kwargs)
    results = out if type(out) is tuple else (out,)
    on_meta = all(type(t) is torch.Tensor and t.device.type == "meta" for t in results)
    if on_meta and all(id(t) not in operands and id(t._base) not in operands - {id(None)} for t in results):
        if len(_known) >= _MOST:
            _known.clear()
        _known[key] = (type(out) is tuple, tuple(_tensor_form(t) for t in results))
    return out


def _write_first(key: Hashable, func: Any, args: Any, kwargs: Any) -> Any:
    """What an operation gives that writes into its first operand, kept where that has its form still."""
    before = _tensor_form(args[0])
    out = func(*args, **kwargs)
    if out is args[0] and _tensor_form(out) == before and len(_written) < _MOST:
        _written.add(key)
    return out


@lru_cache(maxsize=4096)
def _gives_first(func: Any) -> bool:
    """Whether an operation changes its first operand alone and gives it back."""
    operands, results = func._schema.arguments, func._schema.returns
    if len(results) != 1 or not operands or operands[0].alias_info is None:
        return False
    written = [one.name for one in operands if one.alias_info is not None and one.alias_info.is_write]
    back = results[0].alias_info
    return (
        written == [operands[0].name]
        and back is not None
        and back.is_write
        and func._schema.name.endswith("_")
    )


@lru_cache(maxsize=4096)
def _makes_new(func: Any) -> bool:
    """Whether an operation gives new tensors and changes none."""
    schema = func._schema
    every = (*schema.arguments, *schema.returns)
    return bool(schema.returns) and all(one.alias_info is None for one in every)


def _form_of(value: Any) -> Hashable:
    if isinstance(value, torch.Tensor):
        if type(value) not in (torch.Tensor, torch.nn.Parameter) or value.device.type != "meta":
            raise _NoFormError
        return _tensor_form(value)
    if isinstance(value, list | tuple):
        return tuple([_form_of(one) for one in value])
    if isinstance(value, _PLAIN):
        return type(value), value
    raise _NoFormError


def _tensor_form(tensor: Any) -> _Form:
    if tensor.layout is not torch.strided:
        raise _NoFormError
    return _Form(tuple(tensor.shape), tensor.stride(), tensor.dtype)
