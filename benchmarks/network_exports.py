"""Networks read twice, from the module and from its ONNX export: parameters and multiply-adds of both.

Needs the environment of `network_counts.py`, and onnxscript:

    ARCHCAST_DATA=... PYTHONPATH=. python benchmarks/network_exports.py                 # torch.jit's exporter
    ARCHCAST_DATA=... PYTHONPATH=. python benchmarks/network_exports.py --exporter dynamo --each 1

Of every family of timm the networks with the fewest multiply-adds are taken, at most `--each` of them, and
torchvision's beside them. The module is recorded on meta tensors; the export runs it with random weights,
each different from all others as those of a trained network are (an exporter writes equal ones once), and
without folding batch normalisation, which the file would not have any more. A run that was ended goes on
where it stopped: what stands in the CSV is not done again.
"""

from __future__ import annotations

import argparse
import csv
import gc
import io
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from network_counts import build, tables

from archcast.featurize.networks import network
from archcast.featurize.readers.torch import read_module

RESULTS = Path(__file__).with_name("results") / "network_exports.csv"
MOST_GMACS, MOST_PARAMS = 10.0, 60.0
TORCHVISION = (
    *("alexnet", "densenet121", "efficientnet_b0", "efficientnet_v2_s", "googlenet", "inception_v3"),
    *("maxvit_t", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small", "regnet_x_400mf", "resnet18"),
    *("resnext50_32x4d", "shufflenet_v2_x0_5", "squeezenet1_0", "swin_t", "swin_v2_t", "vit_b_32"),
    *("wide_resnet50_2", "convnext_tiny"),
)
_INCEPTION = ("googlenet", "inception_v3")
FIELDS = ("network", "family", "size", "exporter", "nodes_module", "nodes_file", "params_module")
FIELDS = (*FIELDS, "params_file", "macs_module", "macs_file", "unknown_file", "seconds", "error")


def wanted(each: int) -> Iterator[dict[str, Any]]:
    """Name, family, size and constructor of every network to read."""
    families: dict[str, list[dict[str, Any]]] = {}
    for row in tables("timm"):
        known = row["how_to_build"].startswith("timm.") and row["gmacs"] and row["params_m"]
        if known and row["gmacs"] < MOST_GMACS and row["params_m"] < MOST_PARAMS:
            families.setdefault(row["family"], []).append(row)
    for family, rows in families.items():
        taken: dict[float, dict[str, Any]] = {}
        for row in sorted(rows, key=lambda row: (row["gmacs"], row["network"])):
            taken.setdefault(row["gmacs"], row)
        for row in list(taken.values())[:each]:
            call = row["how_to_build"].split("  #")[0]
            yield {"network": row["network"], "family": family, "size": int(row["img_size"]), "build": call}
    for name in TORCHVISION:
        yield {"network": f"torchvision.{name}", "family": "torchvision", "size": 224, "build": ""}


def constructed(row: dict[str, Any], device: str) -> torch.nn.Module:
    """The module on a device, in evaluation mode."""
    if row["build"]:
        module: torch.nn.Module = build(row["build"], row["size"], device)
        return module
    import torchvision

    options = {"aux_logits": False, "init_weights": False} if row["network"].endswith(_INCEPTION) else {}
    name = row["network"].removeprefix("torchvision.")
    return torchvision.models.get_model(name, weights=None, **options).eval().to(device)


def drawn(module: torch.nn.Module) -> torch.nn.Module:
    """The module with weights of which no two tensors are equal."""
    with torch.no_grad():
        for weight in (*module.parameters(), *module.buffers()):
            if weight.is_floating_point():
                weight.add_(torch.rand_like(weight), alpha=0.01)
    return module


def exported(module: torch.nn.Module, size: int, exporter: str) -> Any:
    """The network of its ONNX file."""
    image = torch.zeros(1, 3, size, size)
    if exporter == "jit":
        file = io.BytesIO()
        options = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
        torch.onnx.export(module, (image,), file, dynamo=False, opset_version=17, **options)
        return network(file.getvalue())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        torch.onnx.export(module, (image,), path, dynamo=True, verbose=False, optimize=False)
        return network(path)


def compare(row: dict[str, Any], exporter: str) -> dict[str, Any]:
    """Counts of both."""
    out: dict[str, Any] = {name: row.get(name) for name in FIELDS} | {"exporter": exporter}
    started = time.perf_counter()
    try:
        size = row["size"]
        one = read_module(constructed(row, "meta"), (1, 3, size, size))
        two = exported(drawn(constructed(row, "cpu")), size, exporter)
        a, b = one.summary(), two.summary()
        out |= {"nodes_module": len(one), "nodes_file": len(two), "unknown_file": len(b.unknown)}
        out |= {
            "params_module": a.params,
            "params_file": b.params,
            "macs_module": a.macs,
            "macs_file": b.macs,
        }
    except Exception as error:  # constructors and exporters of other packages may raise anything
        out["error"] = f"{type(error).__name__}: {error}"[:300].replace("\n", " ")
    return out | {"seconds": round(time.perf_counter() - started, 2)}


def main() -> None:
    """Read, compare, write down, print the shares that agree."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--each", type=int, default=2, help="networks of every family")
    parser.add_argument("--exporter", choices=("jit", "dynamo"), default="jit")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after so many")
    given = parser.parse_args()
    torch.set_num_threads(1)
    done: list[dict[str, Any]] = []
    if RESULTS.is_file():
        with RESULTS.open(newline="") as file:
            done = list(csv.DictReader(file))
    there = {(row["network"], row["size"], row["exporter"]) for row in done}
    until = time.monotonic() + given.seconds
    with RESULTS.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        if not done:
            writer.writeheader()
        for row in wanted(given.each):
            if (row["network"], str(row["size"]), given.exporter) in there or time.monotonic() > until:
                continue
            out = compare(row, given.exporter)
            writer.writerow(out)
            file.flush()
            done.append({name: "" if value is None else str(value) for name, value in out.items()})
            gc.collect()
    report([row for row in done if row["exporter"] == given.exporter])


def report(rows: list[dict[str, Any]]) -> None:
    """Print how many agree, and those that do not."""
    read = [row for row in rows if not row["error"]]
    families = {row["family"] for row in read}
    print(f"{len(read)} of {len(rows)} networks of {len(families)} families read twice")
    for what in ("params", "macs"):
        odd = [row for row in read if row[f"{what}_module"] != row[f"{what}_file"]]
        print(f"{what} equal: {len(read) - len(odd)}")
        for row in odd:
            print(f"  {row['network']}: {row[f'{what}_module']} {row[f'{what}_file']}")
    for row in rows:
        if row["error"]:
            print(f"  {row['network']}: {row['error']}")


if __name__ == "__main__":
    main()
