"""Counts of published networks beside their publications' own: parameters and multiply-adds.

Needs an environment of its own with the packages that hold the networks, and the public tables:

    pip install torch torchvision timm pytorchcv pyarrow onnx numpy
    ARCHCAST_DATA=... PYTHONPATH=. python benchmarks/network_counts.py timm mobile_ml_bench hwgpt hailo

timm's and pytorchcv's networks are built on meta tensors and recorded by `archcast.network`; HW-GPT-Bench's
are written down by its rule, and of Hailo's the structures that are kept are counted. timm's are those of a
tool that adds to multiply-adds two operations a value for batch normalisation, five for layer
normalisation (four without scale and shift, as for standardised weights) and one for a mean over a map;
mobile_ml_bench's are twice the multiply-adds; HW-GPT-Bench leaves out attention's two products. Hailo does
not say what its operations are: what comes nearest is two a multiply-add, of transposed convolutions at the
places that they write, and one a value that a bias, a sum, an activation or a pool's place makes. `counted`
is by the publication's rule, `macs` are multiply-adds alone. Counts agree that are within one per cent or
round to the digits that are published (`few` parameters, `little` multiply-adds). `reason` says what the
publication counts besides where multiply-adds alone do not agree.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import torch

from archcast.core.errors import InputError
from archcast.core.files import atomic_write
from archcast.core.network import Network
from archcast.featurize.readers.torch import read_module
from archcast.featurize.summary import Summary

RESULTS = Path(__file__).with_name("results")
FIELDS = ("table", "network", "family", "size", "params", "published_params", "macs", "counted", "published")
FIELDS = (*FIELDS, "seconds", "error", "reason", "few", "little")


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


LONG = ("hwgpt",)
"""Tables of which only the networks that differ are written down."""


def hwgpt_rows() -> Iterator[dict[str, Any]]:
    """HW-GPT-Bench's decoders, in the batch of their scale."""
    import pyarrow.parquet as parquet

    from archcast.collect.tables.hwgpt import BATCH
    from archcast.featurize.decoders import decoder

    folder = Path(os.environ["ARCHCAST_DATA"]) / "networks"
    for scale in "sml":
        known = parquet.read_table(folder / f"hwgpt.{scale}.parquet", columns=["arch", "macs", "params"])
        for row in known.to_pylist():
            yield {
                "network": row["arch"],
                "family": f"hwgpt.{scale}",
                "read": partial(decoder, row["arch"], batch=BATCH[scale]),
                "published_params": row["params"],
                "published": row["macs"],
                "rounding": (0, 0),
            }


def half_digit(text: str) -> float:
    """Half of the last digit of a number as it is published."""
    return 0.5 * 10.0 ** -len(text.partition(".")[2])


def hailo_rows() -> Iterator[dict[str, Any]]:
    """Hailo's networks whose structures are kept."""
    from archcast.collect.structures import structures

    published = {row["network"]: row for row in tables("hailo")}
    for record in structures().of("hailo"):
        row = published[record.name]
        yield {
            "network": record.name,
            "family": row["family"],
            "size": record.size,
            "read": partial(structures().network, record),
            "published_params": row["params_m"] * 1e6,
            "published": float(row["gops"]) / 2 * 1e9,
            "rounding": (half_digit(f"{row['params_m']:g}") * 1e6, half_digit(row["gops"]) / 2 * 1e9),
        }


TABLES = {
    "timm": timm_rows,
    "mobile_ml_bench": pytorchcv_rows,
    "hwgpt": hwgpt_rows,
    "hailo": hailo_rows,
}


def build(call: str, size: int, device: str = "meta") -> Any:
    """The module that a constructor's call gives, in evaluation mode; by default on meta tensors."""
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
    with torch.device(device):
        return make(words[0], pretrained=False, **options).eval()


def by_rule(table: str, summary: Summary) -> int:
    """Multiply-adds and what the publication's tool adds to them."""
    total = summary.macs
    if table == "hwgpt":
        return total - sum(c.work.macs for c in summary.works if c.node.op == "Attention")
    if table == "hailo":
        return total + (sum(_beside(summary).values()) + 1) // 2
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


_MADE = {
    **dict.fromkeys(("conv_kxk", "conv_1x1", "conv_grouped", "conv_depthwise", "linear"), "biases"),
    "add": "sums",
    "activation": "activations",
    "pool": "windows",
    "conv_transposed": "biases",
}
"""Kind of work -> what Hailo seems to count an operation a value for."""


def _beside(summary: Summary) -> dict[str, int]:
    """Operations that Hailo seems to count beside two a multiply-add, by what they are of."""
    found: dict[str, int] = {}
    values = summary.network.values
    for c in summary.works:
        if c.work.kind not in _MADE:
            continue
        made = values[c.node.outputs[0]].dims
        window = prod(c.node.attributes.get("kernel_shape", ())) if c.work.kind == "pool" else 1
        found[_MADE[c.work.kind]] = found.get(_MADE[c.work.kind], 0) + prod(made) * window
        if c.work.kind == "conv_transposed":
            more = prod(made[2:]) / prod(values[c.node.inputs[0]].dims[2:]) - 1
            what = "transposed convolutions at the places that they write"
            found[what] = found.get(what, 0) + int(2 * c.work.macs * more)
    return found


def reason(table: str, row: dict[str, Any], summary: Summary) -> str:
    """Why multiply-adds alone are not what is published; empty where they are."""
    loose, published = row["rounding"][1], row["published"]
    if table != "hailo" or within(summary.macs, published, loose):
        return ""
    counts = sorted(_beside(summary).items(), key=lambda item: -item[1])
    total, told = float(summary.macs), []
    for what, operations in counts:
        total += operations / 2
        told.append(what)
        if within(total, published, loose):
            return f"it counts {', '.join(told)}"
    return "not known"


def _recorded(row: dict[str, Any]) -> Callable[[], Network]:
    """What records a row's module, which is built before."""
    return partial(read_module, build(row["build"], row["size"]), (1, 3, row["size"], row["size"]))


def count(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """One network's counts."""
    few, little = row["rounding"]
    out = {name: row.get(name) for name in FIELDS} | {"table": table, "few": few, "little": little}
    try:
        read = row["read"] if "read" in row else _recorded(row)
        started = time.perf_counter()
        network = read()
        out["seconds"] = round(time.perf_counter() - started, 4)
        summary = network.summary()
        out |= {"params": summary.params, "macs": summary.macs, "counted": by_rule(table, summary)}
        out["reason"] = reason(table, row, summary)
    except Exception as error:  # a constructor of another package may raise anything
        out["error"] = f"{type(error).__name__}: {error}"[:160].replace("\n", " ")
    return out


def agreement(row: dict[str, Any], out: dict[str, Any]) -> dict[str, bool]:
    """Which counts agree with the published ones."""
    known, loose = row["published_params"], row["rounding"]
    return {
        "params": known is None or within(out["params"], known, loose[0]),
        "counted": within(out["counted"], row["published"], loose[1]),
        "macs": within(out["macs"], row["published"], loose[1]),
    }


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
        good, done = {"params": 0, "counted": 0, "macs": 0}, 0
        path = RESULTS / f"network_counts_{table}.csv"
        with atomic_write(path) as partial_path, partial_path.open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
            writer.writeheader()
            for row in rows:
                out = count(table, row)
                agrees = {} if out["error"] else agreement(row, out)
                if not (table in LONG and agrees and agrees["params"] and agrees["counted"]):
                    writer.writerow(out)
                done += bool(agrees)
                for name, yes in agrees.items():
                    good[name] += yes
        print(f"{table}: {len(rows)} networks, {done} read", end="")
        print(", ".join(["", *(f"{name} within 1 %: {n / max(done, 1):.1%}" for name, n in good.items())]))


if __name__ == "__main__":
    main()
