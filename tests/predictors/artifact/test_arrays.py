import io
import time

import numpy as np
import pytest

from archcast.core.errors import ArtifactError
from archcast.predictors.artifact.arrays import pack, unpack

ARRAYS = {
    "weights": np.random.default_rng(0).normal(size=(4, 3)),
    "single": np.arange(5, dtype=np.float32),
    "flags": np.array([True, False]),
    "scalar": np.array(3.5),
    "empty": np.zeros((0, 2)),
}


def test_arrays_come_back_as_they_were():
    found = unpack(pack(ARRAYS), "x.npz")
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_bytes_do_not_depend_on_the_clock(monkeypatch):
    now = pack(ARRAYS)
    then = time.struct_time((2031, 2, 3, 4, 5, 6, 0, 34, 0))
    monkeypatch.setattr(time, "time", lambda: 1.9e9)
    monkeypatch.setattr(time, "localtime", lambda *_: then)
    assert pack({name: array.copy() for name, array in ARRAYS.items()}) == now


def test_other_arrays_give_other_bytes():
    changed = ARRAYS | {"weights": ARRAYS["weights"] + 1e-15}
    assert pack(changed) != pack(ARRAYS)


class Payload:
    """Unpickling it would write a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_objects_are_never_unpickled(tmp_path):
    buffer = io.BytesIO()
    np.savez(buffer, x=np.array([Payload(tmp_path / "ran")], dtype=object))
    with pytest.raises(ArtifactError, match=r"x\.npz must hold plain arrays"):
        unpack(buffer.getvalue(), "x.npz")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="allow_pickle"):
        pack({"x": np.array([{}], dtype=object)})


def plain_npy():
    buffer = io.BytesIO()
    np.save(buffer, np.ones(3))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", pack(ARRAYS)[:-30], pack(ARRAYS)[:200], plain_npy(), b"\x80\x04N."]
)
def test_what_is_no_archive_of_arrays_is_refused(content):
    with pytest.raises(ArtifactError, match=r"^weights\.npz must hold plain arrays, got "):
        unpack(content, "weights.npz")
