"""Results of operations on meta tensors, worked out once for each form of the operands.

What an operation gives on meta tensors depends on the shapes, strides and types of its operands and on its
other arguments alone. Torch works that out in Python, in up to a millisecond; a model has few forms of many
operations, and the members of a search space share most of theirs.
"""

from __future__ import annotations

from collections.abc import Hashable
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


def run_on_meta(func: Any, args: Any, kwargs: Any) -> Any:
    """What `func(*args, **kwargs)` gives; of meta tensors from an earlier call with ones of the same form.

    Operations that write into their operands or give views of them are always run.
    """
    if not _makes_new(func):
        return func(*args, **kwargs)
    try:
        key = (func, _form_of(args), *[(name, _form_of(value)) for name, value in kwargs.items()])
    except _NoFormError:
        return func(*args, **kwargs)
    found = _known.get(key)
    if found is not None:
        several, forms = found
        made = [torch.empty_strided(f.shape, f.stride, dtype=f.dtype, device="meta") for f in forms]
        return tuple(made) if several else made[0]
    out = func(*args, **kwargs)
    results = out if type(out) is tuple else (out,)
    if all(type(t) is torch.Tensor and t.device.type == "meta" for t in results):
        if len(_known) >= _MOST:
            _known.clear()
        _known[key] = (type(out) is tuple, tuple(_tensor_form(t) for t in results))
    return out


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
