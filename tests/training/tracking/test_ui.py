import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from archcast.core.errors import DataError, InputError
from archcast.training.tracking import ui

ROOT = Path(__file__).resolve().parents[2]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _read(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.read()


def test_pages_of_the_project_and_a_clean_stop(home, tmp_path):
    """As a person does it: start, look, end; the server goes with the process that started it."""
    from archcast.training.tracking.experiment_view import view_path, view_tags
    from archcast.training.tracking.store import experiment_id, open_client

    client = open_client()
    experiment_id(client, "nobody's/view")
    shown = experiment_id(client, "nasbench201/energy", tags=view_tags())
    port = _free_port()
    code = f"from archcast.training.tracking.ui import serve_ui; serve_ui(port={port})"
    command = [sys.executable, "-c", code]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = f"http://127.0.0.1:{port}"
        assert process.stdout.readline().startswith(f"runs are shown at {address}")
        views = list(iter(process.stdout.readline, "\n"))
        assert f"  compare nasbench201/energy: {address}{view_path(shown)}\n" in views
        assert not [line for line in views if "nobody's" in line or "sweeps of nasbench201/energy" in line]
        assert b"<title>MLflow</title>" in _read(address)
        found = json.loads(_read(f"{address}/api/2.0/mlflow/experiments/search?max_results=100"))
        assert "nasbench201/energy" in [e["name"] for e in found["experiments"]]
    finally:
        process.send_signal(signal.SIGTERM)
        process.stdout.close()
        assert process.wait(timeout=30) == 0
    for _ in range(50):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                break
        time.sleep(0.1)
    else:
        pytest.fail("the server is still there")
    assert list(tmp_path.iterdir()) == []


def test_port_taken(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            InputError, match=f"port must be free on '127.0.0.1', got {port}: address already"
        ):
            ui.serve_ui(port=port)


@pytest.mark.parametrize("port", [0, 65536, -1])
def test_port_out_of_range(home, port):
    with pytest.raises(InputError, match="port must be 1 to 65535"):
        ui.serve_ui(port=port)


def test_a_host_that_is_not_here(home):
    with pytest.raises(InputError, match=r"port must be free on '192\.0\.2\.1'"):
        ui.serve_ui("192.0.2.1", _free_port())


def test_a_tracking_server_has_its_own_pages(home, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking.example:5000")
    with pytest.raises(InputError, match=r"open http://tracking\.example:5000"):
        ui.serve_ui(port=_free_port())


def test_a_server_that_ends_by_itself(home, monkeypatch):
    monkeypatch.setattr(ui, "_command", lambda host, port: [sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(DataError, match="did not start"):
        ui.serve_ui(port=_free_port())


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
        ("localhost", "http://localhost:80"),
    ],
)
def test_address(host, expected):
    assert ui._address(host, 80) == expected
