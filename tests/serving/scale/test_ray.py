"""Ray on this machine: a scoring that outlives its workers, and the service as a deployment."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import archcast
from archcast.serving.scale import Drawn, ParquetColumn, score

pytestmark = [
    # Ray opens sockets, logs and child processes of its own and leaves them to the interpreter
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
ROWS, PART = 80_000, 10_000


@pytest.fixture(scope="module")
def ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setenv("ARCHCAST_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("RAY_worker_niceness", "0")  # Ray would yield to whatever else the machine does
        import ray

        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        yield ray
        ray.shutdown()


def deadly(rows: int, deaths: Path, fatal: dict[int, int]) -> Any:
    """Draws whose reader is killed as often as `fatal` says for the part that starts at a row.

    The class is made in a function, so that Ray sends its code along.
    """

    class Deadly(Drawn):
        def read(self, start: int, stop: int) -> Any:
            died = len(list(deaths.glob(f"{start}-*")))
            if died < fatal.get(start, 0):
                (deaths / f"{start}-{os.getpid()}").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return super().read(start, stop)

    return Deadly("fbnet", rows, 5)


def test_each_row_is_there_once_although_workers_are_killed(ray: Any, tmp_path: Path) -> None:
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    source = deadly(ROWS, deaths, {0: 1, 4 * PART: 2})
    given = {"space": "fbnet", "device": "raspi4", "part_rows": PART}
    (tmp_path / "o").mkdir()
    done = score(source, tmp_path / "o", engine="ray", **given)
    killed = [int(path.name.partition("-")[2]) for path in deaths.iterdir()]
    assert len(set(killed)) == 3
    assert os.getpid() not in killed
    assert (done.rows, done.made) == (ROWS, ROWS // PART)
    table = parquet.read_table(sorted((tmp_path / "o").glob("part-*.parquet")))
    np.testing.assert_array_equal(table["row"], np.arange(ROWS))
    score(Drawn("fbnet", ROWS, 5), tmp_path / "local", **given)
    alone = parquet.read_table(sorted((tmp_path / "local").glob("part-*.parquet")))
    assert alone.equals(table)


def test_a_killed_driver_is_followed_by_another(ray: Any, tmp_path: Path) -> None:
    words = ["score", "--space", "fbnet", "-d", "raspi4", "--n", "400000", "--part-rows", "10000"]
    address = ray.get_runtime_context().gcs_address
    command = [sys.executable, "-m", "archcast.cli", *words, "--to", str(tmp_path / "o")]
    driver = subprocess.Popen(
        [*command, "--engine", "ray", "--address", address],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not list((tmp_path / "o").glob("part-*.parquet")):
        assert driver.poll() is None
        time.sleep(0.01)
    driver.kill()
    driver.wait()
    given = {"space": "fbnet", "device": "raspi4", "part_rows": 10_000}
    done = score(Drawn("fbnet", 400_000), tmp_path / "o", engine="ray", **given)
    assert done.rows == 400_000
    assert 0 < done.made < 40
    table = parquet.read_table(sorted((tmp_path / "o").glob("part-*.parquet")), columns=["row"])
    np.testing.assert_array_equal(table["row"], np.arange(400_000))


def test_mistakes_of_a_worker_are_told_as_the_users(ray: Any, tmp_path: Path) -> None:
    parquet.write_table(pa.table({"arch": ["02012100", "99999999"]}), tmp_path / "in.parquet")
    source = ParquetColumn.of(tmp_path / "in.parquet", "arch")
    with pytest.raises(archcast.InputError, match=r"\(item 1\)"):
        score(
            source, tmp_path / "o", space="macro", device=None, metric="accuracy", engine="ray", part_rows=1
        )
    assert [p.name for p in (tmp_path / "o").glob("part-*")] in ([], ["part-000000.parquet"])


def test_the_service_is_a_deployment(ray: Any) -> None:
    import httpx
    from ray import serve

    from archcast.serving.scale.ray_serve import Replicas, build_app

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        serve.start(http_options={"host": "127.0.0.1", "port": port})
        serve.run(build_app(replicas=Replicas(processors=0.1)), name="archcast", route_prefix="/")
        try:
            answer = httpx.post(
                f"http://127.0.0.1:{port}/predict",
                json={"architectures": ["02012100"], "space": "macro", "metric": "accuracy"},
                timeout=60,
            )
            wrong = httpx.post(f"http://127.0.0.1:{port}/predict", json={"codes": "no"}, timeout=60)
        finally:
            serve.shutdown()
    assert answer.status_code == 200, answer.text
    np.testing.assert_allclose(
        answer.json()["values"], archcast.predict(["02012100"], metric="accuracy"), rtol=1e-6
    )
    assert wrong.status_code in (400, 422)
