"""Training of the small networks; the only part of the family that needs torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from archcast.core.arrays import Doubles, Floats
from archcast.core.optional import require

if TYPE_CHECKING:
    from archcast.predictors.mlp import Member, MLPConfig

_HUBER = 1.0


def fit_members(x: Floats, residual: Doubles, config: MLPConfig, *, seed: int) -> list[Member]:
    """Weights of each network, fitted to what the linear part leaves over.

    Shapes:
        x: (n, d); residual: (n, m), NaN where missing
    """
    torch = require("torch", extra="train", purpose="fitting the predictor mlp")
    threads = torch.get_num_threads()
    torch.set_num_threads(config.threads)
    try:
        return [_fit_one(torch, x, residual, config, seed * 1000 + i) for i in range(config.members)]
    finally:
        torch.set_num_threads(threads)


def _fit_one(torch: Any, x: Floats, residual: Doubles, config: MLPConfig, seed: int) -> Member:
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.from_numpy(x)
    known = torch.from_numpy(np.isfinite(residual))
    wanted = torch.from_numpy(np.nan_to_num(residual)).float()
    scale = (wanted**2).sum(0).div(known.sum(0)).sqrt().clamp_min(1e-6)
    weights = _initial(torch, x.shape[1], config.hidden, residual.shape[1], generator)
    optimizer = torch.optim.AdamW(weights, lr=config.rate, weight_decay=config.decay)
    steps = config.epochs * -(-len(x) // config.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.rate, total_steps=steps)
    for _ in range(config.epochs):
        for rows in torch.randperm(len(x), generator=generator).split(config.batch):
            out = _forward(torch, inputs[rows], weights, config.dropout, generator)
            error = torch.nn.functional.huber_loss(out, wanted[rows] / scale, reduction="none", delta=_HUBER)
            loss = (error * known[rows]).sum() / known[rows].sum().clamp_min(1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    *hidden, w3, b3 = (w.detach() for w in weights)
    return tuple(w.numpy().copy() for w in (*hidden, w3 * scale, b3 * scale))


def _initial(torch: Any, d: int, hidden: int, m: int, generator: Any) -> list[Any]:
    """He initialisation; the last layer starts at zero, so that the network starts as the linear part."""
    weights = [
        torch.randn(d, hidden, generator=generator) * (2 / d) ** 0.5,
        torch.zeros(hidden),
        torch.randn(hidden, hidden, generator=generator) * (2 / hidden) ** 0.5,
        torch.zeros(hidden),
        torch.zeros(hidden, m),
        torch.zeros(m),
    ]
    return [w.requires_grad_() for w in weights]


def _forward(torch: Any, x: Any, weights: list[Any], dropout: float, generator: Any) -> Any:
    w1, b1, w2, b2, w3, b3 = weights
    hidden = torch.relu(torch.relu(x @ w1 + b1) @ w2 + b2)
    if dropout:
        kept = torch.rand(hidden.shape, generator=generator) >= dropout
        hidden = hidden * kept / (1 - dropout)
    return hidden @ w3 + b3
