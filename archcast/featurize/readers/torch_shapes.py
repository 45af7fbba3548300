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
_PLAIN = frozenset(
    (bool, int, float, str, type(None), torch.dtype, torch.layout, torch.memory_format, torch.device)
)
_BATCH_NORM = torch.ops.aten.native_batch_norm.default


class Form(NamedTuple):
    """All of a meta tensor but itself."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype


class NoFormError(Exception):
    """An argument is of a kind whose results are not kept."""


_known: dict[Hashable, tuple[bool, tuple[Form, ...]]] = {}
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
    except NoFormError:
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
    except NoFormError:
        return func(*args, **kwargs)
    return _kept(key, func, args, kwargs, {id(one) for t in tensors for one in (t, t._base)})


def empty(form: Form) -> Any:
    """A meta tensor of a form, past all that watches."""
    with torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
        return torch.empty_strided(form.shape, form.stride, dtype=form.dtype, device="meta")


def _key_of(func: Any, args: Any, kwargs: Any) -> Hashable:
    return (func, form_of(args), *[(name, form_of(value)) for name, value in kwargs.items()])


def _kept(key: Hashable, func: Any, args: Any, kwargs: Any, operands: Set[int] = frozenset()) -> Any:
    """Results of the forms that were worked out before, or now.

    Args:
        operands: ids of tensors; what is one of them or a view of one is not kept.
    """
    found = _known.get(key)
    if found is not None:
        several, forms = found
        made = [empty(form) for form in forms]
        return tuple(made) if several else made[0]
    if func is _BATCH_NORM and (forms := _normalized(args)):
        return tuple(map(empty, forms))
    with torch._C._DisableTorchDispatch():  # all tensors are plain ones
        out = func(*args, **kwargs)
    results = out if type(out) is tuple else (out,)
    on_meta = all(type(t) is torch.Tensor and t.device.type == "meta" for t in results)
    if on_meta and all(id(t) not in operands and id(t._base) not in operands - {id(None)} for t in results):
        if len(_known) >= _MOST:
            _known.clear()
        _known[key] = (type(out) is tuple, tuple(tensor_form(t) for t in results))
    return out


def _normalized(args: Any) -> tuple[Form, ...]:
    """Forms of what batch normalisation gives in training, which torch works out in twenty steps; or none."""
    data, *held, training, _, _ = args
    plain = training and data.is_contiguous() and len(data.shape) > 1 and data.numel() > data.shape[1] > 0
    if not plain or any(t is not None and t.dtype != torch.float32 for t in (data, *held)):
        return ()
    each = Form((data.shape[1],), (1,), torch.float32)
    return tensor_form(data), each, each


def _write_first(key: Hashable, func: Any, args: Any, kwargs: Any) -> Any:
    """What an operation gives that writes into its first operand, kept where that has its form still."""
    before = tensor_form(args[0])
    out = func(*args, **kwargs)
    if out is args[0] and tensor_form(out) == before and len(_written) < _MOST:
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


def tensors_in(*values: Any) -> list[Any]:
    """Tensors among what operations take and give: values, and lists, tuples and mappings of them."""
    found = []
    for value in values:
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += tensors_in(*value)
        elif isinstance(value, dict):
            found += tensors_in(*value.values())
    return found


def form_of(value: Any) -> Hashable:
    """All of an argument that results on meta depend on.

    Raises:
        NoFormError: there may be more.
    """
    kind = type(value)
    if kind in _PLAIN:
        return kind, value
    if kind in (torch.Tensor, torch.nn.Parameter) and value.is_meta:
        if value.layout is not torch.strided:
            raise NoFormError
        return value.shape, value.stride(), value.dtype
    if isinstance(value, list | tuple):
        return tuple([(type(v), v) if type(v) in _PLAIN else form_of(v) for v in value])
    raise NoFormError


def tensor_form(tensor: Any) -> Form:
    """The form of a meta tensor."""
    if tensor.layout is not torch.strided:
        raise NoFormError
    return Form(tuple(tensor.shape), tensor.stride(), tensor.dtype)
