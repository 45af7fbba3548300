"""A folder of tables as `ARCHCAST_DATA` names one: excerpts, and made-up figures in the published form."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from made_up import UNIT_MS

from archcast.featurize.spaces import SPACES

EXCERPTS = Path(__file__).resolve().parent / "excerpts"
CELLS = SPACES["nasbench201"].members(np.arange(15_625))
UNIT_PERCENT = np.array([0.0, 2.0, 4.0, 7.0, 1.0])


def lay_out(folder: Path) -> None:
    """Unpack the excerpts, and write made-up figures for the tables that have none."""
    for archive in sorted(EXCERPTS.glob("*.tar.xz")):
        with tarfile.open(archive) as packed:
            packed.extraction_filter = getattr(tarfile, "data_filter", None)  # of Python 3.11.4 and later
            packed.extractall(folder / archive.name.removesuffix(".tar.xz"))
    write_accuracies(folder / "nasbench201_accuracy")
    write_board(folder / "hw_nas_bench_360")


def accuracies(best: float) -> np.ndarray:
    """Accuracy of every cell in %: more for each edge by its operation, a tenth where no path is left."""
    live = SPACES["nasbench201"].live(CELLS).any(axis=1)
    gain = UNIT_PERCENT[CELLS].sum(axis=1)
    noise = np.random.default_rng(0).normal(scale=0.3, size=len(CELLS))
    return np.where(live, best - 45 * np.exp(-gain / 8), 10.0) + noise


def write_accuracies(folder: Path) -> None:
    """NAS-Bench-201's accuracies: one JSON object a data set."""
    folder.mkdir(parents=True)
    texts = SPACES["nasbench201"].to_text(CELLS)
    for word, best in (("cifar10", 94.0), ("cifar100", 73.0), ("imagenet", 47.0)):
        tested = np.maximum(accuracies(best), 1.0)
        order = np.argsort(np.argsort(-tested)) + 1
        record = {
            text: {"val_acc_200": value - 0.5, "test_acc_200": value, "rank": rank}
            for text, value, rank in zip(texts, tested.tolist(), order.tolist(), strict=True)
        }
        (folder / f"nasbench201_{word}.json").write_text(json.dumps(record))


def write_board(folder: Path) -> None:
    """HW-NAS-Bench-360's board: every tenth cell, one Parquet file."""
    folder.mkdir(parents=True)
    index = np.arange(0, len(CELLS), 10)
    codes = CELLS[index]
    latency = 1.0 + UNIT_MS[codes].sum(axis=1)
    columns = {
        "arch_idx": index,
        "rep_arch_idx": index,
        "device": ["pi5"] * len(index),
        "framework": ["onnx"] * len(index),
        "task": ["cifar100"] * len(index),
        "lat_ms_median": latency,
        "lat_ms_var": (0.01 * latency) ** 2,
        "energy_mj": 1.5 * latency,
        "accuracy": np.maximum(accuracies(73.0)[index], 1.0),
        "status": ["ok"] * len(index),
    }
    pq.write_table(pa.table(columns), folder / "dataset.parquet")
