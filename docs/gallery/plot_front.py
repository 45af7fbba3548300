"""
Every cell of a space on two devices
====================================

A finite space is small enough to be asked whole: all 15,625 cells of NAS-Bench-201, their accuracy against
their latency on a board and on a server processor.
"""

# %%
# Codes are the form that is quickest to ask: one row an architecture, one column a decision.

import matplotlib.pyplot as plt
import numpy as np

import archcast

space = archcast.spaces("nasbench201")
cells = space.members(np.arange(space.size))
cells = cells[space.connected(cells)]  # a cell without a way from input to output is no network
accuracy = archcast.predict(cells, "cifar100", metric="accuracy", space="nasbench201")
devices = ["raspi4", "gold_6226"]
latency = archcast.predict(cells, devices, space="nasbench201")
print(latency.shape)

# %%
# The front: cells that no other cell beats in both.


def front(cost, value):
    """Positions of what nothing beats, cheapest first."""
    order = np.argsort(cost, kind="stable")
    best = np.maximum.accumulate(value[order])
    return order[value[order] > np.concatenate([[-np.inf], best[:-1]])]


figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
for axis, device, cost in zip(axes, devices, latency.T, strict=True):
    best = front(cost, accuracy)
    axis.scatter(cost, accuracy, s=1, color="#9bb3c9")
    axis.plot(cost[best], accuracy[best], color="#b5402a")
    axis.set(title=device, xlabel="predicted latency, ms", ylim=(40, 75))
axes[0].set_ylabel("predicted accuracy on CIFAR-100, %")

# %%
# A front is of its device: how many of the cells on one are on the other too?

on_board, on_server = (set(front(cost, accuracy).tolist()) for cost in latency.T)
print(f"{len(on_board)} and {len(on_server)} cells, {len(on_board & on_server)} on both")
