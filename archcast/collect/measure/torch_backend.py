"""Networks run by torch in eager mode, on the processor or on a CUDA device.

Part of the runner: Python 3.8, no import of archcast, torch imported only when a network is built.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .weights import make_weights


class TorchBackend:
    """A network given as plain nodes.

    Args:
        request: `network` (see `plain_network`), `seed` of the weights, `threads`, `batch` and `accelerator`
            (`cpu` or `cuda`).
    """

    def __init__(self, request: dict[str, Any]) -> None:
        import torch

        from .torch_network import TorchNetwork

        cuda = request.get("accelerator", "cpu") == "cuda"
        if cuda and not torch.cuda.is_available():
            raise RuntimeError("torch finds no CUDA device here")
        torch.set_num_threads(int(request["threads"]))
        self.hardware = torch.cuda.get_device_name() if cuda else None
        self._device = torch.device("cuda" if cuda else "cpu")
        self._events = [_event() for _ in range(2)] if cuda else None
        network = request["network"]
        weights = make_weights(network, int(request["seed"]))
        self.model_bytes = sum(array.nbytes for array in weights.values())
        module = TorchNetwork(network).eval()
        module.set_weights(weights)
        self._module = module.to(self._device)
        shapes = [network["shapes"][name][1:] for name in network["inputs"]]
        rng = np.random.default_rng(0)
        drawn = [rng.normal(size=(int(request["batch"]), *shape)).astype(np.float32) for shape in shapes]
        self._inputs = [torch.from_numpy(array).to(self._device) for array in drawn]
        with torch.inference_mode():
            self._module.check(*self._inputs)

    def run(self) -> float | None:
        """One pass; on CUDA its time in ms between two events, else None."""
        import torch

        with torch.inference_mode():
            if self._events is None:
                self._module(*self._inputs)
                return None
            self._events[0].record()
            self._module(*self._inputs)
            self._events[1].record()
            torch.cuda.synchronize()
            return float(self._events[0].elapsed_time(self._events[1]))

    def output(self) -> np.ndarray:
        """What one pass gives; `run` throws it away."""
        import torch

        with torch.inference_mode():
            return np.asarray(self._module(*self._inputs).cpu().numpy())


def _event() -> Any:
    import torch

    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
