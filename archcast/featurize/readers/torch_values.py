"""Values of the few tensors that follow from shapes and small numbers, beside meta tensors, which have none.

Programs ask for values that no weight and no input changes: whether a mask of ones is all ones, where a row
of positions starts anew. So what is made from nothing but numbers (`arange`, `ones`), and an input of whole
numbers that was given with its values, is worked out on the processor as well, as long as it is small.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils import _pytree as pytree

MOST = 2**17
"""Elements of the largest tensor whose values are followed."""
_UNSET = ("empty", "new_empty", "empty_like", "empty_strided", "new_empty_strided")
ASKING = frozenset(
    {"_local_scalar_dense", "equal", "nonzero", "masked_select", "unique_dim", "_unique2", "bincount"}
)
"""Operations whose result's form follows from values, and which meta tensors refuse."""


class KnownValues:
    """Tensors on the processor by the meta tensors that stand for them.

    A view of a known tensor is a view here too, so that what is written into one is seen in the other.
    """

    def __init__(self) -> None:
        self._known: dict[int, Any] = {}
        self._held: list[Any] = []

    def tell(self, tensor: Any, values: Any) -> None:
        """The values of a meta tensor."""
        self._known[id(tensor)] = values
        self._held.append(tensor)  # so that no other tensor gets its id

    def has(self, tensor: Any) -> bool:
        """Whether the values of a meta tensor are known."""
        return id(tensor) in self._known

    def answer(self, func: Any, args: Any, kwargs: Any) -> tuple[bool, Any]:
        """What an operation gives that asks for values, and whether they are known."""
        if not self._knows_all(args, kwargs):
            return False, None
        out = func(*self._real(args), **self._real(kwargs))
        if not isinstance(out, torch.Tensor):
            return True, out
        made = torch.empty_like(out, device="meta")
        self.tell(made, out)
        return True, made

    def follow(self, func: Any, args: Any, kwargs: Any, tensors: list[Any], made: list[Any]) -> None:
        """Work out an operation's results where its operands are known; forget what it overwrites elsewhere.

        Args:
            tensors: its operands.
            made: meta tensors that it gave.
        """
        if tensors and not any(id(t) in self._known for t in tensors):
            return
        if not self._knows_all(args, kwargs) or not self._is_fit(func, made):
            if func._schema.is_mutable:
                self._forget(tensors)
            return
        given = {**kwargs, "device": torch.device("cpu")} if kwargs.get("device") is not None else kwargs
        out = func(*self._real(args), **self._real(given))
        results = [t for t in pytree.tree_leaves(out) if isinstance(t, torch.Tensor)]
        for tensor, values in zip(made, results, strict=True):
            self.tell(tensor, values)

    def _is_fit(self, func: Any, made: list[Any]) -> bool:
        if func._schema.name.removeprefix("aten::") in _UNSET:
            return False
        if torch.Tag.nondeterministic_seeded in func.tags:
            return False
        return all(t.numel() <= MOST for t in made)

    def _knows_all(self, args: Any, kwargs: Any) -> bool:
        leaves = pytree.tree_leaves((args, kwargs))
        return all(
            id(t) in self._known or t.device.type != "meta" for t in leaves if isinstance(t, torch.Tensor)
        )

    def _real(self, given: Any) -> Any:
        return pytree.tree_map(
            lambda t: self._known.get(id(t), t) if isinstance(t, torch.Tensor) else t, given
        )

    def _forget(self, written: list[Any]) -> None:
        """What shares memory with tensors that may have been written to, is known no more."""
        lost = {self._known[id(t)].untyped_storage().data_ptr() for t in written if id(t) in self._known}
        if lost:
            self._known = {
                name: t for name, t in self._known.items() if t.untyped_storage().data_ptr() not in lost
            }
