"""Makes the excerpts of public tables that the tests read; run it where `ARCHCAST_DATA` names the tables.

    python tests/excerpts/make.py

Each table becomes one archive here with files of the published form, so that the recipes read them as
they read the whole; README.md names source, licence and rows. A table without an open licence has no excerpt.
Where a position in a file is a NAS-Bench-201 index, the cells that are left out are NaN; where it is a
row of a list that the table has itself, both lists are shortened. Figures stay as published, digit by
digit. The same tables give the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import os
import pickle
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from archcast.collect.pickles import NUMPY_SCALARS, load_torch_zip

HERE = Path(__file__).resolve().parent
CELLS = 15_625
STEP = {"nasbench201": 16, "fbnet": 12, "ofa": 20, "accel_nasbench": 20, "nas_bench_macro": 5}
"""Every which network is kept, from the first on; of HELP's spaces the 10 references too."""
EVERY = {
    "hailo": 15,
    "mobile_ml_bench": 9,
    "ncnn": 5,
    "paddleclas": 20,
    "qai_hub": 20,
    "rknn": 8,
    "timm": 60,
    "vitis_ai": 30,
}
"""Every which name of a table of networks is kept."""
FIRST = {"candidates": 60, "hat": 60, "hwgpt": 12, "ofa_accuracy": 100}
"""How many rows of a file are kept, from the first on."""
Files = Iterable[tuple[str, bytes]]


def torch_zip(value: Any) -> bytes:
    """A file as torch saves an object without tensors."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in (("data.pkl", pickle.dumps(value, protocol=2)), ("version", b"3\n")):
            archive.writestr(zipfile.ZipInfo(f"archive/{name}"), content)
    return made.getvalue()


def chosen(references: list[int], count: int, step: int) -> list[int]:
    """The references and every `step`th row, each once, in ascending order."""
    return sorted({*references, *range(0, count, step)})


def help_latency(root: Path) -> Files:
    """HELP's latencies on three spaces."""
    space = root / "nasbench201"
    references = load_torch_zip(space / "hardware_embedding_index.pt")
    kept = set(chosen(references, CELLS, STEP["nasbench201"]))
    yield "nasbench201/hardware_embedding_index.pt", torch_zip(references)
    listed = (space / "arch_generated_by_metad2a.txt").read_text(encoding="ascii").splitlines()
    yield (
        "nasbench201/arch_generated_by_metad2a.txt",
        ("\n".join(listed[: 1 + FIRST["candidates"]]) + "\n").encode("ascii"),
    )
    for path in sorted((space / "latency").glob("*.pt")):
        values = load_torch_zip(path)
        yield (
            f"nasbench201/latency/{path.name}",
            torch_zip([v if i in kept else nan for i, v in enumerate(values)]),
        )
    for folder in ("fbnet", "ofa"):
        yield from listed_networks(root / folder)


def listed_networks(folder: Path) -> Files:
    """Latencies of a space whose networks the table lists itself."""
    name = {"fbnet": "metainfo.pt", "ofa": "ofa_archs.pt"}[folder.name]
    record = load_torch_zip(folder / name, allowed=NUMPY_SCALARS)
    references = load_torch_zip(folder / "hardware_embedding_index.pt")
    rows = chosen(references, len(record["arch"]), STEP[folder.name])
    archs = [record["arch"][row] for row in rows]
    if folder.name == "ofa":  # the published file has NumPy's numbers for the image side
        archs = [{**arch, "r": np.int64(arch["r"])} for arch in archs]
    yield f"{folder.name}/{name}", torch_zip({**record, "arch": archs})
    places = [rows.index(row) for row in references]
    yield f"{folder.name}/hardware_embedding_index.pt", torch_zip(places)
    for path in sorted((folder / "latency").glob("*.pt")):
        values = load_torch_zip(path)
        yield f"{folder.name}/latency/{path.name}", torch_zip([values[row] for row in rows])


def accel_nasbench(root: Path) -> Files:
    """Accel-NASBench: an archive of one file a network."""
    with tarfile.open(root / "anb_dataset_jsons.tar.gz") as archive:
        found = {
            int(Path(member.name).stem.removeprefix("result_")): (member.name, archive.extractfile(member))
            for member in archive
            if member.isfile()
        }
        files = [
            (found[number][0], found[number][1].read()) for number in sorted(found)[:: STEP["accel_nasbench"]]
        ]
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        add(archive, files)
    yield "anb_dataset_jsons.tar.gz", gzip.compress(made.getvalue(), mtime=0)


def nas_bench_macro(root: Path) -> Files:
    """NAS-Bench-Macro: one JSON object."""
    name = "nas-bench-macro_cifar10.json"
    record = json.loads((root / name).read_text(encoding="utf-8"))
    yield name, json.dumps({key: record[key] for key in sorted(record)[:: STEP["nas_bench_macro"]]}).encode()


def csv_files(root: Path, rows: int) -> Files:
    """The first rows of each CSV file."""
    for path in sorted(root.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            read = list(csv.reader(file))
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(read[: rows + 1])
        yield path.name, text.getvalue().encode()


def hat(root: Path) -> Files:
    """HAT: eight CSV files."""
    return csv_files(root, FIRST["hat"])


def ofa_accuracy(root: Path) -> Files:
    """DyNAS-T's accuracies: five CSV files."""
    return csv_files(root, FIRST["ofa_accuracy"])


def networks(root: Path) -> Files:
    """Tables of networks of any form: one Parquet file each, three of HW-GPT-Bench."""
    for name, step in EVERY.items():
        table = pq.read_table(root / f"{name}.parquet")
        kept = sorted(set(table["network"].to_pylist()))[::step]
        if name == "timm":
            kept += ["ecaresnext50t_32x4d", "resnet50"]
        yield f"{name}.parquet", parquet(table.filter(pc.is_in(table["network"], pa.array(kept))))
    for scale in ("s", "m", "l"):
        file = f"hwgpt.{scale}.parquet"
        yield file, parquet(pq.read_table(root / file).slice(0, FIRST["hwgpt"]))


def parquet(table: pa.Table) -> bytes:
    """A Parquet file, left to the archive to compress."""
    made = io.BytesIO()
    pq.write_table(table.combine_chunks(), made, compression="none")
    return made.getvalue()


TABLES: dict[str, Callable[[Path], Files]] = {
    "accel_nasbench": accel_nasbench,
    "hat": hat,
    "help": help_latency,
    "nas_bench_macro": nas_bench_macro,
    "networks": networks,
    "ofa_accuracy": ofa_accuracy,
}


def add(archive: tarfile.TarFile, files: Files) -> None:
    """Put files into an archive, without times and owners."""
    for name, content in files:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))


def main() -> None:
    """Make every excerpt anew."""
    root = os.environ.get("ARCHCAST_DATA")
    if not root:
        sys.exit("ARCHCAST_DATA must name the folder of the public tables")
    total = 0
    for name, read in TABLES.items():
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as archive:
            add(archive, read(Path(root) / name))
        packed = lzma.compress(made.getvalue(), preset=9 | lzma.PRESET_EXTREME)
        (HERE / f"{name}.tar.xz").write_bytes(packed)
        total += len(packed)
        print(f"{name}: {len(packed):,} bytes")
    print(f"together: {total:,} bytes")


if __name__ == "__main__":
    main()
