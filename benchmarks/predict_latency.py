"""Time of `archcast.predict` in every notation, beside what else one could call, with where it goes.

Ways are timed in turn, a few calls each after one that warms its caches, so that a busy machine slows all
alike; what counts is the ratio within a run. Ways above 10 ms are called once a turn. Wall
time and the thread's own processor time stand side by side: where the first is longer, others held the
processor. Parts are those of archcast's answer: parsing (notation to codes or numbers), encoding (codes to
rows of the tables) and model. The floor is reading the input without a check, and one matrix product of the
batch with a column a decision.

    python benchmarks/predict_latency.py --out benchmarks/results/predict_latency.csv
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

import archcast
from archcast.featurize.encoders.encoding import encode
from archcast.predictors.lowered import SumForm

BATCH, TURNS, CALLS, ROWS = 1024, 40, 8, 3000
SLOW = 0.01
PIECES = ("decisions", "features")
SETTINGS = {"num_leaves": 31, "learning_rate": 0.05, "verbosity": -1, "num_threads": 1}
DEVICE = {"nasbench201": "raspi4", "fbnet": "raspi4", "ofa_mbv3": "v100_64", "mnasnet": "a100"}
METRIC = {"mnasnet": "throughput"}
Way = Callable[[], Any]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    cases = {case.__name__: case for case in (batches, single, several, graph_network, million)}
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--only", choices=cases, nargs="+", default=list(cases))
    chosen = arguments.parse_args()
    rows = []
    for made in chain.from_iterable(cases[name]() for name in chosen.only):
        rows.append(made | machine())
        shown = {k: v for k, v in made.items() if v != ""}
        print(" ".join(f"{k}={v}" for k, v in shown.items()), flush=True)
    if chosen.out:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        names = list(dict.fromkeys(name for row in rows for name in row))
        with chosen.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, names, restval="")
            writer.writeheader()
            writer.writerows(rows)


def batches() -> Iterator[dict[str, Any]]:
    """1,024 architectures in each notation, beside LightGBM's own predict on ready features."""
    for name in DEVICE:
        space, metric = archcast.spaces(name), METRIC.get(name, "latency")
        loaded = archcast.load(DEVICE[name], metric, name)
        booster = taught(space, loaded)
        codes = space.sample(BATCH, seed=5)
        ready = encode(space, codes, PIECES)
        notations = {"notation": space.format(codes)} | ({"codes": codes} if name != "nasbench201" else {})
        for kind, batch in notations.items():
            ways: dict[str, Way] = {
                "archcast": lambda b=batch, n=name, m=metric: archcast.predict(b, DEVICE[n], m, n),
                "LightGBM, ready features": lambda b=booster, r=ready: b.predict(r, num_threads=1),
                "floor": lambda b=batch, s=space: floor(s, b),
            }
            taken = timed(ways | parts(space, loaded, batch))
            yield report(f"{name}, {kind}", BATCH, taken, against="LightGBM, ready features")


def single() -> Iterator[dict[str, Any]]:
    """One NAS-Bench-201 string."""
    space = archcast.spaces("nasbench201")
    texts = space.format(space.sample(1, seed=5))
    booster = taught(space, archcast.load("raspi4", space="nasbench201"))
    ready = encode(space, space.parse(texts), PIECES)
    loaded = archcast.load("raspi4", space="nasbench201")
    ways: dict[str, Way] = {
        "archcast": lambda: archcast.predict(texts, "raspi4"),
        "LightGBM, ready features": lambda: booster.predict(ready, num_threads=1),
        "floor": lambda: floor(space, texts),
    }
    taken = timed(ways | parts(space, loaded, texts), turns=10 * TURNS)
    yield report("nasbench201, one string", 1, taken, against="LightGBM, ready features")


def several() -> Iterator[dict[str, Any]]:
    """27 devices at once, beside one."""
    for name, kind in (("nasbench201", "notation"), ("fbnet", "notation"), ("fbnet", "codes")):
        space = archcast.spaces(name)
        codes = space.sample(BATCH, seed=5)
        batch: Any = codes if kind == "codes" else space.format(codes)
        devices = list(dict.fromkeys(d.device for d in archcast.devices(name, "latency")))[:27]
        ways: dict[str, Way] = {
            "archcast": lambda b=batch, d=devices, n=name: archcast.predict(b, d, space=n),
            "one device": lambda b=batch, d=devices, n=name: archcast.predict(b, d[-1], space=n),
        }
        yield report(f"{name}, {kind}, {len(devices)} devices", BATCH, timed(ways), against="one device")


def graph_network() -> Iterator[dict[str, Any]]:
    """A graph network served as itself, by ONNX Runtime, beside the same in eager torch."""
    import torch
    from safetensors.torch import load

    from archcast.core.labels import Labels, Target
    from archcast.predictors import GNN, GNNConfig
    from archcast.predictors.families.gnn.fit import sizes, tensors
    from archcast.predictors.families.gnn.network import Network
    from archcast.predictors.lowered import PlainForm

    torch.set_num_threads(1)
    for name in ("nasbench201", "fbnet"):
        space = archcast.spaces(name)
        codes = space.sample(300, seed=0)
        values = archcast.predict(codes, DEVICE[name], space=name).astype(np.float64)[:, None]
        labels = Labels(name, "latency", space.datasets[0], (Target("d", space.datasets[0]),), codes, values)
        config = GNNConfig(epochs=1, min_steps=20, threads=1)
        model = GNN(config).fit(labels)
        network = Network(sizes(model.inputs(codes), 1, config)).eval()
        network.load_state_dict(load(model.weights_))
        form = PlainForm(model)

        def eager(inputs: Any, network: Any = network) -> Any:
            with torch.inference_mode():
                return network(*inputs)[0]

        batch = space.sample(BATCH, seed=5)
        inputs = model.inputs(batch)
        z = eager(tensors(inputs)).numpy().astype(np.float64)
        if not np.allclose(form.values(batch), model.scale_.inverse(z), rtol=1e-4):
            raise SystemExit("archcast and torch do not agree, so their times do not compare")
        ways: dict[str, Way] = {
            "archcast": lambda b=batch, f=form: f.values(b),
            "eager torch": lambda b=batch, m=model, e=eager: e(tensors(m.inputs(b))),
        }
        yield report(f"{name}, gnn from codes", BATCH, timed(ways, turns=10), against="eager torch")


def million() -> Iterator[dict[str, Any]]:
    """A million FBNet codes, with the memory that it takes beside input and answers."""
    codes = archcast.spaces("fbnet").sample(1_000_000, seed=0)
    archcast.predict(codes[:100_000], "raspi4", space="fbnet")
    before = peak_mib()
    for threads in (1, 2):
        os.environ["ARCHCAST_THREADS"] = str(threads)
        taken = timed({"archcast": lambda: archcast.predict(codes, "raspi4", space="fbnet")}, turns=8)
        row = report(f"fbnet, codes, {threads} threads", len(codes), taken, against="archcast")
        answers = 8.0  # two results of a million floats may be alive at once
        memory = {"peak_growth_mib": round(peak_mib() - before, 1), "answers_mib": answers}
        yield row | memory | {"ratio": ""}
    del os.environ["ARCHCAST_THREADS"]


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def parts(space: Any, loaded: Any, batch: Any) -> dict[str, Way]:
    """Parsing, encoding and model of archcast's answer, each alone."""
    form = loaded.form
    if form.by_number is not None and not isinstance(batch, np.ndarray):
        numbers = space.numbers_of(batch)
        return {"parsing": lambda: space.numbers_of(batch), "model": lambda: form.by_number.cost.row(numbers)}
    codes = space.parse(batch)
    made: dict[str, Way] = {"parsing": lambda: space.parse(batch)}
    if isinstance(form, SumForm):
        both = [form.cost.keys] + ([form.hidden.keys] if form.hidden else [])
        made["encoding"] = lambda: [keys.rows(codes) for keys in both]
    return made | {"encoding and model": lambda: form.values(codes)}


def floor(space: Any, batch: Any) -> Any:
    """Every number or character of the batch once, and a matrix product."""
    n, k = len(batch), len(space.columns)
    if isinstance(batch, np.ndarray):
        read = batch.astype(np.float32)
    else:
        if isinstance(batch[0], str):
            np.frombuffer("".join(batch).encode(), dtype=np.uint8)
        elif isinstance(batch[0], dict):
            list(chain.from_iterable(map(dict.values, batch)))
        else:
            np.frombuffer(b"".join(map(bytes, batch)), dtype=np.uint8)
        read = np.ones((n, k), dtype=np.float32)
    return read @ np.ones((k, 1), dtype=np.float32)


def taught(space: Any, loaded: Any) -> lightgbm.Booster:
    """A booster of 400 trees that learned the shipped predictor's own answers, and agrees with it."""
    codes, others = space.sample(ROWS, seed=0), space.sample(1000, seed=99)
    data = lightgbm.Dataset(encode(space, codes, PIECES), loaded.predict_codes(codes))
    booster = lightgbm.train(SETTINGS, data, num_boost_round=400)
    theirs = booster.predict(encode(space, others, PIECES))
    if np.corrcoef(loaded.predict_codes(others), theirs)[0, 1] < 0.97:
        raise SystemExit("the two predictors do not agree, so their times do not compare")
    return booster


def timed(ways: dict[str, Way], *, turns: int = TURNS) -> dict[str, np.ndarray]:
    """Wall and processor seconds (calls, 2) of each way."""
    calls = {}
    for name, way in ways.items():
        way()
        start = time.thread_time()
        way()
        calls[name] = CALLS if time.thread_time() - start < SLOW else 1
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, way in ways.items():
            if calls[name] > 1:
                way()
            for _ in range(calls[name]):
                start, used = time.perf_counter(), time.thread_time()
                way()
                seconds[name].append((time.perf_counter() - start, time.thread_time() - used))
    return {name: np.array(taken) for name, taken in seconds.items()}


def report(case: str, batch: int, seconds: dict[str, np.ndarray], *, against: str) -> dict[str, Any]:
    """One row: archcast, the alternative, the floor, and the share of each part by processor time."""
    ours, other = seconds["archcast"], seconds[against]
    median = float(np.median(ours[:, 0]))
    row: dict[str, Any] = {
        "case": case,
        "batch": batch,
        "median_ms": round(median * 1e3, 4),
        "p99_ms": round(float(np.percentile(ours[:, 0], 99)) * 1e3, 4),
        "processor_ms": round(float(np.median(ours[:, 1])) * 1e3, 4),
        "processor_p99_ms": round(float(np.percentile(ours[:, 1], 99)) * 1e3, 4),
        "a_second": round(batch / median),
        "against": against,
        "against_ms": round(float(np.median(other[:, 0])) * 1e3, 4),
        "ratio": round(float(np.median(other[:, 0])) / median, 3),
    }
    if "floor" in seconds:
        row["floor_ms"] = round(float(np.median(seconds["floor"][:, 0])) * 1e3, 4)
    if "parsing" in seconds:
        row |= shares({name: float(np.median(s[:, 1])) for name, s in seconds.items()})
    return row


def shares(used: dict[str, float]) -> dict[str, float]:
    """Parsing, encoding and model as shares of archcast's processor time; the rest is looking things up."""
    whole = used["archcast"]
    encoding = used.get("encoding", 0.0)
    model = used["model"] if "model" in used else used["encoding and model"] - encoding
    found = {"parsing": used["parsing"], "encoding": encoding, "model": model}
    return {f"{name}_share": round(value / whole, 3) for name, value in found.items()}


def machine() -> dict[str, Any]:
    return {
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "date": time.strftime("%Y-%m-%d"),
    }


if __name__ == "__main__":
    sys.exit(main())
