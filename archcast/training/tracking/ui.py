"""MLflow's pages on the project's runs, served from this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from archcast.core.errors import DataError, InputError
from archcast.core.settings import tracking_uri
from archcast.training.tracking.experiment_view import (
    FEW_RUNS,
    FITTED,
    OTHER_VIEWS,
    PREDICTORS_VIEW,
    view_path,
    view_tag,
    view_tags,
)
from archcast.training.tracking.store import (
    artifact_root,
    experiment_id,
    is_server,
    open_client,
    registry_uri,
    tracking,
)

_START_SECONDS = 120.0
_STOP_SECONDS = 10.0


def serve_ui(host: str = "127.0.0.1", port: int = 5000) -> None:
    """Serve the pages until interrupted; prints their address once they answer.

    Raises:
        InputError: the port is taken or the host is not this machine's; or the store is a server
            that has pages of its own.
        DataError: the store cannot be opened, or the server ended by itself.
    """
    with running_ui(host, port) as (address, server):
        print(f"runs are shown at {address} (stop with Ctrl-C)", flush=True)
        for name, path in _views():
            print(f"  {name}: {address}{path}", flush=True)
        print(flush=True)
        try:
            code = server.wait()
        except KeyboardInterrupt:
            return
    raise DataError(f"the server of the pages ended by itself with code {code}")


@contextmanager
def running_ui(host: str = "127.0.0.1", port: int = 5000) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The pages' address and server process; the server is stopped on leaving."""
    if is_server(tracking_uri()):
        raise InputError(f"MLFLOW_TRACKING_URI is a server with pages of its own: open {tracking_uri()}")
    _check_free(host, port)
    open_client()
    # A session of its own, so that stopping reaches the workers that the server starts.
    with _terminate_as_interrupt():
        server = subprocess.Popen(_command(host, port), env=_environment(), start_new_session=True)
        try:
            address = _address(host, port)
            _wait_until_up(address, server)
            yield address, server
        finally:
            _stop(server)


def _views() -> list[tuple[str, str]]:
    """What there is to compare, with its path: fitted and adapted predictors of each experiment, sweeps.

    Views are written anew, by how many runs there are now.
    """
    views = []
    with tracking() as mlflow:
        client = mlflow.MlflowClient()
        for e in client.search_experiments(order_by=["name ASC"]):
            if view_tag(PREDICTORS_VIEW) in e.tags:
                some = client.search_runs([e.experiment_id], FITTED, max_results=FEW_RUNS + 1)
                experiment_id(mlflow, e.name, tags=view_tags(len(some)))
                views.append((f"compare {e.name}", view_path(e.experiment_id)))
                for view, (title, wanted) in OTHER_VIEWS.items():
                    if client.search_runs([e.experiment_id], wanted, max_results=1):
                        views.append((f"{title} of {e.name}", view_path(e.experiment_id, view)))
    return views


def _address(host: str, port: int) -> str:
    """Where this machine reaches the pages."""
    name = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _command(host: str, port: int) -> list[str]:
    stores = ["--backend-store-uri", tracking_uri(), "--registry-store-uri", registry_uri()]
    stores += ["--artifacts-destination", artifact_root().as_uri()]
    place = ["--host", host, "--port", str(port), "--workers", "1"]
    return [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        *stores,
        *place,
        "--uvicorn-opts",
        "--log-level warning",
    ]


def _environment() -> dict[str, str]:
    """Without usage reports, background jobs, or modules of the current folder in the packages' place."""
    quiet = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_LOGGING_LEVEL": "WARNING",
        "PYTHONSAFEPATH": "1",
        "PYTHONWARNINGS": "ignore",
    }
    return os.environ | quiet


def _check_free(host: str, port: int) -> None:
    if not 0 < port < 65536:
        raise InputError(f"port must be 1 to 65535, got {port}")
    try:
        family, kind, _, _, where = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"port must be free on {host!r}, got {port}: {reason.lower()}") from error


def _wait_until_up(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise DataError(f"the pages at {address} did not start; what MLflow says stands above")


def _stop(server: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, sign)
            server.wait(timeout=_STOP_SECONDS)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    server.wait(timeout=_STOP_SECONDS)


@contextmanager
def _terminate_as_interrupt() -> Iterator[None]:
    """Let a request to end this process stop the server as Ctrl-C does."""
    try:
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    except ValueError:  # not the main thread: signals are the owner's business
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
