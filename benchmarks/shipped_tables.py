"""Make the tables of archcast's own measurements and estimates anew (`archcast/collect/shipped`).

    python benchmarks/shipped_tables.py host --home FOLDER        # an hour on an idle machine
    python benchmarks/shipped_tables.py estimates --home FOLDER   # a quarter of an hour
    python benchmarks/shipped_tables.py accuracy --home FOLDER    # an hour
    python benchmarks/shipped_tables.py shapes --home FOLDER      # an hour

Each step runs archcast's own commands on the store in FOLDER, so that it goes on where it stopped, and then
writes its table with its card. Host devices are renamed from `this-host-...` to the name given by `--name`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from archcast.collect.store import MeasurementStore
from archcast.collect.tables.shipped import SHIPPED, write_card
from archcast.core.measurements import COLUMNS, write_table

NETWORKS = {"nasbench201": 1000, "fbnet": 500}
RUNTIMES = ("ort-1t", "torch-1t")
RUNS = {"rounds": 8, "runs": 5}
TARGETS = (
    "eyeriss-like",
    "edge-tpu-like",
    "tpu-like",
    "tesla-npu-like",
    "fpga-zc706-like",
    "ethos-u55-256",
    "ethos-u65-512",
    "ethos-u85-1024",
)
SKIPNETS, SEEDS = 220, 2
SMALL_SKIPNETS = 160
SMALL_DEPTHS, SMALL_SKIPS = (3, 5, 1), (0, 3, 1)
SMALL_WIDTHS = ((4, 16, 1), (8, 24, 1), (16, 40, 2))
"""Least, most and step of the decisions of networks trained on shapes."""
ON_SHAPES = {
    "epochs": 3,
    "train_images": 3000,
    "test_share": 0.25,
    "stop_share": 0.03,
    "noise": 0.0,
    "learning_rate": 0.005,
}
NAME = "epyc-zen4"
SHIPPED_AS = {
    "host": "host_cpu",
    "estimates": "estimates",
    "accuracy": "skipnet_digits",
    "shapes": "skipnet_shapes",
}


def main() -> None:
    """Run one step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("step", choices=("host", "estimates", "accuracy", "shapes"))
    parser.add_argument("--home", type=Path, required=True, help="ARCHCAST_HOME of the store that is filled")
    parser.add_argument("--name", default=NAME, help="what this machine is called in the host table")
    parser.add_argument("--keep-only", action="store_true", help="write the table from what the store has")
    given = parser.parse_args()
    os.environ["ARCHCAST_HOME"] = str(given.home)
    steps = {"host": host, "estimates": estimates, "accuracy": accuracy, "shapes": lambda: shapes(given.home)}
    commands = steps[given.step]()
    if not given.keep_only:
        for words in commands:
            archcast(*words)
    table = MeasurementStore(given.home / "store").to_table()
    if given.step == "host":
        table = renamed(of(table, "device", [f"this-host-{r}" for r in RUNTIMES]), given.name)
        title = (
            f"latency of {described()} on one core of an AMD EPYC (Zen 4) virtual machine, in two runtimes"
        )
        about = "Processor time; the environment column says how it was taken."
    elif given.step == "estimates":
        table = of(table, "device", TARGETS)
        title = f"analytical estimates of latency and energy of {described()} on {len(TARGETS)} accelerators"
        about = "Models' answers, not measurements; each row names its target's version and conventions."
    elif given.step == "shapes":
        table = of(of(table, "metric", ["accuracy"]), "dataset", ["shapes"])
        title = (
            f"accuracy of {table.num_rows} small skipnet networks on generated shapes, {SEEDS} trainings each"
        )
        about = "Images are drawn by archcast; see archcast.collect.accuracy.shapes."
    else:
        table = of(of(table, "metric", ["accuracy"]), "dataset", ["digits"])
        title = f"accuracy of {SKIPNETS} skipnet networks on scikit-learn's digits, {SEEDS} trainings each"
        about = "Test images are disturbed and training images few, so that networks differ."
    keep(
        table,
        SHIPPED_AS[given.step],
        title=title,
        about=about,
        command=f"python benchmarks/shipped_tables.py {given.step} --home FOLDER",
    )


def host() -> list[list[str]]:
    """Commands that measure on this machine."""
    settings = [word for key, value in RUNS.items() for word in (f"--{key}", str(value))]
    return [
        ["collect", "host", "--space", space, "--n", str(n), "--device", f"this-host-{runtime}", *settings]
        for space, n in NETWORKS.items()
        for runtime in RUNTIMES
    ]


def estimates() -> list[list[str]]:
    """Commands that estimate the same networks on every target."""
    return [
        ["estimate", "--target", target, "--space", space, "--n", str(n), "--store"]
        for space, n in NETWORKS.items()
        for target in TARGETS
    ]


def accuracy() -> list[list[str]]:
    """The command that trains."""
    words = ["collect", "accuracy", "--space", "skipnet", "--n", str(SKIPNETS), "--data", "digits"]
    return [[*words, "--seeds", str(SEEDS)]]


def shapes(home: Path) -> list[list[str]]:
    """The command that trains small networks, which are written to a file in `home` first."""
    rng = np.random.default_rng(0)
    home.mkdir(parents=True, exist_ok=True)
    path = home / "small_skipnets.jsonl"
    path.write_text("".join(json.dumps(small_skipnet(rng)) + "\n" for _ in range(SMALL_SKIPNETS)))
    words = ["collect", "accuracy", "--space", "skipnet", "--archs", str(path), "--data", "shapes"]
    words += ["--dataset", "shapes", "--seeds", str(SEEDS)]
    return [words + [word for name, value in ON_SHAPES.items() for word in ("--set", f"{name}={value}")]]


def small_skipnet(rng: np.random.Generator) -> dict[str, list[int]]:
    """A network whose decisions are drawn evenly; skips are at most the layers there are to read."""
    depths = [drawn(rng, SMALL_DEPTHS) for _ in range(3)]
    widths = [drawn(rng, among) for among in SMALL_WIDTHS]
    skips = [min(drawn(rng, SMALL_SKIPS), depth - 2) for depth in depths]
    return {"depth": depths, "width": widths, "skips": skips}


def drawn(rng: np.random.Generator, among: tuple[int, int, int]) -> int:
    """A value between least and most in steps."""
    least, most, step = among
    return int(rng.choice(np.arange(least, most + 1, step)))


def archcast(*words: str) -> None:
    """Run an archcast command; its failure ends this program."""
    print("archcast", *words, flush=True)
    subprocess.run([sys.executable, "-m", "archcast.cli", *words], check=True, stdout=subprocess.DEVNULL)


def of(table: pa.Table, column: str, words: list[str] | tuple[str, ...]) -> pa.Table:
    """Rows whose column has one of the words."""
    return table.filter(pc.is_in(table[column].cast("string"), pa.array(words)))


def renamed(table: pa.Table, name: str) -> pa.Table:
    """`this-host-RUNTIME` as `NAME-RUNTIME`."""
    place = table.schema.get_field_index("device")
    field = table.schema.field(place)
    named = pc.replace_substring(table["device"].cast("string"), "this-host", name)
    return table.set_column(place, field, named.cast(field.type))


def keep(table: pa.Table, name: str, *, title: str, about: str, command: str) -> None:
    """Write the table and its card into the package."""
    if not table.num_rows:
        sys.exit(f"nothing to keep for {name}: the store has no such rows")
    SHIPPED.mkdir(exist_ok=True)
    path = SHIPPED / f"{name}.parquet"
    write_table(table.select(COLUMNS).unify_dictionaries(), path)
    write_card(path, title=title, command=command, about=about, made=f"{datetime.now(UTC):%Y-%m-%d}")
    print(f"{table.num_rows} rows in {path} ({path.stat().st_size / 1000:.0f} kB)")


def described() -> str:
    """The networks, in words."""
    return "1,000 NAS-Bench-201 and 500 FBNet networks"


if __name__ == "__main__":
    main()
