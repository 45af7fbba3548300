"""Calls of modules while a recorder watches: which runs, and which need not."""

from __future__ import annotations

import threading
from typing import Any

import torch
from torch.overrides import _get_current_function_mode_stack
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack

from archcast.featurize.readers.torch_repeats import Repeats


class watched:  # noqa: N801
    """Tells a recorder which module runs, by hooks that all modules share, and spares what ran before."""

    def __init__(self, recorder: Any, values: Any) -> None:
        self._recorder, self._repeats = recorder, Repeats(recorder, values)

    def __enter__(self) -> Repeats | None:
        hooks = torch.nn.modules.module
        enter, leave = self._recorder.enter, self._recorder.leave
        others = bool(hooks._global_forward_hooks or hooks._global_forward_pre_hooks)
        stack = _get_current_function_mode_stack()  # type: ignore[no-untyped-call]
        others = others or bool(stack or _get_current_dispatch_mode_stack())
        self._handles = [
            hooks.register_module_forward_pre_hook(lambda module, args: enter(module)),
            hooks.register_module_forward_hook(lambda module, args, out: leave()),
        ]
        self._call = torch.nn.Module.__call__
        if others:  # they want to see all that runs
            return None
        torch.nn.Module.__call__ = self._calling(threading.get_ident())  # type: ignore[method-assign]
        return self._repeats

    def _calling(self, thread: int) -> Any:
        """What stands for a call of any module in the meantime, in one thread."""
        call, repeats = self._call, self._repeats

        def __call__(module: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
            own = module.__dict__
            hooks = own["_forward_hooks"] or own["_forward_pre_hooks"]
            hooks = hooks or own["_backward_hooks"] or own["_backward_pre_hooks"]
            if hooks or own.get("_compiled_call_impl") or threading.get_ident() != thread:
                return call(module, *args, **kwargs)
            return repeats.module(module, args, kwargs)

        return __call__

    def __exit__(self, *_: object) -> None:
        torch.nn.Module.__call__ = self._call  # type: ignore[method-assign]
        for handle in self._handles:
            handle.remove()


class eager_attention:  # noqa: N801
    """Keeps torch from a fused encoder layer whose parts nobody sees."""

    def __enter__(self) -> None:
        self._before = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)

    def __exit__(self, *_: object) -> None:
        torch.backends.mha.set_fastpath_enabled(self._before)
