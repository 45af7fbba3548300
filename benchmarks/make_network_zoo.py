"""Make the shipped predictors of networks of any form from the public tables.

    ARCHCAST_DATA=... python benchmarks/make_network_zoo.py --out archcast/zoo --only network-phones

Each is fitted to all networks of its table whose structure is known; its errors are those in families of
networks that were left out. `results/network_zoo.csv` has a line a device.
"""

from __future__ import annotations

import argparse
import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archcast.core.device import DeviceName
from archcast.predictors import save
from archcast.predictors.networks.labels import NetworkLabels
from archcast.training.networks.fit import FittedNetworks, fit_networks
from archcast.training.networks.labels import network_labels

RESULTS = Path(__file__).with_name("results") / "network_zoo.csv"
FIELDS = (
    "entry",
    "device",
    "networks",
    "mape",
    "median_error",
    "within_5",
    "within_10",
    "within_20",
    "spearman",
)


@dataclass(frozen=True, slots=True)
class NetworkEntry:
    """One shipped predictor.

    Attributes:
        table: whose figures teach.
        family: of predictors, with its `metric`.
        share: of the roofline in a blend; None leaves the family's own.
        on_gpu: whether devices that run on a GPU alone ship with it, or the others; None takes all.
        least, families: networks, and families of them, that a device must have measured to ship.
        ranking: Spearman's correlation that a device must reach in families left out to ship.
        most: networks that teach, at random, of each space; None takes all.
        teaches: whether it only teaches new devices, as too few families taught it to answer for any network.
    """

    table: str
    family: str = "sums"
    metric: str = "latency"
    share: float | None = None
    on_gpu: bool | None = None
    least: int = 15
    families: int = 1
    ranking: float = -1.0
    most: int | None = None
    teaches: bool = False

    def takes(self, device: str) -> bool:
        """Whether a device is one of those that ship with it."""
        return self.on_gpu is None or (DeviceName.parse(device).processor == "gpu") == self.on_gpu

    @property
    def config(self) -> dict[str, float]:
        """Settings of the family."""
        return {} if self.share is None else {"roofline": self.share}


ENTRIES = {
    "network-phones": NetworkEntry("mobile_ml_bench", on_gpu=False),
    "network-phone-gpus": NetworkEntry("mobile_ml_bench", family="blend", share=0.5, on_gpu=True),
    "network-gpus": NetworkEntry("timm", family="blend"),
    "network-boards": NetworkEntry("ncnn"),
    "network-npus": NetworkEntry("qai_hub", ranking=0.8),
    "network-npus-memory": NetworkEntry("qai_hub", metric="memory", ranking=0.8),
    "network-gpt": NetworkEntry("hwgpt", most=1000),
    "network-paddle": NetworkEntry("paddleclas", ranking=0.8),
    "network-members": NetworkEntry("help", families=2, most=600, teaches=True),
    "network-fpgas": NetworkEntry("vitis_ai", metric="throughput", ranking=0.8),
}


def make(entry: NetworkEntry) -> FittedNetworks:
    """Fit an entry, anew where settings are ranked too badly to ship."""
    labels = network_labels(entry.table, entry.metric, most=entry.most).labels
    enough = _measured_enough(entry, labels)
    labels = _only(
        labels, [d for d, fits in zip(labels.devices, enough, strict=True) if fits and entry.takes(d)]
    )
    if not labels.redistributable:
        sys.exit(f"the table {entry.table} may not be shipped")
    made = fit_networks(entry.family, labels, config=entry.config, progress=_say)
    ranked = [device for device, found in made.quality.items() if not found["spearman"] < entry.ranking]
    if len(ranked) < len(labels.devices):
        made = fit_networks(entry.family, _only(labels, ranked), config=entry.config, progress=_say)
    return made


def _measured_enough(entry: NetworkEntry, labels: NetworkLabels) -> list[bool]:
    """Of each device, whether it has measured as much as it must to ship."""
    families = np.array(labels.families)
    known = np.isfinite(labels.values)
    return [
        bool(has.sum() >= entry.least and len(np.unique(families[has])) >= entry.families) for has in known.T
    ]


def _only(labels: NetworkLabels, devices: list[str]) -> NetworkLabels:
    """Some devices, and the networks that one of them measured."""
    found = labels.only(devices)
    return found.rows(np.isfinite(found.values).any(axis=1))


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def main() -> None:
    """Make, save, write down."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--out", type=Path, required=True, help="folder that takes one folder an entry")
    words.add_argument("--only", action="append", choices=list(ENTRIES))
    chosen = words.parse_args()
    rows = list(csv.DictReader(RESULTS.open())) if RESULTS.is_file() else []
    for name in chosen.only or ENTRIES:
        print(name, file=sys.stderr)
        made = make(ENTRIES[name])
        folder = chosen.out / "sources" / "network" if ENTRIES[name].teaches else chosen.out
        save(made.predictor, folder / name, card=made.card)
        rows = [row for row in rows if row["entry"] != name]
        for device, quality in made.quality.items():
            rows.append({"entry": name, "device": device} | {key: f"{v:.4g}" for key, v in quality.items()})
        off = [quality["mape"] for quality in made.quality.values()]
        print(f"{name}: {len(off)} devices, median error in families left out {np.median(off):.1%}")
        with RESULTS.open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
