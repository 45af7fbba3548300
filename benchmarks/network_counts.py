"""Counts of published networks beside their publications' own: parameters and multiply-adds.

Needs an environment of its own with the packages that hold the networks, and the public tables:

    pip install torch torchvision timm pytorchcv pyarrow onnx numpy
    ARCHCAST_DATA=... PYTHONPATH=. python benchmarks/network_counts.py timm mobile_ml_bench

Every network is built on meta tensors and recorded by `archcast.network`. timm's figures are those of a tool
that adds to multiply-adds two operations a value for batch normalisation, five for layer normalisation (four
without scale and shift, as for standardised weights) and one for a mean over a map; mobile_ml_bench's are
twice the multiply-adds. `counted` is by the publication's rule, `macs` are multiply-adds alone.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from archcast.core.errors import InputError
from archcast.featurize.readers.torch import read_module
from archcast.featurize.summary import Summary

RESULTS = Path(__file__).with_name("results")
FIELDS = ("table", "network", "family", "size", "params", "published_params", "macs", "counted", "published")
FIELDS = (*FIELDS, "seconds", "error")


def tables(name: str) -> list[dict[str, Any]]:
    """Rows of a table of networks."""
    import pyarrow.parquet as parquet

    folder = Path(os.environ["ARCHCAST_DATA"]) / "networks"
    rows: list[dict[str, Any]] = parquet.read_table(folder / f"{name}.networks.parquet").to_pylist()
    return rows


def timm_rows() -> Iterator[dict[str, Any]]:
    """timm's networks: constructor, image size, published figures."""
    for row in tables("timm"):
        if row["how_to_build"] and row["gmacs"] and row["params_m"]:
            yield {
                "network": row["network"],
                "family": row["family"],
                "size": int(row["img_size"]),
                "build": row["how_to_build"].split("  #")[0],
                "published_params": row["params_m"] * 1e6,
                "published": row["gmacs"] * 1e9,
                "rounding": (0.005e6, 0.005e9),
            }


def pytorchcv_rows() -> Iterator[dict[str, Any]]:
    """pytorchcv's networks as mobile_ml_bench ran them."""
    for row in tables("mobile_ml_bench"):
        if row["how_to_build"] and row["flops_torch"]:
            yield {
                "network": row["network"],
                "family": row["family"],
                "size": 224,
                "build": row["how_to_build"],
                "published_params": None,
                "published": row["flops_torch"] / 2,
                "rounding": (0, 0),
            }


TABLES = {"timm": timm_rows, "mobile_ml_bench": pytorchcv_rows}


def build(call: str, size: int) -> Any:
    """The module that a constructor's call gives, on meta tensors and in evaluation mode."""
    name, arguments = re.fullmatch(r"\s*([\w.]+)\((.*)\)\s*", call, re.DOTALL).groups()  # type: ignore[union-attr]
    if name == "timm.create_model":
        import timm

        make = timm.create_model
    elif name == "pytorchcv.model_provider.get_model":
        from pytorchcv.model_provider import get_model as make
    else:
        raise InputError(f"constructor {name} is not known here")
    words = re.findall(r"'([^']+)'", arguments.split(",")[0])
    options = {key: int(value) for key, value in re.findall(r"(img_size|num_classes)=(\d+)", arguments)}
    with torch.device("meta"):
        return make(words[0], pretrained=False, **options).eval()


def by_rule(table: str, summary: Summary) -> int:
    """Multiply-adds and what the publication's tool adds to them."""
    total = summary.macs
    if table != "timm":
        return total
    for c in summary.works:
        values = summary.network.values
        if c.node.op == "BatchNormalization":
            total += 2 * values[c.node.outputs[0]].elements
        elif c.node.op in ("LayerNormalization", "GroupNormalization", "RMSNormalization"):
            total += 5 * values[c.node.outputs[0]].elements
        elif c.node.op == "InstanceNormalization":
            total += 4 * values[c.node.outputs[0]].elements
        elif c.work.kind == "global_pool":
            total += values[c.node.inputs[0]].elements
    return total


def count(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """One network's counts."""
    out = {name: row.get(name) for name in FIELDS} | {"table": table}
    try:
        module = build(row["build"], row["size"])
        started = time.perf_counter()
        network = read_module(module, (1, 3, row["size"], row["size"]))
        out["seconds"] = round(time.perf_counter() - started, 4)
        summary = network.summary()
        out |= {"params": summary.params, "macs": summary.macs, "counted": by_rule(table, summary)}
    except Exception as error:  # a constructor of another package may raise anything
        out["error"] = f"{type(error).__name__}: {error}"[:160].replace("\n", " ")
    return out


def within(a: float, b: float, rounding: float) -> bool:
    """Whether two counts agree within one per cent, or within the rounding of the published one."""
    return abs(a - b) <= max(0.01 * b, rounding)


def main() -> None:
    """Count, write down, print the share within one per cent."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", nargs="*", default=list(TABLES), choices=[*TABLES, []])
    parser.add_argument("--every", type=int, default=1, help="count every n-th network alone")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for table in given.tables:
        rows = list(TABLES[table]())[:: given.every]
        path = RESULTS / f"network_counts_{table}.csv"
        good = {"params": 0, "counted": 0}
        done = 0
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            for row in rows:
                out = count(table, row)
                writer.writerow(out)
                file.flush()
                if out["error"]:
                    continue
                done += 1
                loose = row["rounding"]
                good["counted"] += within(out["counted"], row["published"], loose[1])
                known = row["published_params"]
                good["params"] += known is None or within(out["params"], known, loose[0])
        print(f"{table}: {len(rows)} networks, {done} read", end="")
        print(", ".join(["", *(f"{name} within 1 %: {n / max(done, 1):.1%}" for name, n in good.items())]))


if __name__ == "__main__":
    main()
