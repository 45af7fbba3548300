"""Load the MLflow model of every family in an environment made from nothing but its own requirements.

Builds archcast's wheel, fits each family to a few rows, and for each distinct list of requirements makes a
virtual environment from it. There, with an empty home and another working folder, `mlflow.pyfunc.load_model`
answers a DataFrame; its values must be those that `archcast.predict` gives here. Needs the public tables.

    python benchmarks/models_in_clean_environments.py
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

from archcast.featurize.spaces import SPACES
from archcast.predictors import load, read_manifest
from archcast.training.train import learning_families, train

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "benchmarks" / "results" / "models_in_clean_environments.csv"
ROWS, ASKED, DEVICE = 200, 64, "raspi4"
QUICK = {"gnn": {"epochs": 5}, "mlp": {"epochs": 5}}
LOADS = """
import json, sys
import mlflow.pyfunc
import pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
archs = json.load(open(sys.argv[2]))
answer = model.predict(pd.DataFrame({"arch": archs}))
loaded = [name for name in ("torch", "lightgbm", "sklearn", "torch_geometric") if name in sys.modules]
json.dump({"values": answer.iloc[:, 0].tolist(), "loaded": loaded}, open(sys.argv[3], "w"))
"""


def main() -> None:
    """Make, load, compare, write the table."""
    with tempfile.TemporaryDirectory(prefix="archcast-clean-") as name:
        scratch = Path(name)
        os.environ["ARCHCAST_HOME"] = str(scratch / "home")
        run(
            [
                sys.executable,
                "-m",
                "pip",
                "wheel",
                "-q",
                "--no-deps",
                "-w",
                str(scratch / "wheels"),
                str(ROOT),
            ]
        )
        batch = SPACES["nasbench201"].sample(ASKED, seed=5)
        scratch.joinpath("archs.json").write_text(json.dumps(SPACES["nasbench201"].to_text(batch)))
        by_needs = defaultdict(list)
        for family in learning_families():
            model, expected = tracked_model(family, batch)
            by_needs[(model / "requirements.txt").read_text()].append((family, model, expected))
        rows = []
        for i, (needs, models) in enumerate(by_needs.items()):
            python = environment(scratch, f"env{i}", needs)
            for family, model, expected in models:
                rows.append(row(scratch, python, family, model, expected, needs))
                print(rows[-1])
    with OUT.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    if any(not r["agrees"] for r in rows):
        sys.exit("a model gives other values in its own environment")


def tracked_model(family: str, batch: np.ndarray) -> tuple[Path, np.ndarray]:
    """Folder of the family's logged MLflow model, and what its predictor says here."""
    import mlflow
    from archcast.core import settings
    from archcast.training.tracking.fitted import track_training

    run_of = track_training(
        train("nasbench201", predictor=family, devices=[DEVICE], rows=ROWS, settings=QUICK.get(family, {}))
    )
    mlflow.set_tracking_uri(settings.tracking_uri())
    folder = Path(mlflow.artifacts.download_artifacts(run_of.model_uri))
    predictor = load(read_manifest(next(folder.glob("artifacts/*"))))
    return folder, predictor.predict(batch)[:, 0]


def environment(scratch: Path, name: str, needs: str) -> Path:
    """Python of a new virtual environment with the requirements; archcast itself is the wheel made here."""
    run([sys.executable, "-m", "venv", str(scratch / name)])
    python = scratch / name / "bin" / "python"
    listed = scratch / f"{name}.txt"
    listed.write_text(needs)
    run(
        [
            str(python),
            "-m",
            "pip",
            "install",
            "-q",
            "--find-links",
            str(scratch / "wheels"),
            "-r",
            str(listed),
        ]
    )
    return python


def row(scratch: Path, python: Path, family: str, model: Path, expected: np.ndarray, needs: str) -> dict:
    """One line of the table."""
    answer = scratch / f"{family}.json"
    home = scratch / f"{family}-home"
    home.mkdir()
    run(
        [str(python), "-c", LOADS, str(model), str(scratch / "archs.json"), str(answer)],
        cwd=home,
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
    )
    told = json.loads(answer.read_text())
    off = float(np.max(np.abs(np.array(told["values"]) - expected) / np.abs(expected)))
    return {
        "family": family,
        "requirements": " ".join(needs.split()),
        "architectures": len(expected),
        "largest relative difference": off,
        "agrees": off < 1e-5,
        "heavy packages loaded": " ".join(told["loaded"]),
    }


def run(command: list[str], **options: object) -> None:
    """Run a command; its errors end this program."""
    subprocess.run(command, check=True, **options)  # type: ignore[call-overload]


if __name__ == "__main__":
    main()
