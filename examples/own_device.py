"""This machine as a new device: measure ten suggested networks, adapt, and check on twenty others.

    python examples/own_device.py

All thirty are measured in one block, in turn, so that a busy moment of the machine meets those that teach and
those that check alike; only the ten are learned from.

Writes nothing but the picture `demo/own_device.png`. To keep what is measured, and to predict on this
machine afterwards, use `archcast collect host` and `archcast adapt`.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import Progress

import archcast
from archcast.collect.measure.host import host_device, measure_host
from archcast.collect.measure.request import make_request
from archcast.collect.measure.timing import TimingSettings
from archcast.core.errors import ArchcastWarning

SPACE, DEVICE = "nasbench201", "this-host-ort-1t"
SUGGESTED, OTHERS = 10, 20
SETTINGS = TimingSettings(rounds=4, runs=5, block=SUGGESTED + OTHERS)


def main(picture: Path = Path("demo/own_device.png")) -> None:
    """Measure, adapt, compare, draw."""
    console = Console(width=130)
    console.print(
        f"[bold]This machine[/], which no predictor has seen: ONNX Runtime on one thread ({DEVICE}).\n"
    )
    reference = archcast.suggest(SPACE, n=SUGGESTED)
    space = archcast.spaces(SPACE)
    drawn = space.sample(4 * OTHERS, seed=1)
    connected = space.to_text(drawn[space.connected(drawn)])
    others = [cell for cell in connected if cell not in set(reference)][:OTHERS]
    latency_ms, noise = measured(
        [*reference, *others], f"measuring {SUGGESTED} suggested networks, {OTHERS} others"
    )
    names = [cell for cell in reference if cell in latency_ms]
    learned = np.array([latency_ms[cell] for cell in names])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ArchcastWarning)  # a desktop processor is faster than most sources
        predictor = archcast.adapt(names, learned, device=DEVICE, space=SPACE)
    held_out = [cell for cell in others if cell in latency_ms]
    truth = np.array([latency_ms[cell] for cell in held_out])
    predicted = predictor.predict(held_out)
    low, high = predictor.predict_interval(held_out, coverage=0.9)
    off = np.abs(predicted - truth) / truth
    inside = int(((low <= truth) & (truth <= high)).sum())
    ranks = np.corrcoef(truth.argsort().argsort(), predicted.argsort().argsort())[0, 1]
    console.print(
        f"Learned from {len(names)} measurements ({learned.min():.2f} to {learned.max():.2f} ms), "
        f"which differ by {noise:.1f} % when repeated. On {len(truth)} others:\n"
        f"  predictions off by {100 * np.median(off):.1f} % (median), {100 * off.max():.1f} % (at most)\n"
        f"  rank correlation {ranks:.3f}\n"
        f"  {inside} of {len(truth)} measurements inside their 90 % interval"
    )
    draw(picture, truth, predicted, np.stack([low, high]))
    console.print(f"Picture: {picture}")


def measured(archs: list[str], title: str) -> tuple[dict[str, float], float]:
    """Latency in ms of those that could be measured, and how far repeated readings differ, in per cent."""
    with Progress(transient=True, disable=not Console().is_terminal) as progress:
        task = progress.add_task(title, total=len(archs))
        request = make_request(SPACE, archs, device=host_device(DEVICE))
        rows = measure_host(request, settings=SETTINGS, progress=lambda part: progress.advance(task, part))
        good = [row for row in rows if row["status"] == "ok"]
    noise = max((json.loads(row["environment"])["noise_floor_percent"] for row in good), default=0.0)
    return {row["arch"]: row["value"] for row in good}, noise


def draw(path: Path, truth: np.ndarray, predicted: np.ndarray, ends: np.ndarray) -> None:
    """Predicted against measured latency, with intervals."""
    path.parent.mkdir(exist_ok=True)
    figure = Figure(figsize=(5.2, 4.6), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.errorbar(
        truth, predicted, yerr=np.abs(ends - predicted), fmt="o", ms=4, lw=0.8, color="#1d3b53", capsize=2
    )
    line = [min(truth.min(), predicted.min()), max(truth.max(), predicted.max())]
    axes.plot(line, line, color="#b5402a", lw=1)
    axes.set(
        xlabel="measured latency on this machine (ms)",
        ylabel="predicted from ten measurements (ms), 90 % interval",
        title=f"{len(truth)} networks that were not among the ten",
    )
    figure.savefig(path)


if __name__ == "__main__":
    main()
