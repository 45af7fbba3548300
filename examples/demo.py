"""The README's demonstration: predictions with intervals on five devices, a picture, and this machine.

The first part uses the shipped predictors alone; the others measure networks on this machine: members of one
space, then published networks that teach what a model file takes. If
`ARCHCAST_DATA` names the public tables, the first picture also shows predicted against measured latency of
architectures that no predictor was fitted to.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import own_device
import own_network
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

import archcast
from archcast.collect.pickles import load_torch_zip
from archcast.core import settings
from archcast.core.labels import Labels, Target
from archcast.training.splits import group_split

OUT = Path("demo")
DEVICES = ("raspi4", "pixel3", "eyeriss", "fpga", "gold_6226")
SHOWN_DEVICE = "raspi4"
CELLS = {
    "residual, 3x3": "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|",
    "dense, 3x3": "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|",
    "bottleneck": "|nor_conv_1x1~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_1x1~2|",
    "pooled": "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|skip_connect~0|nor_conv_1x1~1|none~2|",
}
FBNETS = {
    "slim to wide": [0, 0, 0, 0, 0, 2, 2, 8, 2, 2, 4, 2, 2, 3, 6, 3, 3, 7, 3, 7, 7, 3],
    "wide to slim": [3, 3, 7, 3, 7, 6, 2, 6, 8, 2, 0, 4, 0, 0, 1, 0, 8, 1, 0, 0, 8, 2],
    "alternating": [2, 3, 8, 3, 8, 3, 8, 6, 8, 7, 8, 3, 8, 6, 8, 7, 8, 3, 8, 6, 8, 7],
}


def main() -> None:
    """Print the report and draw the picture."""
    console = Console(width=130)
    OUT.mkdir(exist_ok=True)
    count = len(archcast.devices())
    console.print(
        f"\n[bold]archcast {archcast.__version__}[/]: {count} shipped predictions, nothing downloaded.\n"
    )
    for space, title, named in (
        ("nasbench201", "NAS-Bench-201 cells: latency in ms, 90 % interval", CELLS),
        ("fbnet", "FBNet networks that nobody measured: latency in ms, 90 % interval", FBNETS),
    ):
        console.print(latency_table(title, space, named))
    console.print(accuracy_table())
    path = OUT / "front.png"
    draw(path)
    console.print(f"Picture: {path}\n")
    own_device.main(OUT / "own_device.png")
    console.print()
    own_network.main(OUT / "small.onnx")
    console.print(
        "\nNext, your own architectures:\n"
        f'  .venv/bin/archcast predict "{CELLS["residual, 3x3"]}" -d raspi4 -d pixel3\n'
        "  .venv/bin/archcast predict demo/small.onnx --hardware pixel\n"
    )


def latency_table(title: str, space: str, named: dict[str, object]) -> Table:
    """One row an architecture, one column a device."""
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    table.add_column("architecture")
    columns = []
    for device in DEVICES:
        table.add_column(device, justify="right", no_wrap=True)
        batch = list(named.values())
        values = archcast.predict(batch, device, space=space)
        low, high = archcast.predict_interval(batch, device, space=space, coverage=0.9)
        columns.append([f"{v:.3g} [{a:.3g}, {b:.3g}]" for v, a, b in zip(values, low, high, strict=True)])
    for name, *cells in zip(named, *columns, strict=True):
        table.add_row(name, *cells)
    return table


def accuracy_table() -> Table:
    """The cells' accuracy on three data sets."""
    table = Table(
        title="The same cells: test accuracy in %, 90 % interval", box=SIMPLE_HEAD, title_justify="left"
    )
    table.add_column("architecture")
    columns = []
    for dataset in ("cifar10", "cifar100", "imagenet16-120"):
        table.add_column(dataset, justify="right")
        values = archcast.predict(list(CELLS.values()), dataset, metric="accuracy")
        low, high = archcast.predict_interval(list(CELLS.values()), dataset, metric="accuracy")
        columns.append([f"{v:.1f} [{a:.1f}, {b:.1f}]" for v, a, b in zip(values, low, high, strict=True)])
    for name, *cells in zip(CELLS, *columns, strict=True):
        table.add_row(name, *cells)
    return table


def draw(path: Path) -> None:
    """Accuracy against latency of the whole space; beside it, if a table is at hand, prediction and truth."""
    measured = held_out_latency()
    figure = Figure(figsize=(11 if measured else 6, 4.6), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 2 if measured else 1, squeeze=False)[0]
    codes = archcast.spaces("nasbench201").from_index(np.arange(15_625))
    latency = archcast.predict(codes, SHOWN_DEVICE)
    accuracy = archcast.predict(codes, "cifar10", metric="accuracy")
    order = np.argsort(latency)
    best = np.maximum.accumulate(accuracy[order])
    front = order[np.r_[True, best[1:] > best[:-1]]]
    axes[0].scatter(latency, accuracy, s=3, color="#9db4c8", linewidths=0, label="15,625 cells")
    axes[0].plot(latency[front], accuracy[front], color="#b5402a", lw=1.6, label="front")
    for name, cell in CELLS.items():
        x, y = archcast.predict([cell], SHOWN_DEVICE)[0], archcast.predict([cell], "cifar10", "accuracy")[0]
        axes[0].plot(x, y, "o", ms=5, color="#1d3b53")
        axes[0].annotate(name, (x, y), textcoords="offset points", xytext=(6, -11), fontsize=8)
    axes[0].set(
        xlabel=f"predicted latency on {SHOWN_DEVICE} (ms)",
        ylabel="predicted CIFAR-10 accuracy (%)",
        ylim=(80, 95.5),
        title="Accuracy against latency",
    )
    axes[0].legend(loc="lower right", frameon=False)
    if measured:
        truth, predicted = measured
        axes[1].scatter(truth, predicted, s=4, color="#1d3b53", alpha=0.4, linewidths=0)
        ends = [min(truth.min(), predicted.min()), max(truth.max(), predicted.max())]
        axes[1].plot(ends, ends, color="#b5402a", lw=1)
        axes[1].set(
            xlabel=f"measured latency on {SHOWN_DEVICE} (ms)",
            ylabel="predicted (ms)",
            title=f"{len(truth):,} held-out cells",
            xscale="log",
            yscale="log",
        )
    figure.savefig(path)


def held_out_latency() -> tuple[np.ndarray, np.ndarray] | None:
    """Measured and predicted latency of the cells that the shipped predictor was not fitted to."""
    folder = settings.data_dir()
    table = folder / "help" / "nasbench201" / "latency" / f"{SHOWN_DEVICE}.pt" if folder else None
    if table is None or not table.is_file():
        return None
    values = np.array(load_torch_zip(table), dtype=float)
    codes = archcast.spaces("nasbench201").from_index(np.arange(len(values)))
    target = (Target(SHOWN_DEVICE, "cifar10"),)
    labels = Labels("nasbench201", "latency", "cifar10", target, codes, values[:, None])
    held_out = group_split(labels, seed=0).test
    held_out = held_out[values[held_out] > 0.05 * np.median(values)]
    return values[held_out], archcast.predict(codes[held_out], SHOWN_DEVICE)


if __name__ == "__main__":
    main()
