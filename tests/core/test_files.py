"""Whole or not at all, and on disk."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from archcast.core.files import atomic_write, lock, sync_tree


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what was made sure to be on disk, and of what took its place, in order."""
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def counted_fsync(handle: int) -> None:
        done.append(f"sync {Path(f'/proc/self/fd/{handle}').readlink().name}")
        fsync(handle)

    def counted_replace(self: Path, target: Path) -> Path:
        done.append(f"replace {target.name}")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", counted_fsync)
    monkeypatch.setattr(Path, "replace", counted_replace)
    return done


def test_a_file_takes_its_place_only_once_it_is_on_disk(tmp_path: Path, synced: list[str]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic_write(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert synced == [f"sync {partial.name}", "replace a.txt", f"sync {tmp_path.name}"]
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_its_mode_is_that_of_any_new_file(tmp_path: Path) -> None:
    plain, written = tmp_path / "plain", tmp_path / "written"
    plain.write_text("")
    with atomic_write(written) as partial:
        partial.write_text("")
    assert stat.S_IMODE(written.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def _raises(partial: Path) -> None:
    partial.write_text("half")
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("write", "error"), [(_raises, KeyboardInterrupt), (lambda partial: None, FileNotFoundError)]
)
def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, write: Callable[[Path], None], error: type[BaseException]
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error), atomic_write(path) as partial:
        write(partial)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with atomic_write(path) as first, atomic_write(path) as second:
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"  # the block that ends last wins


def test_a_tree_is_synced_from_its_files_to_its_root(tmp_path: Path, synced: list[str]) -> None:
    root = tmp_path / "root"
    (root / "inner").mkdir(parents=True)
    (root / "inner" / "a").write_text("a")
    sync_tree(root)
    assert sorted(synced) == ["sync a", "sync inner", "sync root"]
    assert synced[-1] == "sync root"


def test_a_lock_keeps_another_process_out(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    waits = (
        "import fcntl, sys\nwith open(sys.argv[1]) as file:\n"
        "    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)"
    )
    command = [sys.executable, "-c", waits, str(path)]
    with path.open() as file:
        lock(file.fileno())
        assert b"BlockingIOError" in subprocess.run(command, capture_output=True).stderr
    assert subprocess.run(command).returncode == 0
