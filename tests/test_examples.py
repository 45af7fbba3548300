"""The demonstration and the benchmark run as the README says."""

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


@pytest.mark.parametrize("with_tables", [False, True])
def test_the_demonstration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_dir: Path, with_tables: bool
) -> None:
    if with_tables:
        monkeypatch.setenv("ARCHCAST_DATA", str(data_dir))
    else:
        monkeypatch.delenv("ARCHCAST_DATA", raising=False)
    said = run("examples/demo.py", tmp_path, monkeypatch)
    for word in ("raspi4", "eyeriss", "bottleneck", "imagenet16-120", "archcast predict"):
        assert word in said
    assert (tmp_path / "demo" / "front.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "home").exists()


def test_the_benchmark_compares_in_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "figures.csv"
    run("benchmarks/predict_latency.py", tmp_path, monkeypatch, "--only", "single", "--out", str(out))
    header, *rows = out.read_text().splitlines()
    assert header.startswith("case,batch,median_ms,p99_ms")
    assert len(rows) == 1
    assert '"LightGBM, ready features"' in rows[0]
