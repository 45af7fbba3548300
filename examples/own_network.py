"""Networks of any form on this machine: measure ten published ones, adapt, and predict a model file.

    python examples/own_network.py

Writes the model file and nothing else. To keep what is measured, and to predict on this machine afterwards,
use `archcast suggest --space network --onnx`, `archcast collect host --onnx` and `archcast adapt`.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import archcast
from archcast.collect.measure.host import host_device, measure_host
from archcast.collect.measure.network_request import NetworkSource, make_network_request
from archcast.collect.measure.timing import TimingSettings
from archcast.core.errors import ArchcastWarning
from archcast.core.network import Network
from archcast.featurize.onnx_model import to_onnx
from archcast.serving.network_adaptation import reference_networks

DEVICE = "this-host-ort-1t"
SUGGESTED, OTHERS = 10, 6
SETTINGS = TimingSettings(rounds=4, runs=5)
MODEL = [2, 3, 8, 3, 8, 3, 8, 6, 8, 7, 8, 3, 8, 6, 8, 7, 8, 3, 8, 6, 8, 7]


def main(model: Path = Path("demo/small.onnx")) -> None:
    """Measure, adapt, predict the model file and others, compare."""
    console = Console(width=130)
    known = reference_networks()
    names = {network.key: name for name, network in known.items()}
    sources = [d.device for d in archcast.devices("network", runtime="ncnn", threads=1)]
    chosen = archcast.suggest("network", n=SUGGESTED, sources=sources)
    reference = {names[network.key]: network for network in chosen}
    latency_ms = measured(reference, f"measuring {SUGGESTED} suggested networks")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ArchcastWarning)  # a desktop processor is faster than most sources
        taught = [reference[name] for name in latency_ms]
        predictor = archcast.adapt(taught, list(latency_ms.values()), device=DEVICE)
    model.parent.mkdir(exist_ok=True)
    model.write_bytes(to_onnx(archcast.spaces("fbnet").network(MODEL)))
    others = {str(model): archcast.network(str(model))} | drawn(known, reference)
    truth = measured(others, f"measuring {len(others)} others to check", {str(model): model})
    console.print(
        f"Networks of any form on this machine, learned from {len(latency_ms)} published networks "
        f"({', '.join(latency_ms)}):"
    )
    console.print(compared(predictor, others, truth))


def drawn(known: dict[str, Network], reference: dict[str, Network]) -> dict[str, Network]:
    """Published networks that were not measured."""
    left = [name for name in known if name not in reference]
    places = np.random.default_rng(1).permutation(len(left))[:OTHERS]
    return {left[place]: known[left[place]] for place in places}


def measured(
    networks: dict[str, Network], title: str, paths: dict[str, Path] | None = None
) -> dict[str, float]:
    """Latency in ms of those networks that could be measured, by name."""
    sources = [NetworkSource(network, name, (paths or {}).get(name)) for name, network in networks.items()]
    with Progress(transient=True, disable=not Console().is_terminal) as progress:
        task = progress.add_task(title, total=len(sources))
        request = make_network_request(sources, device=host_device(DEVICE))
        rows = list(
            measure_host(request, settings=SETTINGS, progress=lambda part: progress.advance(task, part))
        )
    found = {row["arch"]: float(row["value"]) for row in rows if row["status"] == "ok"}
    keys = {name: network.key for name, network in networks.items()}
    return {name: found[key] for name, key in keys.items() if key in found}


def compared(predictor: object, networks: dict[str, Network], truth: dict[str, float]) -> Table:
    """Predicted beside measured, one row a network."""
    batch = [networks[name] for name in truth]
    values = predictor.predict(batch)
    low, high = predictor.predict_interval(batch, coverage=0.9)
    off = [abs(value / truth[name] - 1) for value, name in zip(values, truth, strict=True)]
    table = Table(
        title=f"off by {100 * np.median(off):.1f} % (median), {100 * max(off):.1f} % (at most)",
        box=SIMPLE_HEAD,
        title_justify="left",
    )
    for column in ("network", "predicted (ms)", "90 % interval", "measured", "off by"):
        table.add_column(column, justify="left" if column == "network" else "right")
    for name, value, a, b, part in zip(truth, values, low, high, off, strict=True):
        interval = f"[{a:.2f}, {b:.2f}]"
        table.add_row(name, f"{value:.2f}", rf"\{interval}", f"{truth[name]:.2f}", f"{100 * part:.0f} %")
    return table


if __name__ == "__main__":
    main()
