"""Networks run by torch in eager mode, on the processor or on a CUDA device.

Part of the runner: Python 3.8, no import of archcast, torch imported only when a network is built.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .weights import EPSILON, check_shape, make_weights, shuffle_groups


class TorchNetwork:
    """A network given as a layer graph.

    Args:
        request: `layers` (list of dicts), `seed` of the weights, `threads`, `batch` and `accelerator`
            (`cpu` or `cuda`).
    """

    def __init__(self, request: dict[str, Any]) -> None:
        import torch

        cuda = request.get("accelerator", "cpu") == "cuda"
        if cuda and not torch.cuda.is_available():
            raise RuntimeError("torch finds no CUDA device here")
        torch.set_num_threads(int(request["threads"]))
        self.hardware = torch.cuda.get_device_name() if cuda else None
        self._device = torch.device("cuda" if cuda else "cpu")
        self._events = [_event() for _ in range(2)] if cuda else None
        layers = request["layers"]
        weights = make_weights(layers, int(request["seed"]))
        self.model_bytes = sum(array.nbytes for array in weights.values())
        self._module = build_module(layers, weights).to(self._device)
        shape = (int(request["batch"]), *layers[0]["shape_in"])
        image = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        self._input = torch.from_numpy(image).to(self._device)
        with torch.inference_mode():
            self._module.check(self._input)

    def run(self) -> float | None:
        """One pass; on CUDA its time in ms between two events, else None."""
        import torch

        with torch.inference_mode():
            if self._events is None:
                self._module(self._input)
                return None
            self._events[0].record()
            self._module(self._input)
            self._events[1].record()
            torch.cuda.synchronize()
            return float(self._events[0].elapsed_time(self._events[1]))

    def output(self) -> np.ndarray:
        """What one pass gives; `run` throws it away."""
        import torch

        with torch.inference_mode():
            return np.asarray(self._module(self._input).cpu().numpy())


def _event() -> Any:
    import torch

    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]


def build_module(layers: list[dict[str, Any]], weights: dict[str, np.ndarray]) -> Any:
    """A torch module in evaluation mode that runs `layers`; its method `check` also compares shapes."""
    import torch

    class Network(torch.nn.Module):
        """Runs the layers in order and frees each result after its last use."""

        def __init__(self) -> None:
            super().__init__()
            self.steps = torch.nn.ModuleDict()
            last: dict[int, int] = {}
            for i, layer in enumerate(layers):
                last.update(dict.fromkeys(layer["inputs"], i))
            self.calls = []
            for i, layer in enumerate(layers):
                step = _step(layers, i, weights)
                if isinstance(step, torch.nn.Module):
                    self.steps[str(i)] = step
                done = [u for u in set(layer["inputs"]) if last[u] == i]
                self.calls.append((i, step, tuple(layer["inputs"]), done))

        def forward(self, x: Any) -> Any:
            values: dict[int, Any] = {}
            for i, step, inputs, done in self.calls:
                values[i] = step(*[values[u] for u in inputs]) if inputs else x
                for u in done:
                    del values[u]
            return values[len(self.calls) - 1]

        def check(self, x: Any) -> None:
            values: dict[int, Any] = {}
            for i, step, inputs, _ in self.calls:
                values[i] = step(*[values[u] for u in inputs]) if inputs else x
                check_shape(layers[i], i, values[i].shape)

    return Network().eval()


def _step(layers: list[dict[str, Any]], i: int, weights: dict[str, np.ndarray]) -> Callable[..., Any]:
    """What layer `i` does, as a module or a function; raise ValueError for an unknown operator."""
    import torch
    from torch import nn

    layer = layers[i]
    op, c = layer["op"], layer["shape_in"][0]
    kernel, stride, padding = layer["kernel"], layer["stride"], (layer["kernel"] - 1) // 2
    if op in ("conv", "linear", "batch_norm"):
        return _weighted(layer, i, weights)
    if op == "avg_pool":
        return nn.AvgPool2d(kernel, stride, padding, count_include_pad=layer["count_padding"])
    if op == "channel_shuffle":
        groups = shuffle_groups(layers, i)
        return lambda x: (
            x.reshape(x.shape[0], groups, c // groups, *x.shape[2:]).transpose(1, 2).reshape(x.shape)
        )
    simple: dict[str, Callable[[], Callable[..., Any]]] = {
        "input": lambda: nn.Identity(),
        "relu": lambda: nn.ReLU(),
        "relu6": lambda: nn.ReLU6(),
        "hswish": lambda: nn.Hardswish(),
        "hsigmoid": lambda: nn.Hardsigmoid(),
        "max_pool": lambda: nn.MaxPool2d(kernel, stride, padding),
        "global_avg_pool": lambda: nn.AdaptiveAvgPool2d(1),
        "add": lambda: lambda *xs: sum(xs[1:], xs[0]),
        "concat": lambda: lambda *xs: torch.cat(xs, 1),
        "multiply": lambda: lambda x, gate: x * gate,
        "zero": lambda: lambda x: x * 0.0,
    }
    if op not in simple:
        raise ValueError(f"the operator {op!r} (layer {i}) has no torch module here")
    return simple[op]()


def _weighted(layer: dict[str, Any], i: int, weights: dict[str, np.ndarray]) -> Callable[..., Any]:
    """A convolution, linear layer or batch normalisation with its weights."""
    import torch
    from torch import nn

    c_in, c_out = layer["shape_in"][0], layer["shape_out"][0]
    if layer["op"] == "conv":
        module: nn.Module = nn.Conv2d(
            c_in,
            c_out,
            layer["kernel"],
            layer["stride"],
            (layer["kernel"] - 1) // 2,
            groups=layer["groups"],
            bias=layer["bias"],
        )
        roles = {"weight": "weight", "bias": "bias"}
    elif layer["op"] == "linear":
        module = nn.Sequential(nn.Flatten(), nn.Linear(c_in, c_out))
        roles = {"1.weight": "weight", "1.bias": "bias"}
    else:
        module = nn.BatchNorm2d(c_in, eps=EPSILON)
        roles = {"weight": "scale", "bias": "shift", "running_mean": "mean", "running_var": "variance"}
    given = {
        name: torch.from_numpy(weights[f"{i}.{role}"])
        for name, role in roles.items()
        if f"{i}.{role}" in weights
    }
    module.load_state_dict(given, strict=layer["op"] != "batch_norm")
    return module
