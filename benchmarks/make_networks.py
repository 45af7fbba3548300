"""The structures of the networks that public tables measured, as one file of the package.

Needs an environment of its own with the packages that hold the networks, and the public tables:

    pip install torch torchvision timm pytorchcv transformers pyarrow onnx numpy
    ARCHCAST_DATA=... PYTHONPATH=. python benchmarks/make_networks.py build --work DIR [--part 0/2]
    ARCHCAST_DATA=... PYTHONPATH=. python benchmarks/make_networks.py join --work DIR

`build` makes each network on meta tensors, records it and keeps it in DIR, so that it can be stopped and go
on, and be done in parts at once. `join` compares counts with the published ones, groups near-copies,
and writes `archcast/collect/shipped/networks.bin`, and `results/networks_refused.csv` with
those left out and why.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
import warnings
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from network_counts import by_rule
from network_deployed import DEPLOYED
from network_groups import Groups, kind_of, shape_of
from network_sources import SOURCES, Wanted, fields

from archcast.collect.networks import as_stored
from archcast.collect.structures import FILE, REPARAMETERIZED, Structure, write_structures
from archcast.core.network import Network
from archcast.featurize.packed import Block, pack

RESULTS = Path(__file__).with_name("results")
TARGET = Path(__file__).parents[1] / "archcast" / "collect" / FILE
PACKAGES = ("torch", "torchvision", "timm", "pytorchcv", "transformers")
NEAR = 0.03
"""Share by which parameters may differ from the published ones."""
EXPLAINED = {
    "convmixer": "the tool counts no convolution that pads to the same size",
    "sequencer2d": "the tool counts no LSTM",
    "vit_dlittle": "differential attention: 5 % more than the tool counted, parameters agree",
    "vit_dpwee": "differential attention: 6 % more than the tool counted, parameters agree",
    "ViT_": "the tool counts no product of two activations",
    "DeiT_": "the tool counts no product of two activations",
    "vit_dwee": "differential attention: 6 % more than the tool counted, parameters agree",
}
"""Multiply-adds that differ for a known reason, by the beginning of a name."""


def stored(network: Network) -> tuple[Network, str]:
    """A network as it is read back, with what is known of its constants, and its key."""
    made = as_stored(network)
    values = {
        name: replace(value, learned=network.values[name].learned) if value.constant else value
        for name, value in made.values.items()
    }
    return replace(made, values=values), made.key


def build(wanted: Wanted, folder: Path) -> None:
    """Make a network and keep it with its counts, or keep why it cannot be made."""
    path = place(wanted, folder)
    if path.with_suffix(".json").exists():
        return
    row: dict[str, Any] = fields(wanted)
    if wanted.read is None:
        row["error"] = wanted.why
    else:
        try:
            network, row["key"] = stored(wanted.read())
            summary = network.summary()
            row |= {"macs": summary.macs, "params": summary.params, "timm": by_rule("timm", summary)}
            row["unknown"] = dict(summary.unknown)
            path.with_suffix(".bin").write_bytes(pack([network]))
        except Exception as error:  # a constructor of another package may raise anything
            row["error"] = f"{type(error).__name__}: {error}"[:200].replace("\n", " ")
            print(wanted.table, wanted.name, row["error"], flush=True)
    path.with_suffix(".json").write_text(json.dumps(row))


def place(wanted: Wanted, folder: Path) -> Path:
    """Where a network is kept while the file is made."""
    name = json.dumps(fields(wanted), sort_keys=True)
    return folder / f"{wanted.table}-{hashlib.sha256(name.encode()).hexdigest()[:20]}"


def refusal(wanted: Wanted, row: dict[str, Any]) -> str:
    """Why a network is left out; empty where its counts agree with the published ones."""
    if row.get("error"):
        return str(row["error"])
    known = wanted.published_params
    if known and abs(row["params"] - known) > max(NEAR * known, wanted.rounding[0]):
        return f"parameters are {row['params'] / known:.3f} of the published ones"
    known = wanted.published
    if known and not any(wanted.name.startswith(start) for start in EXPLAINED):
        ways = (row["timm"], row["macs"]) if wanted.rule == "timm" else (row["macs"],)
        if min(abs(way - known) for way in ways) > max(wanted.near * known, wanted.rounding[1]):
            return f"multiply-adds are {ways[0] / known:.3f} of the published ones"
    return ""


def join(folder: Path) -> None:
    """Write the file and the list of those left out."""
    built = [(w, json.loads(place(w, folder).with_suffix(".json").read_text())) for w in wanted_networks()]
    kept, refused = chosen(built)
    networks: dict[str, Network] = {}
    groups = Groups()
    records = []
    for wanted, row in kept:
        key = row["key"]
        if key not in networks:
            networks[key] = Block(place(wanted, folder).with_suffix(".bin").read_bytes())[0]
        kind = kind_of(wanted.table, wanted.published_family, wanted.name)
        groups.join(f"{wanted.table} {wanted.name}", f"{kind.coarse} {kind.kind} {shape_of(networks[key])}")
        named = (wanted.name, wanted.table, key, kind.family, kind.coarse)
        records.append(Structure(*named, 0, wanted.variant, wanted.size, row["macs"], row["params"]))
    records = [replace(r, group=groups.number(f"{r.table} {r.name}")) for r in records]
    order = {r.key: (r.coarse, r.family, r.params) for r in records}
    networks = dict(sorted(networks.items(), key=lambda item: order[item[0]]))
    write_structures(TARGET, records, networks, made_with=made_with())
    with (RESULTS / "networks_refused.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["table", "name", "size", "variant", "why"])
        writer.writeheader()
        writer.writerows(refused)
    merged = sum(record.variant == REPARAMETERIZED for record in records)
    copies = len({record.group for record in records})
    print(f"{len(records)} records of {len(networks)} networks in {copies} groups, {merged} merged;")
    print(f"{len(refused)} refused; {TARGET.stat().st_size} bytes")


Built = list[tuple[Wanted, dict[str, Any]]]


def chosen(built: Built) -> tuple[Built, list[dict[str, Any]]]:
    """Those to keep, and those left out with the reason.

    A network is kept in both its forms where the counts of one agree, and once where merging changes nothing.
    """
    why = [refusal(wanted, row) for wanted, row in built]
    trusted = {one(w) for (w, _), reason in zip(built, why, strict=True) if not reason}
    plain = {one(w): row.get("key") for w, row in built if not w.variant}
    kept, refused = [], []
    for (wanted, row), reason in zip(built, why, strict=True):
        if reason and (one(wanted) not in trusted or "error" in row):
            refused.append(fields(wanted) | {"why": reason})
        elif not wanted.variant or row["key"] != plain[one(wanted)]:
            kept.append((wanted, row))
    return kept, refused


def one(wanted: Wanted) -> tuple[str, str, int]:
    """A network, whichever its form."""
    return wanted.table, wanted.name, wanted.size


def made_with() -> dict[str, str]:
    """Versions of the packages that hold the networks."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def wanted_networks() -> list[Wanted]:
    """Of all tables, in an order that stays."""
    return [wanted for source in (SOURCES | DEPLOYED).values() for wanted in source()]


def main() -> None:
    """Build or join."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=["build", "join"])
    parser.add_argument("--work", type=Path, required=True, help="folder of networks that were built")
    parser.add_argument("--part", default="0/1", help="i/n: the networks of every n-th place from i")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    if given.step == "join":
        join(given.work)
        return
    import torch

    torch.set_num_threads(1)
    part, parts = map(int, given.part.split("/"))
    for wanted in wanted_networks()[part::parts]:
        build(wanted, given.work)


if __name__ == "__main__":
    main()
