"""Learning a distribution over architectures, with fewer samples as it becomes surer.

Method: Yan et al., FP-NAS: Fast Probabilistic Neural Architecture Search, CVPR 2021: architectures are drawn
from a factorised distribution, their number follows its entropy, and the distribution is moved by
gradients of the expected quality and cost.
Left out: the supernet, whose weights the paper trains meanwhile; accuracy is predicted, so its gradient is
taken from samples (score function with the mean as baseline), while that of the expected latency is exact
(`archcast.torch.expected_cost`). The paper's coarse-to-fine space is left out too.

    python examples/loops/probabilistic.py
"""

from __future__ import annotations

import torch

import archcast

SPACE, DEVICE = archcast.spaces("nasbench201"), "raspi4"
SAMPLES_A_NAT = 4.0
PENALTY = 2.0
"""Points of accuracy that a millisecond of expected latency over the limit costs."""


def main(limit_ms: float = 30.0, steps: int = 150, seed: int = 0) -> tuple[str, list[int], float]:
    """Learn; gives the likeliest network, the sizes of all samples, and the last expected latency (ms)."""
    generator = torch.Generator().manual_seed(seed)
    tops = SPACE.cardinalities
    logits = torch.zeros(len(tops), max(tops), requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.1)
    sizes: list[int] = []
    for _ in range(steps):
        logs = torch.log_softmax(logits, dim=1)
        p = logs.exp()
        entropy = -(p * logs).sum()
        sizes.append(max(2, round(SAMPLES_A_NAT * float(entropy.detach()))))
        drawn = torch.multinomial(p.detach(), sizes[-1], replacement=True, generator=generator).T
        accuracy = torch.from_numpy(archcast.predict(drawn.numpy(), metric="accuracy", space=SPACE.name))
        likelihood = logs.gather(1, drawn.T).sum(dim=0)
        gain = ((accuracy - accuracy.mean()) * likelihood).mean()
        latency_ms = archcast.torch.expected_cost(p, DEVICE, SPACE.name)
        loss = PENALTY * torch.relu(latency_ms - limit_ms) - gain
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    codes = logits.detach().argmax(dim=1).numpy()[None]
    (arch,) = SPACE.format(codes)
    points, ms = archcast.predict([arch], metric="accuracy")[0], archcast.predict([arch], DEVICE)[0]
    print(f"{points:.2f} %, {ms:.2f} ms, {sum(sizes)} samples ({sizes[0]} a step, then {sizes[-1]}): {arch}")
    return arch, sizes, float(latency_ms.detach())


if __name__ == "__main__":
    main()
