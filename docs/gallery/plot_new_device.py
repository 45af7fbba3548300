"""
A new device from ten measurements
==================================

Archcast keeps measurements of networks on one core of a server processor. Here they stand for a device that
nobody has measured: ten of them teach, all others tell how far off the predictions are.
"""

# %%
# The measurements, as ``archcast data show host_cpu`` lists them.

import matplotlib.pyplot as plt
import numpy as np

import archcast
from archcast.collect.matrix import load_measurements

device = "epyc-zen4-ort-1t"
table = load_measurements("nasbench201", "latency", devices=[device], sources=["host_cpu"])
names = archcast.spaces("nasbench201").to_text(table.codes)
measured = dict(zip(names, table.values[:, 0], strict=True))
print(len(measured))

# %%
# Archcast names the ten to measure first, and learns from these and from 27 other devices.

first = archcast.suggest("nasbench201", 10, candidates=list(measured))
predictor = archcast.adapt(first, [measured[name] for name in first], device="my-server", space="nasbench201")

# %%
# How far off, on all that it was not told.

others = [name for name in measured if name not in first]
truth = np.array([measured[name] for name in others])
predicted = predictor.predict(others)
low, high = predictor.predict_interval(others, coverage=0.9)
off = np.abs(predicted / truth - 1)
print(f"median error {np.median(off):.1%}, within 10 %: {(off < 0.1).mean():.0%}")
print(f"in their 90 % interval: {((low <= truth) & (truth <= high)).mean():.0%}")

figure, axis = plt.subplots(figsize=(5, 5), layout="constrained")
axis.errorbar(truth, predicted, yerr=[predicted - low, high - predicted], fmt=".", ms=3, lw=0.3, alpha=0.5)
axis.plot([0, truth.max()], [0, truth.max()], color="#b5402a", lw=1)
axis.set(xlabel="measured latency, ms", ylabel="predicted latency, ms, with 90 % intervals")
