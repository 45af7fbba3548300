"""Accel-NASBench (Ahmad et al., 2024): MnasNet-like networks, ImageNet top-1 and cost on accelerators.

Accuracy (%) is of one shortened training, so 43 to 67 %; some networks stand in the table twice.
Throughput is in images/s; latency, on the two FPGAs only, in ms at batch 1 (ZCU102) and 6 (VCK190).
`train_time` and `val_top5` are no metrics here and are left out; `macs` and `params` follow from the
architecture. Numbers that the files lack are rows of status `missing`.

The repository keeps one archive, of which only a part was at hand when this recipe was written, so its
hash is unknown and it is fetched by hand.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archcast.collect.tables.base import Series, column, joined, manifest, published
from archcast.collect.tables.reading import parsed
from archcast.core.errors import DataError
from archcast.featurize.spaces import SPACES

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "accel_nasbench"
_MAX_FILE, _MAX_FILES = 2**20, 20_000
_ACCURACY = Series("mnasnet", "accuracy", "imagenet")
_FPGAS = ("zcu102", "vck190")
_THROUGHPUT = Series("mnasnet", "throughput", "imagenet", ("a100", "rtx3090", "tpuv2", "tpuv3", *_FPGAS))
_LATENCY = Series("mnasnet", "latency", "imagenet", _FPGAS)
_KEYS = {"rtx3090": "3090"}
"""Device -> its name in the files, where they differ."""
_FILES = manifest(NAME)[1]


def _records(file: Path) -> list[dict[str, Any]]:
    """Contents of the archive's `result_N.json`, by N."""
    by_place: dict[int, dict[str, Any]] = {}
    try:
        with tarfile.open(file) as archive:
            for member in archive:
                stem = Path(member.name).name.removeprefix("result_").removesuffix(".json")
                if not member.isfile() or not stem.isdecimal():
                    continue
                content = archive.extractfile(member)
                if content is None or member.size > _MAX_FILE or len(by_place) == _MAX_FILES:
                    raise DataError(f"{file} is too large at {member.name}")
                by_place[int(stem)] = json.loads(content.read(_MAX_FILE))
    except (OSError, EOFError, tarfile.TarError, ValueError) as error:
        raise DataError(f"{file} is truncated or not an archive of JSON files: {error}") from error
    if not by_place:
        raise DataError(f"{file} must hold files result_N.json, got none")
    return [by_place[number] for number in sorted(by_place)]


def _read(folder: Path, space: str) -> pa.Table:
    file = folder / _FILES[0].path
    records = _records(file)
    try:
        codes = parsed(space, [r["architecture"] for r in records], file)
        accuracy = [r["metrics"]["val_top1"] for r in records]
        measured = {
            (series, device): [r["platform_perf"][_key(series, device)] for r in records]
            for series in (_THROUGHPUT, _LATENCY)
            for device in series.devices
        }
        texts = SPACES[space].to_text(codes)
        shortened = {"training": "shortened (proxy), one seed"}
        tables = [column(_ACCURACY, "", texts, accuracy, source=NAME, repeats=1, environment=shortened)]
        for (series, device), entries in measured.items():
            means = [entry[f"{series.metric}_mean"] for entry in entries]
            spread = [entry[f"{series.metric}_std"] for entry in entries]
            tables.append(column(series, device, texts, means, source=NAME, spread=spread))
    except (KeyError, TypeError) as error:
        raise DataError(f"{file} is not of Accel-NASBench's form: {error!r}") from error
    return joined(tables)


def _key(series: Series, device: str) -> str:
    return f"{series.metric}_{_KEYS.get(device, device)}"


RECIPE = published(NAME, series=(_ACCURACY, _THROUGHPUT, _LATENCY), read=_read)
