"""Networks of public tables that can be built: constructors, variants and what was published of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from network_counts import build, tables

from archcast.collect.structures import REPARAMETERIZED
from archcast.core.network import Network
from archcast.featurize.readers.ncnn import read_ncnn
from archcast.featurize.readers.torch import read_module

MERGED = (
    *(
        "byobnet",
        "efficientvit_msra",
        "fastvit",
        "ghostnet",
        "levit",
        "nextvit",
        "repghost",
        "repvit",
        "shvit",
    ),
    "tiny_vit",
)
"""Families of timm some of whose networks have branches that can be merged."""
TIMM_CALLS = {
    "ig_resnext101_32x16d": "resnext101_32x16d",
    "ig_resnext101_32x32d": "resnext101_32x32d",
    "ig_resnext101_32x48d": "resnext101_32x48d",
    "vit_base_patch16_224_sam": "vit_base_patch16_224",
    "vit_base_patch32_224_sam": "vit_base_patch32_224",
}
"""Where the table names another network's constructor."""
TIMM_HEADS = {
    "vit_base_r50_s16_224": 21843,
    "vit_huge_patch14_224": 21843,
    "vit_large_patch32_224": 21843,
    "maxvit_xlarge_tf_224": 1000,
}
"""Classes that parameters were published with, where today's default has others."""


@dataclass(frozen=True)
class Wanted:
    """A network to build.

    Attributes:
        published_params, published: parameters and operations as published, None where not; `rule` says of
            what kind the operations are.
        rounding: of both as they were published.
        near: share by which operations may differ from the published ones.
        alias: name of a wanted network of the same table that is this one.
        why: why it is not read.
    """

    table: str
    name: str
    published_family: str
    size: int
    read: Callable[[], Network] | None
    variant: str = ""
    published_params: float | None = None
    published: float | None = None
    rule: str = ""
    rounding: tuple[float, float] = (0.0, 0.0)
    near: float = 0.03
    alias: str = ""
    why: str = "it has no constructor"


def timm_networks() -> Iterator[Wanted]:
    """timm's, those with branches also merged."""
    for row in tables("timm"):
        call, size, name = row["how_to_build"].split("  #")[0], int(row["img_size"]), row["network"]
        if name in TIMM_CALLS:
            call = f"timm.create_model('{TIMM_CALLS[name]}', pretrained=False)"
        if name in TIMM_HEADS:
            call = call.replace("pretrained=False", f"num_classes={TIMM_HEADS[name]}")
        known = call.startswith("timm.")
        about = {
            "published_params": row["params_m"] and row["params_m"] * 1e6,
            "published": row["gmacs"] and row["gmacs"] * 1e9,
            "rule": "timm",
            "rounding": (0.006e6, 0.006e9),
        }
        yield Wanted("timm", name, row["family"], size, _module(call, size) if known else None, **about)
        if known and row["family"] in MERGED:
            read = _module(call, size, merged=True)
            yield Wanted("timm", name, row["family"], size, read, REPARAMETERIZED, **about)


def pytorchcv_networks() -> Iterator[Wanted]:
    """pytorchcv's as mobile_ml_bench ran them."""
    for row in tables("mobile_ml_bench"):
        yield Wanted(
            *("mobile_ml_bench", row["network"], row["family"], 224, _module(row["how_to_build"], 224)),
            published=row["flops_torch"] and row["flops_torch"] / 2,
            rule="macs",
        )


def ncnn_networks() -> Iterator[Wanted]:
    """ncnn's graphs; a quantised network is that of its fp32 graph."""
    import os

    folder = Path(os.environ["ARCHCAST_DATA"]) / "networks" / "ncnn_graphs"
    for row in tables("ncnn"):
        if not row["input_whc"]:
            continue
        name, (w, h, c) = row["network"], (int(side) for side in row["input_whc"].split(","))
        plain = name.removesuffix("_int8")
        path = folder / f"{plain}.param"
        yield Wanted(
            "ncnn", name, row["family"], h, _graph(path, (c, h, w)), alias=plain if plain != name else ""
        )


SOURCES = {"timm": timm_networks, "mobile_ml_bench": pytorchcv_networks, "ncnn": ncnn_networks}


def _module(call: str, size: int, *, merged: bool = False) -> Callable[[], Network]:
    def read() -> Network:
        module = build(call, size)
        if merged:
            from timm.utils import reparameterize_model

            module = reparameterize_model(module.to_empty(device="cpu"))  # it copies weights
        return read_module(module, (1, 3, size, size))

    return read


def _graph(path: Path, shape: tuple[int, ...]) -> Callable[[], Network]:
    def read() -> Network:
        from archcast.featurize.readers.ncnn import parse

        there = [layer.outputs[0] for layer in parse(path.read_text()) if layer.kind == "Input"]
        return read_ncnn(path, inputs={there[0]: shape})

    return read


def fields(wanted: Wanted) -> dict[str, Any]:
    """What identifies it."""
    return {"table": wanted.table, "name": wanted.name, "size": wanted.size, "variant": wanted.variant}
