"""How processes of archcast's own are started."""

import subprocess

import pytest

from archcast.serving.processes import command, environment


def test_they_have_the_packages_and_no_secrets(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHCAST_TOKEN", "secret")
    (tmp_path / "onnx.py").write_text("raise SystemExit(7)")
    words = command("made_up_networks")
    done = subprocess.run(words, env=environment(), cwd=tmp_path, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "secret" not in environment().values()
    assert environment()["OMP_NUM_THREADS"] == "1"
