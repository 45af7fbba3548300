"""Training of the small networks; the only part of the family that needs torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from archcast.core.arrays import Doubles, Floats
from archcast.core.optional import require

if TYPE_CHECKING:
    from archcast.predictors.families.mlp import Member, MLPConfig

_NORMAL = 1.4826
_SPREADS = 2.5
_CLIP = 3.0
_WARM_UP = 0.1
_SHORTEST = 11
"""Steps of the schedule at least: its warm-up must last more than one."""


def fit_members(
    x: Floats, wanted: Doubles, config: MLPConfig, *, members: int, seed: int, start: Member | None = None
) -> list[Member]:
    """Weights of networks, each with its own start and order of rows.

    Args:
        start: weights that all start from, in place of random ones.

    Shapes:
        x: (n, d); wanted: (n, m), NaN where missing
    """
    torch = require("torch", extra="train", purpose="fitting the predictor mlp")
    scale = _scale(wanted) if config.corrects else np.ones(wanted.shape[1])
    bound = _CLIP if config.corrects else np.inf
    scaled = np.clip(wanted / scale, -bound, bound)
    threads = torch.get_num_threads()
    torch.set_num_threads(config.threads)
    try:
        weights = [_fit_one(torch, x, scaled, config, seed * 1000 + i, start) for i in range(members)]
    finally:
        torch.set_num_threads(threads)
    factor = scale.astype(np.float32)
    return [(*hidden, w3 * factor, b3 * factor) for *hidden, w3, b3 in weights]


def _scale(wanted: Doubles) -> Doubles:
    """Robust size of each target's corrections, so that outliers do not set it."""
    spread = _SPREADS * _NORMAL * np.nanmedian(np.abs(wanted), axis=0)
    scale: Doubles = np.maximum(spread, 0.3 * np.minimum(np.nanstd(wanted, axis=0), 1.0)) + 1e-9
    return scale


def _fit_one(
    torch: Any, x: Floats, wanted: Doubles, config: MLPConfig, seed: int, start: Member | None
) -> Member:
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.from_numpy(x)
    known = torch.from_numpy(np.isfinite(wanted)).float()
    labels = torch.from_numpy(np.nan_to_num(wanted)).float()
    if start is None:
        weights = _initial(torch, x.shape[1], config.hidden, wanted.shape[1], generator)
    else:
        weights = [torch.tensor(layer, requires_grad=True) for layer in start]
    optimizer = torch.optim.AdamW(weights, lr=config.rate, weight_decay=config.decay, fused=True)
    steps = config.epochs * -(-len(x) // config.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.rate, total_steps=max(steps + 1, _SHORTEST), pct_start=_WARM_UP
    )
    for _ in range(config.epochs):
        for rows in torch.randperm(len(x), generator=generator).split(config.batch):
            out = _forward(torch, inputs[rows], weights, config.dropout, generator)
            error = torch.nn.functional.huber_loss(out, labels[rows], reduction="none", delta=config.huber)
            loss = (error * known[rows]).sum() / known[rows].sum().clamp_min(1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return tuple(w.detach().numpy().copy() for w in weights)


def _initial(torch: Any, d: int, hidden: int, m: int, generator: Any) -> list[Any]:
    """Uniform in plus and minus 1 / sqrt(inputs), torch's own start of a linear layer."""

    def uniform(rows: int, *shape: int) -> Any:
        return (torch.rand(*shape, generator=generator) * 2 - 1) / rows**0.5

    weights = []
    for rows, columns in ((d, hidden), (hidden, hidden), (hidden, m)):
        weights += [uniform(rows, rows, columns), uniform(rows, columns)]
    return [w.requires_grad_() for w in weights]


def _forward(torch: Any, x: Any, weights: list[Any], dropout: float, generator: Any) -> Any:
    *hidden, w3, b3 = weights
    for w, b in (hidden[:2], hidden[2:]):
        x = torch.nn.functional.silu(x @ w + b)
        if dropout:
            x = x * (torch.rand(x.shape, generator=generator) >= dropout) / (1 - dropout)
    return x @ w3 + b3
