"""The demonstration and the benchmark run as the README says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def run(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    monkeypatch.setenv("ARCHCAST_HOME", str(folder / "home"))
    command = [sys.executable, str(ROOT / script), *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_demonstration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_demonstration(tmp_path, monkeypatch)


def test_the_picture_of_the_demonstration_with_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, public_tables: Path
) -> None:
    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "examples"), prepend=os.pathsep)
    draws = "import pathlib, demo; demo.draw(pathlib.Path('out.png'))"
    subprocess.run([sys.executable, "-c", draws], cwd=tmp_path, check=True)
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def check_demonstration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = run("examples/demo.py", folder, monkeypatch)
    for word in ("raspi4", "eyeriss", "bottleneck", "imagenet16-120", "archcast predict", "demo/small.onnx"):
        assert word in said
    assert (folder / "demo" / "front.png").read_bytes().startswith(b"\x89PNG")
    assert not (folder / "home").exists()


def test_the_benchmark_compares_in_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "figures.csv"
    run("benchmarks/predict_latency.py", tmp_path, monkeypatch, "--only", "single", "--out", str(out))
    header, *rows = out.read_text().splitlines()
    assert header.startswith("case,batch,median_ms,p99_ms")
    assert len(rows) == 1
    assert '"LightGBM, ready features"' in rows[0]
