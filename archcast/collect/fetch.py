"""Download of a table's files: resumed after a cut, checked against its hash, in place only when right.

Own code in place of pooch, which begins a file that was cut anew: a table that somebody registers may have
files of hundreds of megabytes, and lines to them may be slow. A file that changes on the server between two
connections does not have its hash.
"""

from __future__ import annotations

import hashlib
import http.client
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from archcast.collect.tables.base import RemoteFile
from archcast.core.errors import DataError
from archcast.core.files import sync

_CHUNK = 1 << 16
_LONGEST_PAUSE_S = 30.0
_CUT = (URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError)
"""What a connection that breaks raises; another attempt may succeed."""
_BUSY = (408, 425, 429, 500, 502, 503, 504)
"""HTTP codes after which another attempt may succeed."""

Report = Callable[[int], None]
"""Called with the number of bytes that a file has so far."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often and how patiently a download is tried.

    Attributes:
        count: attempts in a row that bring nothing; one that brings bytes starts the count anew.
        pause_s: pause after the first, doubled after each further one.
        timeout_s: longest silence of the server.
    """

    count: int = 5
    pause_s: float = 1.0
    timeout_s: float = 30.0


def sha256(path: Path) -> str:
    """SHA-256 of a file, in lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_present(remote: RemoteFile, folder: Path) -> bool:
    """Whether `folder` has the file with the recipe's hash."""
    path = folder / remote.path
    if not path.is_file() or (remote.size is not None and path.stat().st_size != remote.size):
        return False
    return not remote.sha256 or sha256(path) == remote.sha256


def fetch_files(files: Sequence[RemoteFile], folder: Path, *, show_progress: bool = True) -> int:
    """Download what is missing or wrong among `files`; return how many files that were.

    Raises:
        DataError: a file cannot be had, or is not the one of the recipe. Files that came before it stay.
    """
    wanted = [remote for remote in files if not is_present(remote, folder)]
    if not wanted:
        return 0
    with _progress() if show_progress else nullcontext() as bar:
        whole = sum(remote.size or 0 for remote in wanted)
        task = bar.add_task("download", total=whole or None) if bar else None
        before = 0
        for remote in wanted:
            if bar:
                bar.update(task, description=remote.path)

            def report(done: int, before: int = before) -> None:
                if bar:
                    bar.update(task, completed=before + done)

            fetch_file(remote, folder, report=report)
            before += remote.size or 0
    return len(wanted)


def fetch_file(
    remote: RemoteFile,
    folder: Path,
    *,
    attempts: Attempts | None = None,
    report: Report | None = None,
) -> Path:
    """Download one file to its place in `folder`, whatever lies there.

    What an earlier call left in `PATH.partial` is continued.

    Raises:
        DataError: the address does not exist, the connection keeps breaking, or the hash is wrong (the
            partial file is then removed); the message has the address.
    """
    if not remote.url.startswith(("https://", "http://")) or not remote.sha256:
        raise DataError(f"{remote.path} has no address and hash to download it by")
    target = folder / remote.path
    partial = target.with_name(target.name + ".partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _fill(remote, partial, attempts or Attempts(), report or (lambda done: None))
        got = sha256(partial)
        if got != remote.sha256:
            partial.unlink()
            raise DataError(
                f"{remote.url} must have the SHA-256 {remote.sha256}, got {got}; nothing was kept"
            )
        sync(partial)
        partial.replace(target)
        sync(target.parent)
    except OSError as error:
        raise DataError(f"{target} cannot be written: {error}") from error
    return target


def _fill(remote: RemoteFile, partial: Path, attempts: Attempts, report: Report) -> None:
    """Bring `partial` to the file's whole length, over as many connections as it takes."""
    idle, pause = 0, attempts.pause_s
    longest = _size(partial)
    while True:
        problem: object = "the connection was cut"
        try:
            if _download(remote, partial, attempts.timeout_s, report):
                return
        except HTTPError as error:
            if error.code not in _BUSY:
                raise DataError(
                    f"{remote.url} cannot be downloaded: HTTP {error.code} {error.reason}"
                ) from error
            problem = f"HTTP {error.code}"
        except _CUT as error:
            problem = error
        if _size(partial) > longest:
            longest, idle, pause = _size(partial), 0, attempts.pause_s
        else:
            idle += 1
        if idle >= attempts.count:
            raise DataError(f"{remote.url} cannot be downloaded after {attempts.count} attempts: {problem}")
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_S)


def _download(remote: RemoteFile, partial: Path, timeout_s: float, report: Report) -> bool:
    """One connection; whether the file is whole then."""
    start = _size(partial)
    if remote.size is not None and start == remote.size:
        return True
    if remote.size is not None and start > remote.size:
        partial.unlink()
        start = 0
    try:
        response = urlopen(_request(remote.url, start), timeout=timeout_s)
    except HTTPError as error:
        if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not start:
            raise
        partial.unlink()
        response = urlopen(_request(remote.url, 0), timeout=timeout_s)
    with response:
        continued = response.status == http.client.PARTIAL_CONTENT and response.headers.get(
            "Content-Range", ""
        ).startswith(f"bytes {start}-")
        start = start if continued else 0
        with partial.open("r+b" if continued else "wb") as file:
            file.seek(start)
            end = _copy(response, file, remote, start, report)
        length = _length(response, remote, start)
        if length is not None and end > length:
            partial.unlink()
            raise DataError(f"{remote.url} must have {length} bytes, got more; nothing was kept")
        return length is None or end == length


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _request(url: str, start: int) -> Request:
    headers = {"User-Agent": "archcast", "Accept-Encoding": "identity"}
    return Request(url, headers=headers | ({"Range": f"bytes={start}-"} if start else {}))


def _copy(response: Any, file: IO[bytes], remote: RemoteFile, done: int, report: Report) -> int:
    """Append the response to `file`; return the file's length."""
    while chunk := response.read(_CHUNK):
        file.write(chunk)
        done += len(chunk)
        report(done)
        if remote.size is not None and done > remote.size:
            break
    return done


def _length(response: Any, remote: RemoteFile, start: int) -> int | None:
    """Length that the whole file must have: the recipe's, else what the server announces."""
    if remote.size is not None:
        return remote.size
    announced = response.headers.get("Content-Length")
    return start + int(announced) if announced and announced.isdecimal() else None


def _progress() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True)
