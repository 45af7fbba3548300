"""Load on `archcast serve`, made by wrk: answer times, capacity beside `mlflow models serve`, soak, overload.

    python benchmarks/serve_load.py paced      # 256 strings a request, 100 requests a second
    python benchmarks/serve_load.py capacity   # architectures a second, and those of mlflow on the same model
    python benchmarks/serve_load.py soak --seconds 600
    python benchmarks/serve_load.py overload --seconds 60

Both ends run on this machine over loopback, and the load it had before is written down: figures of a busy
machine say little. Answers are compared with those in process before anything is timed. Rows are added to
`results/serve_load.csv`, one a run, with what was measured under `figures`.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import archcast

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "serve_load.csv"
SCRIPT = HERE / "wrk" / "post.lua"
BATCH, BODIES = 256, 32
MODELS = {
    "nasbench201": ("nasbench201", "latency", "raspi4"),
    "macro": ("macro", "accuracy", "cifar10"),
}
Figures = dict[str, Any]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def process(command: list[str], scratch: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server, stopped at the end; what it said stays in `scratch`."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ARCHCAST_HOME": str(scratch / "home")}
    with (scratch / "server.log").open("ab") as log:
        started = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
        try:
            yield started
        finally:
            os.killpg(started.pid, 15)
            try:
                started.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, 9)
                started.wait()


def wait_for(url: str, seconds: float = 180) -> None:
    """Until the address answers 200."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{url} did not answer")


def post(url: str, body: str) -> Any:
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


@contextmanager
def archcast_server(scratch: Path) -> Iterator[tuple[str, int]]:
    """`archcast serve` with its defaults; gives address and process number."""
    port = free_port()
    command = [sys.executable, "-m", "archcast.cli", "serve", "--port", str(port)]
    with process(command, scratch) as started:
        wait_for(f"http://127.0.0.1:{port}/v2/health/ready")
        yield f"http://127.0.0.1:{port}", started.pid


@contextmanager
def mlflow_server(scratch: Path, model: str) -> Iterator[str]:
    """`mlflow models serve` on the predictor's package, as a run of `archcast train` logs it."""
    import mlflow.pyfunc

    from archcast.training.tracking import packaging
    from mlflow import models, types

    space, metric, device = MODELS[model]
    loaded = archcast.load(device, metric, space)
    folder = loaded.entry.manifest.folder
    path = scratch / f"mlflow-{model}"
    code = Path(packaging.__file__).with_name("pyfunc_model.py")
    mlflow.pyfunc.save_model(
        path=str(path),
        python_model=str(code),
        artifacts={"predictor": str(folder)},
        pip_requirements=packaging.requirements(loaded.model),
        signature=models.ModelSignature(inputs=types.Schema([types.ColSpec("string", "arch")])),
    )
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(path), "--env-manager", "local"]
    with process([*command, "-h", "127.0.0.1", "-p", str(port), "--workers", "1"], scratch):
        wait_for(f"http://127.0.0.1:{port}/ping")
        yield f"http://127.0.0.1:{port}/invocations"


def batches(model: str) -> list[list[str]]:
    space = archcast.spaces(MODELS[model][0])
    return [space.to_text(space.sample(BATCH, seed=i)) for i in range(BODIES)]


def write_bodies(scratch: Path, model: str) -> tuple[Path, Path]:
    """Files of bodies, one a line, for archcast and for mlflow, of the same architectures."""
    ours, theirs = scratch / f"{model}.v2", scratch / f"{model}.mlflow"
    with ours.open("w") as our_file, theirs.open("w") as their_file:
        for texts in batches(model):
            tensor = {"name": "architectures", "datatype": "BYTES", "shape": [len(texts)], "data": texts}
            our_file.write(json.dumps({"inputs": [tensor]}) + "\n")
            table = {"columns": ["arch"], "data": [[text] for text in texts]}
            their_file.write(json.dumps({"dataframe_split": table}) + "\n")
    return ours, theirs


def infer_url(base: str, model: str) -> str:
    return f"{base}/v2/models/{'.'.join(MODELS[model])}/infer"


def check_agreement(url: str, body_file: Path, model: str, *, mlflow: bool) -> None:
    """The first body's answer is what the package says in process."""
    space, metric, device = MODELS[model]
    expected = archcast.predict(batches(model)[0], device, metric, space)
    with body_file.open() as file:
        answer = post(url, file.readline())
    if mlflow:
        column = next(name for name in answer["predictions"][0] if name.split("/")[0] == device)
        found = np.array([row[column] for row in answer["predictions"]])
    else:
        found = np.array(answer["outputs"][0]["data"])
    if not np.allclose(found, expected, rtol=1e-3):
        raise SystemExit(f"{url} differs from archcast.predict by {np.abs(found / expected - 1).max():.2g}")


def wrk(url: str, bodies: Path, *, connections: int, seconds: float, delay_ms: float = 0) -> Figures:
    """What wrk measured."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s"]
    command += ["-s", str(SCRIPT), url, "--", str(bodies), str(delay_ms)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=HERE)
    found: Figures = json.loads(ran.stdout.strip().splitlines()[-1])
    found["per_second"] = round(found["requests"] / found["seconds"], 1)
    found["errors"] = (
        sum(found[f"{kind}_errors"] for kind in ("connect", "read", "write")) + found["timeouts"]
    )
    return found


def capacity(url: str, bodies: Path, *, connections: int = 8, seconds: float = 5) -> float:
    """Requests a second that are answered when there is always another."""
    wrk(url, bodies, connections=connections, seconds=2)
    return float(wrk(url, bodies, connections=connections, seconds=seconds)["per_second"])


def delay_for(url: str, bodies: Path, *, connections: int, wanted: float) -> float:
    """Pause of each connection, in ms, with which together they ask about that often.

    A connection asks again only when it was answered, so answers that take long have to be made up for.
    """
    low, high = 0.0, 1000 * connections / wanted
    for _ in range(6):
        delay = (low + high) / 2
        rate = wrk(url, bodies, connections=connections, seconds=4, delay_ms=delay)["per_second"]
        if abs(rate / wanted - 1) < 0.05:
            break
        low, high = (delay, high) if rate > wanted else (low, delay)
    return delay


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


def run_paced(scratch: Path, given: argparse.Namespace) -> list[Figures]:
    ours, _ = write_bodies(scratch, "nasbench201")
    with archcast_server(scratch) as (base, _):
        url = infer_url(base, "nasbench201")
        check_agreement(url, ours, "nasbench201", mlflow=False)
        wrk(url, ours, connections=10, seconds=2)
        found = wrk(url, ours, connections=10, seconds=given.seconds, delay_ms=1000 * 10 / given.rate)
    return [{"run": "paced", "model": "nasbench201", "batch": BATCH} | found]


def run_capacity(scratch: Path, given: argparse.Namespace) -> list[Figures]:
    """Each in turn, several times, so that a busy machine slows both; medians count."""
    rows = []
    for model in MODELS:
        ours, theirs = write_bodies(scratch, model)
        with archcast_server(scratch) as (base, _), mlflow_server(scratch, model) as their_url:
            url = infer_url(base, model)
            check_agreement(url, ours, model, mlflow=False)
            check_agreement(their_url, theirs, model, mlflow=True)
            pairs = []
            for _ in range(given.rounds):
                our_rate = capacity(url, ours, seconds=given.seconds / given.rounds)
                pairs.append((our_rate, capacity(their_url, theirs, seconds=given.seconds / given.rounds)))
        our_median, their_median = np.median(pairs, axis=0) * BATCH
        rows.append(
            {
                "run": "capacity",
                "model": model,
                "batch": BATCH,
                "architectures_per_second": round(our_median),
                "mlflow_architectures_per_second": round(their_median),
                "ratio": round(our_median / their_median, 1),
                "rounds": given.rounds,
            }
        )
    return rows


def run_soak(scratch: Path, given: argparse.Namespace) -> list[Figures]:
    ours, _ = write_bodies(scratch, "nasbench201")
    with archcast_server(scratch) as (base, pid):
        url = infer_url(base, "nasbench201")
        found_capacity = capacity(url, ours)
        connections = 32
        delay = delay_for(url, ours, connections=connections, wanted=0.8 * found_capacity)
        memory: list[tuple[float, float]] = []
        done, begin = threading.Event(), time.monotonic()

        def watch() -> None:
            while not done.wait(1.0):
                memory.append((time.monotonic() - begin, resident_mib(pid)))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            found = wrk(url, ours, connections=connections, seconds=given.seconds, delay_ms=delay)
        finally:
            done.set()
            watcher.join()
    early = min(60.0, given.seconds / 2)
    first = next(mib for at, mib in memory if at >= early)
    last = float(np.median([mib for _, mib in memory[-5:]]))
    failed = found["errors"] + sum(n for status, n in found["statuses"].items() if status != "200")
    grown = {
        "capacity_per_second": found_capacity,
        "resident_mib_early": round(first, 1),
        "resident_mib_late": round(last, 1),
        "rise_percent": round(100 * (last / first - 1), 2),
        "early_after_s": early,
        "failed": failed,
    }
    return [{"run": "soak", "model": "nasbench201", "batch": BATCH} | grown | found]


def run_overload(scratch: Path, given: argparse.Namespace) -> list[Figures]:
    """Twice the capacity, then what it is like to ask at a tenth of it, second by second."""
    ours, _ = write_bodies(scratch, "nasbench201")
    with archcast_server(scratch) as (base, _):
        url = infer_url(base, "nasbench201")
        found_capacity = capacity(url, ours)
        connections, wanted = given.connections, given.times * found_capacity
        delay = delay_for(url, ours, connections=connections, wanted=wanted)
        time.sleep(2)
        wrk(url, ours, connections=10, seconds=3, delay_ms=100)
        before = wrk(url, ours, connections=10, seconds=3, delay_ms=100)
        found = wrk(url, ours, connections=connections, seconds=given.seconds, delay_ms=delay)
        after = [wrk(url, ours, connections=10, seconds=1, delay_ms=100) for _ in range(6)]
    limit = max(3 * before["p99_ms"], 10.0)
    normal = [
        i
        for i, second in enumerate(after)
        if second["p99_ms"] <= limit and set(second["statuses"]) == {"200"}
    ]
    told = {
        "capacity_per_second": found_capacity,
        "asked_times_capacity": round(found["per_second"] / found_capacity, 2),
        "answered_share_of_capacity": round(
            found["statuses"].get("200", 0) / found["seconds"] / found_capacity, 2
        ),
        "deadline_ms": 1000,
        "late": int(found["max_ms"] > 1000),
        "before_p99_ms": before["p99_ms"],
        "after_p99_ms": [second["p99_ms"] for second in after],
        "normal_again_after_s": normal[0] + 1 if normal else None,
    }
    return [{"run": "overload", "model": "nasbench201", "batch": BATCH} | told | found]


RUNS = {"paced": run_paced, "capacity": run_capacity, "soak": run_soak, "overload": run_overload}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", choices=RUNS)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the load lasts")
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second (paced)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each server (capacity)")
    parser.add_argument("--connections", type=int, default=2000, help="connections (overload)")
    parser.add_argument("--times", type=float, default=2.0, help="of the capacity (overload)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk must be installed: https://github.com/wg/wrk")
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="archcast-load-") as folder:
        os.environ["ARCHCAST_HOME"] = str(Path(folder, "home"))
        rows = RUNS[given.run](Path(folder), given)
    new = not given.out.exists()
    with given.out.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            columns = (
                "date",
                "run",
                "model",
                "batch",
                "load_before",
                "processors",
                "python",
                "machine",
                "figures",
            )
            writer.writerow(columns)
        for row in rows:
            print(json.dumps(row, indent=1))
            head = [row.pop(name) for name in ("run", "model", "batch")]
            machine = [os.cpu_count(), platform.python_version(), platform.machine()]
            date = datetime.now(UTC).date().isoformat()
            writer.writerow([date, *head, round(load, 2), *machine, json.dumps(row)])


if __name__ == "__main__":
    main()
