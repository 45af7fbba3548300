"""Downloads from a server in this process: whole, cut, resumed, wrong, absent."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from archcast.collect.fetch import Attempts, fetch_file, fetch_files, is_present
from archcast.collect.tables.base import RemoteFile
from archcast.core.errors import DataError

CONTENT = bytes(range(256)) * 2000
QUICK = Attempts(count=3, pause_s=0.0, timeout_s=5.0)


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT; the server's attributes say what goes wrong."""

    server: Any

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        server = self.server
        server.asked.append((self.path, self.headers.get("Range")))
        if server.codes:
            self.send_error(server.codes.pop(0))
            return
        start = 0
        wanted = self.headers.get("Range")
        if wanted and server.ranges:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(CONTENT):
                self.send_error(416)
                return
        self.send_response(206 if start else 200)
        body = CONTENT[start:]
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = server.cuts.pop(0) if server.cuts else len(body)
        self.wfile.write(body[:cut])
        self.close_connection = True


@pytest.fixture
def server() -> Iterator[Any]:
    made: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.asked, made.cuts, made.codes, made.ranges = [], [], [], True
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def remote(server: Any, path: str = "sub/file.bin") -> RemoteFile:
    url = f"http://127.0.0.1:{server.server_address[1]}/{path}"
    return RemoteFile(path, url, hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


def check_whole(folder: Path) -> None:
    assert (folder / "sub/file.bin").read_bytes() == CONTENT
    assert [p.name for p in (folder / "sub").iterdir()] == ["file.bin"]


def test_a_file_is_downloaded_once(server: Any, tmp_path: Path) -> None:
    reports: list[int] = []
    fetch_file(remote(server), tmp_path, report=reports.append)
    check_whole(tmp_path)
    assert reports == sorted(reports)
    assert reports[-1] == len(CONTENT)
    assert fetch_files([remote(server)], tmp_path, show_progress=False) == 0
    assert len(server.asked) == 1


def test_progress_is_shown_on_standard_error(server: Any, tmp_path: Path, capsys: Any) -> None:
    assert fetch_files([remote(server)], tmp_path) == 1
    assert capsys.readouterr().out == ""


def test_a_cut_connection_is_resumed(server: Any, tmp_path: Path) -> None:
    server.cuts = [100_000, 0, 50_000]
    fetch_file(remote(server), tmp_path, attempts=QUICK)
    check_whole(tmp_path)
    ranges = [asked[1] for asked in server.asked]
    assert ranges == [None, "bytes=100000-", "bytes=100000-", "bytes=150000-"]


def test_an_earlier_partial_file_is_continued(server: Any, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/file.bin.partial").write_bytes(CONTENT[:1234])
    fetch_file(remote(server), tmp_path, attempts=QUICK)
    check_whole(tmp_path)
    assert server.asked[0][1] == "bytes=1234-"


@pytest.mark.parametrize("left", [CONTENT, CONTENT + b"more"])
def test_a_whole_or_too_long_partial_file(server: Any, tmp_path: Path, left: bytes) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/file.bin.partial").write_bytes(left)
    fetch_file(remote(server), tmp_path, attempts=QUICK)
    check_whole(tmp_path)
    assert len(server.asked) == (0 if left == CONTENT else 1)


def test_a_range_that_the_server_cannot_give_starts_anew(server: Any, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/file.bin.partial").write_bytes(CONTENT + b"more")
    fetch_file(replace(remote(server), size=None), tmp_path, attempts=QUICK)
    check_whole(tmp_path)
    assert [asked[1] for asked in server.asked] == [f"bytes={len(CONTENT) + 4}-", None]


def test_a_server_without_ranges_sends_everything_again(server: Any, tmp_path: Path) -> None:
    server.ranges, server.cuts = False, [100_000, 50_000]
    fetch_file(remote(server), tmp_path, attempts=QUICK)
    check_whole(tmp_path)
    assert len(server.asked) == 3


def test_a_file_that_changed_in_between_is_not_kept(server: Any, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/file.bin.partial").write_bytes(b"another file's beginning")
    with pytest.raises(DataError, match="nothing was kept"):
        fetch_file(remote(server), tmp_path, attempts=QUICK)
    assert list((tmp_path / "sub").iterdir()) == []
    fetch_file(remote(server), tmp_path, attempts=QUICK)
    check_whole(tmp_path)


def test_a_busy_server_is_asked_again(server: Any, tmp_path: Path) -> None:
    server.codes = [503, 429]
    fetch_file(remote(server), tmp_path, attempts=QUICK)
    check_whole(tmp_path)


def test_attempts_are_bounded(server: Any, tmp_path: Path) -> None:
    server.codes = [503] * 10
    with pytest.raises(DataError, match="after 3 attempts: HTTP 503"):
        fetch_file(remote(server), tmp_path, attempts=QUICK)
    assert len(server.asked) == 3


def test_a_connection_cut_for_ever_gives_up_and_keeps_what_came(server: Any, tmp_path: Path) -> None:
    server.cuts = [1000] + [0] * 9
    with pytest.raises(DataError, match="after 3 attempts"):
        fetch_file(remote(server), tmp_path, attempts=QUICK)
    assert (tmp_path / "sub/file.bin.partial").read_bytes() == CONTENT[:1000]
    assert len(server.asked) == 4


def test_a_wrong_hash_keeps_nothing(server: Any, tmp_path: Path) -> None:
    wanted = "0" * 64
    got = hashlib.sha256(CONTENT).hexdigest()
    with pytest.raises(DataError, match=f"{wanted}, got {got}"):
        fetch_file(replace(remote(server), sha256=wanted), tmp_path, attempts=QUICK)
    assert list((tmp_path / "sub").iterdir()) == []


def test_a_longer_file_keeps_nothing(server: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must have 1000 bytes, got more"):
        fetch_file(replace(remote(server), size=1000), tmp_path, attempts=QUICK)
    assert list((tmp_path / "sub").iterdir()) == []


def test_an_absent_file_is_not_asked_for_again(server: Any, tmp_path: Path) -> None:
    server.codes = [404]
    with pytest.raises(DataError, match=r"sub/file\.bin cannot be downloaded: HTTP 404"):
        fetch_file(remote(server), tmp_path, attempts=QUICK)
    assert len(server.asked) == 1


def test_no_server_at_all(server: Any, tmp_path: Path) -> None:
    absent = replace(remote(server), url="http://127.0.0.1:9/file.bin")
    with pytest.raises(DataError, match="after 3 attempts"):
        fetch_file(absent, tmp_path, attempts=QUICK)


def test_a_wrong_file_in_place_is_replaced(server: Any, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/file.bin").write_bytes(b"x" * len(CONTENT))
    assert not is_present(remote(server), tmp_path)
    assert fetch_files([remote(server)], tmp_path, show_progress=False) == 1
    check_whole(tmp_path)


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_only_web_addresses_with_a_hash(tmp_path: Path, url: str) -> None:
    with pytest.raises(DataError, match="no address and hash"):
        fetch_file(RemoteFile("x", url, "0" * 64, 1), tmp_path)
    with pytest.raises(DataError, match="no address and hash"):
        fetch_file(RemoteFile("x", "https://example.org/x"), tmp_path)
