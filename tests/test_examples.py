"""The demonstration and the benchmark run as the README says, with fewer measurements."""

import sys
from dataclasses import replace
from pathlib import Path

import predict_latency
import pytest

from archcast.collect.measure.timing import TimingSettings

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
FEW = TimingSettings(rounds=2, runs=1, warm_up=1, extra_rounds=0)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that examples run in, with a home that they do not need."""
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def is_picture(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG")


def test_the_demonstration(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import demo
    import own_device
    import own_network

    monkeypatch.setattr(own_device, "SUGGESTED", 4)
    monkeypatch.setattr(own_device, "OTHERS", 2)
    monkeypatch.setattr(own_device, "SETTINGS", replace(FEW, block=6))
    monkeypatch.setattr(own_network, "SUGGESTED", 4)
    monkeypatch.setattr(own_network, "OTHERS", 1)
    monkeypatch.setattr(own_network, "SETTINGS", FEW)
    demo.main()
    said = capsys.readouterr().out
    for word in ("raspi4", "eyeriss", "bottleneck", "imagenet16-120", "archcast predict", "demo/small.onnx"):
        assert word in said
    assert is_picture(folder / "demo" / "front.png")
    assert is_picture(folder / "demo" / "own_device.png")
    assert not (folder / "home").exists()


def test_the_picture_of_the_demonstration_with_tables(
    folder: Path, monkeypatch: pytest.MonkeyPatch, public_tables: Path
) -> None:
    import demo

    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))
    demo.draw(folder / "out.png")
    assert is_picture(folder / "out.png")


def test_the_benchmark_compares_in_one_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict_latency, "TURNS", 2)
    monkeypatch.setattr(predict_latency, "ROWS", 300)
    monkeypatch.setattr(sys, "argv", ["predict_latency.py", "--only", "single", "--out", "figures.csv"])
    predict_latency.main()
    header, *rows = (folder / "figures.csv").read_text().splitlines()
    assert header.startswith("case,batch,median_ms,p99_ms")
    assert len(rows) == 1
    assert '"LightGBM, ready features"' in rows[0]
