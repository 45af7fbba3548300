"""Pickles are read as data; whatever else they ask for is refused by name."""

from __future__ import annotations

import collections
import math
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from archcast.collect.pickles import NOTHING, NUMPY_SCALARS, load_pickle, load_torch_zip
from archcast.core.errors import DataError

PLAIN = {"a": [1, 2.5, None, True, "text", b"bytes", (1, (2, 3))], "b": -(10**30), 3: {4, 5}, "n": math.inf}


class Runs:
    """Touches a file when it is unpickled by an ordinary unpickler."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_is_read_in_every_protocol(protocol: int) -> None:
    data = {k: v for k, v in PLAIN.items() if k != 3} if protocol < 4 else PLAIN
    if protocol < 3:
        data = {"a": [1, 2.5, None, True, "text", (1, (2, 3))], "b": -(10**30)}
    assert load_pickle(pickle.dumps(data, protocol)) == data


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", [np.int64(7), np.float32(1.5), np.float64(-2.25), np.bool_(True)])
def test_numpy_numbers_become_plain_ones(value: np.generic, protocol: int) -> None:
    assert load_pickle(pickle.dumps([value], protocol), allowed=NUMPY_SCALARS) == [value.item()]


def test_numpy_numbers_are_refused_unless_allowed() -> None:
    with pytest.raises(DataError, match=r"multiarray scalar.*allowed are: none"):
        load_pickle(pickle.dumps(np.int64(1)))


@pytest.mark.parametrize("allowed", [NOTHING, NUMPY_SCALARS])
def test_code_is_never_run(tmp_path: Path, allowed: frozenset[str]) -> None:
    target = tmp_path / "touched"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(DataError, match=r"(posix|nt) system"):
            load_pickle(pickle.dumps(Runs(target), protocol), allowed=allowed)
    assert not target.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"cbuiltins\neval\n(S'1+1'\ntR.", "builtins eval"),
        (b"(S'1+1'\nibuiltins\neval\n.", "builtins eval"),
        (b"\x80\x02\x82\x01.", "copyreg extension 1"),
        (b"\x80\x02X\x01\x00\x00\x00aQ.", "outside itself"),
        (pickle.dumps(collections.OrderedDict()), "collections OrderedDict"),
        (pickle.dumps(np.zeros(3)), "_reconstruct"),
    ],
)
def test_anything_but_numbers_is_refused_by_name(content: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        load_pickle(content, allowed=NUMPY_SCALARS)


@pytest.mark.parametrize(
    "content",
    [
        b"c_codecs\nencode\n(X\x01\x00\x00\x00aX\x05\x00\x00\x00utf-7tR.",
        b"c_codecs\nencode\n}X\x01\x00\x00\x00aK\x01sb.",  # BUILD on the function itself
        b"cnumpy\ndtype\n(X\x02\x00\x00\x00O8tR.",
        b"cnumpy\ndtype\n(X\x02\x00\x00\x00i8tR(K\x03X\x01\x00\x00\x00!NNNtb.",
        b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(X\x02\x00\x00\x00i8tRC\x01atR.",
        b"cnumpy.core.multiarray\nscalar\n(X\x02\x00\x00\x00i8C\x08aaaaaaaatR.",
        b"cnumpy\ndtype\n)\x81.",  # NEWOBJ
        b"",
        b"no pickle",
        b"\x80\x02]q\x00(K\x01",
        b"r\xff\xff\xff\xff.",
        b"\x8e" + b"\xff" * 8 + b".",
    ],
)
def test_odd_content_is_a_data_error(content: bytes) -> None:
    with pytest.raises(DataError):
        load_pickle(content, allowed=NUMPY_SCALARS)


def test_a_high_memo_slot_costs_nothing() -> None:
    assert load_pickle(b"\x80\x02]r\xff\xff\xff\x7f.") == []


@pytest.mark.parametrize("cut", [1, 10, 40, 80])
def test_a_truncated_file_is_a_data_error(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "table.pickle"
    path.write_bytes(pickle.dumps([1.5] * 100)[:-cut])
    with pytest.raises(DataError, match=r"table\.pickle is truncated"):
        load_pickle(path)


def test_deep_nesting_is_a_data_error_or_read() -> None:
    assert load_pickle(b"\x80\x02" + b"]" * 2 + b"a.") == [[]]
    with pytest.raises(DataError):
        load_pickle(b"\x80\x02" + b"(" * 100_000)


def test_too_large_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="more than the 4"):
        load_pickle(b"12345", max_bytes=4)
    with pytest.raises(DataError, match=r"none\.pickle cannot be read"):
        load_pickle(tmp_path / "none.pickle")
    with pytest.raises(ValueError, match="no safe stand-in for builtins eval"):
        load_pickle(b"", allowed=frozenset({"builtins eval"}))


def _torch_file(path: Path, content: bytes, name: str = "archive/data.pkl") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, content)
    return path


def test_torch_files(tmp_path: Path) -> None:
    good = _torch_file(tmp_path / "good.pt", pickle.dumps([1, 2], 2))
    assert load_torch_zip(good) == [1, 2]
    with pytest.raises(DataError, match=r"bad\.pt: pickle names .*system"):
        load_torch_zip(_torch_file(tmp_path / "bad.pt", pickle.dumps(Runs(tmp_path / "x"), 2)))
    with pytest.raises(DataError, match=r"one data\.pkl, got 0"):
        load_torch_zip(_torch_file(tmp_path / "other.pt", b"", "archive/version"))
    with pytest.raises(DataError, match="more than the 3"):
        load_torch_zip(good, max_bytes=3)
    with pytest.raises(DataError, match="cannot be read"):
        load_torch_zip(tmp_path / "absent.pt")


def test_damaged_torch_files(tmp_path: Path) -> None:
    whole = _torch_file(tmp_path / "whole.pt", pickle.dumps(list(range(200)), 2)).read_bytes()
    damaged = tmp_path / "damaged.pt"
    for content in (whole[:50], whole[:-30], whole[:60] + b"\xff" + whole[61:], b""):
        damaged.write_bytes(content)
        with pytest.raises(DataError, match=r"damaged\.pt"):
            load_torch_zip(damaged)
