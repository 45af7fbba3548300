"""Bytes as text."""

import gzip
import io
import pickle
import zipfile

import numpy as np
import pytest

from archcast.core.errors import InputError
from archcast.core.reading.text import LARGEST, decoded, unpacked

TEXT = "arch,value\nm\u00fcller,1\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_are_found_out(encoding):
    assert decoded(TEXT.encode(encoding), "x")[0] == TEXT


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(encoding):
    assert decoded(b"arch,value\n1,2\n".decode().encode(encoding), "x") == ("arch,value\n1,2\n", encoding)


def test_ends_of_lines():
    assert decoded(b"a\r\nb\rc\n", "x")[0] == "a\nb\nc\n"


def test_gzip():
    assert unpacked(gzip.compress(b"text"), "x") == b"text"
    assert unpacked(b"text", "x") == b"text"
    with pytest.raises(InputError, match="x cannot be unpacked"):
        unpacked(gzip.compress(b"text")[:-9], "x")
    with pytest.raises(InputError, match="and is larger"):
        unpacked(gzip.compress(bytes(LARGEST + 1)), "x")


def zipped(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "content")
    return file.getvalue()


def numpy_array():
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (zipped("xl/workbook.xml"), "an Excel workbook: save it as CSV"),
        (zipped("archive/data.pkl"), "a file of PyTorch"),
        (zipped("a.npy"), "an archive of NumPy arrays"),
        (zipped("notes.txt"), "a zip archive: unpack it first"),
        (numpy_array(), "a NumPy array"),
        (pickle.dumps([1]), "a pickle, which is never loaded"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\x08\x07\x12\x07pytorch", "an ONNX file"),
        (b"arch\xff\n", "is not at line 1: save it as UTF-8"),
        (b"arch\nn\xe4her\n", "is not at line 2"),
        (b"arch,v\0alue", "a character of number 0 at line 1"),
        (b"\xff\xfe\x00", "must be text of UTF-8 or UTF-16"),
    ],
)
def test_what_is_no_text_is_named(data, said):
    with pytest.raises(InputError, match=said):
        decoded(data, "x")
