"""Three search spaces that a user could define: how exactly and how fast tables answer for their members.

| space | members | built by |
|---|---|---|
| `mobile` | 1.5e10 | torch, read at the resolution of the choice |
| `decoder` | 5.1e12 | `examples/decoder_space.py`; devices are learned from HW-GPT-Bench's scale s |
| `ofa` | 7.4e22 | Once-for-All's MobileNetV3 in torch; compared with archcast's own `ofa_mbv3` |

Agreement with the networks' own predictions is looked at first, on 512 members that neither the search for
kernels nor its own check has seen. Beside tables stand building and predicting each network, and LightGBM on
the codes, taught by 10,000 members' values.

    ARCHCAST_DATA=... python benchmarks/own_spaces.py mobile decoder ofa
"""

from __future__ import annotations

import csv
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from own_space_modules import MOBILE, OFA, build_mobile, build_ofa, ofa_arch

import archcast
from archcast.core.arrays import Codes, Doubles, Ints
from archcast.featurize.spaces.defined import DefinedSpace
from archcast.predictors import save
from archcast.predictors.networks.labels import NetworkLabels
from archcast.training.networks.fit import fit_networks

RESULTS = Path(__file__).with_name("results") / "own_spaces.csv"
DECODERS = Path(__file__).with_name("results") / "own_spaces_decoders.csv"
CHECKED, TAUGHT, ASKED, MANY = 512, 10_000, 1_024, 1_000_000
PHONE, GPU = "pixel4-tflite2.10-1large", "a100-torch_kernels-amp"
TEACHING, TOKENS, BATCH = 1_000, 1_024, 8


def mobile() -> tuple[DefinedSpace, str]:
    """The mobile space, on a phone."""
    return archcast.define_space("mobile", MOBILE, build_mobile, save=False), PHONE


def ofa() -> tuple[DefinedSpace, str]:
    """Once-for-All's MobileNetV3, on a phone."""
    return archcast.define_space("ofa", OFA, build_ofa, save=False), PHONE


def decoder() -> tuple[DefinedSpace, str]:
    """Decoders, on a device that 1,000 measured ones teach."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
    import torch
    from decoder_space import DECISIONS, build

    example = torch.zeros(BATCH, TOKENS, dtype=torch.int64)
    space = archcast.define_space("decoder", DECISIONS, build, example, save=False)
    codes, devices, values = _published(space)
    taught = _drawn(codes)[:TEACHING]
    networks = tuple(space.network(code) for code in codes[taught])
    families = tuple(f"{n % 10}" for n in range(len(taught)))
    labels = NetworkLabels("latency", devices, networks, values[taught], families, ("HW-GPT-Bench, s",))
    made = fit_networks("sums", labels)
    save(made.predictor, Path(os.environ["ARCHCAST_HOME"]) / "predictors" / "decoders", card=made.card)
    return space, GPU


def _drawn(codes: Codes) -> Ints:
    """Published decoders in a random order: the first teach."""
    return np.random.default_rng(0).permutation(len(codes))


def _published(space: DefinedSpace) -> tuple[Codes, tuple[str, ...], Doubles]:
    """Decoders of scale s as codes (n, k), and their latency in ms, (n, devices)."""
    from archcast.collect.tables.catalog import recipe_of
    from archcast.collect.tables.location import recipe_table

    table = recipe_table(recipe_of("hwgpt"), "network").to_pandas()
    table = table[(table.metric == "latency") & table.arch.str.startswith("hwgpt:s:")]
    wide = table.pivot(index="arch", columns="device", values="value")
    codes = space.parse([_choice(arch.split(":")[2], space) for arch in wide.index])
    return codes, tuple(wide.columns), wide.to_numpy(dtype=np.float64)


def _choice(arch: str, space: DefinedSpace) -> dict[str, Any]:
    """Decisions from `e192|l10|h12.12...|r2.3...|b1`; those of layers that are not there do not matter."""
    width, layers, heads, ratios, bias = (part[1:] for part in arch.split("|"))
    choice = {name: values[0] for name, values in space.choices.items()}
    choice |= {"embed": int(width), "layers": int(layers), "bias": bias in ("1", "True")}
    for name, row in (("heads", heads), ("ratio", ratios)):
        choice |= {f"{name}{i}": int(value) for i, value in enumerate(row.split("."))}
    return choice


def write_decoders(space: DefinedSpace) -> None:
    """How far off the devices are of published decoders that taught nothing; it prepares their tables."""
    codes, devices, values = _published(space)
    others = _drawn(codes)[TEACHING:]
    codes, values = codes[others], values[others]
    rows = []
    for device, truth in zip(devices, values.T, strict=True):
        known = np.isfinite(truth)
        told = archcast.predict(codes[known], device, space=space)
        off = np.abs(told / truth[known] - 1)
        rows.append({"device": device, "taught": TEACHING, "others": int(known.sum())})
        rows[-1] |= {"mape": f"{off.mean():.2%}", "within_10": f"{(off < 0.1).mean():.3f}"}
        print(rows[-1], flush=True)
    _write(DECODERS, rows)


def figures(space: DefinedSpace, device: str) -> dict[str, Any]:
    """Everything that is told of one space on one device."""
    loaded: Any = archcast.load(device, space=space)
    space.network(space.sample(1, seed=99)[0])  # torch's own first run
    wall, processor = time.perf_counter(), time.process_time()
    loaded.prepare()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    codes = space.sample(CHECKED, seed=1234)
    began = time.perf_counter()
    direct = loaded.model.network_model.predict([space.network(code) for code in codes])[:, 0]
    each = (time.perf_counter() - began) / len(codes)
    worst = float(np.abs(loaded.predict(codes) / direct - 1).max())
    asked, many = space.sample(ASKED, seed=5), space.sample(MANY, seed=6)
    quick = _median(lambda: loaded.predict(asked))
    began = time.perf_counter()
    loaded.predict(many)
    million = time.perf_counter() - began
    row = {
        "space": space.name,
        "members": f"{space.size:.2g}",
        "device": device,
        "form": loaded.form.kind,
        "prepare_s": f"{wall:.0f}",
        "prepare_processor_s": f"{processor:.0f}",
        "worst_difference": f"{worst:.1e}",
        "ms_1024": f"{quick * 1e3:.3f}",
        "s_million": f"{million:.2f}",
        "networks_ms_1024": f"{each * ASKED * 1e3:.0f}",
        "networks_ratio": f"{each * ASKED / quick:.0f}",
    }
    row |= _lightgbm(space, loaded, codes, direct, quick)
    row["load"] = f"{os.getloadavg()[0]:.0f} on {os.cpu_count()} processors"
    if space.name == "ofa":
        row["own_space_difference"] = f"{_beside_own(space, loaded, codes):.1e}"
    return row


def _lightgbm(
    space: DefinedSpace, loaded: Any, codes: Codes, direct: Doubles, quick: float
) -> dict[str, Any]:
    """Boosted trees on the codes, taught by what the tables say, in logarithms."""
    taught = space.sample(TAUGHT, seed=77)
    model = lightgbm.LGBMRegressor(n_estimators=1000, num_leaves=31, learning_rate=0.05, n_jobs=1, verbose=-1)
    model.fit(taught, np.log(loaded.predict(taught)))
    off = np.abs(np.exp(model.predict(codes)) / direct - 1)
    asked = space.sample(ASKED, seed=5)
    took = _median(lambda: model.predict(asked), times=9)
    return {
        "lightgbm_error": f"{off.mean():.2%}",
        "lightgbm_ms_1024": f"{took * 1e3:.1f}",
        "lightgbm_ratio": f"{took / quick:.0f}",
    }


def _beside_own(space: DefinedSpace, loaded: Any, codes: Codes) -> float:
    """Largest relative difference from the space `ofa_mbv3` on the same device."""
    archs = [ofa_arch(arch) for arch in space.format(codes)]
    own = archcast.predict(archs, loaded.entry.device, space="ofa_mbv3")
    return float(np.abs(loaded.predict(codes) / own - 1).max())


def _median(call: Callable[[], Any], times: int = 101) -> float:
    """Seconds of one call, the median after a first one."""
    call()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Measure the spaces that are named, and write their lines anew."""
    made = {"mobile": mobile, "decoder": decoder, "ofa": ofa}
    with tempfile.TemporaryDirectory() as home:
        os.environ["ARCHCAST_HOME"] = home
        for name in sys.argv[1:] or made:
            space, device = made[name]()
            row = figures(space, device)
            print(row, flush=True)
            if name == "decoder":
                write_decoders(space)
            kept = list(csv.DictReader(RESULTS.open())) if RESULTS.is_file() else []
            _write(RESULTS, [one for one in kept if one["space"] != name] + [row])


if __name__ == "__main__":
    main()
