"""Forms with a file."""

import httpx
import pytest

from archcast.core.errors import InputError
from archcast.serving.http.errors import MalformedError, MediaTypeError
from archcast.serving.http.networks import form as module
from archcast.serving.http.networks.form import Form, read_form, takes_file

FILE = b"\x00\r\n--\r\n\xff--bound\n"


def sent(*, files: object = None, **fields: object) -> Form:
    given = {"file": ("m.onnx", FILE)} if files is None else files
    request = httpx.Request("POST", "http://x", files=given, data=fields)
    return read_form(request.headers["content-type"], request.read())


def test_a_file_and_what_is_asked() -> None:
    form = sent(device=["a", "b"], threads="4", coverage="0.9", explain="true", metric="", batch="8")
    assert form.file == FILE
    assert form.found == {"device": ["a", "b"], "threads": 4, "coverage": 0.9, "explain": True}
    assert form.batch == 8
    bound = sent(input="x=1x3x8x8", bind=["tokens=384", "n=2"])
    assert bound.inputs == {"x": (1, 3, 8, 8)}
    assert bound.dims == {"tokens": 384, "n": 2}
    assert sent().batch == 1


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"colour": "red"}, "the form must have only the fields file, device"),
        ({"metric": ["a", "b"]}, "metric must be given once, got it 2 times"),
        ({"threads": "four"}, "threads must be a whole number, got 'four'"),
        ({"batch": "0"}, "batch must be at least 1, got 0"),
        ({"coverage": "most"}, "coverage must be a number, got 'most'"),
        ({"explain": "maybe"}, "explain must be true or false, got 'maybe'"),
        ({"device": "x" * 2000}, "field 'device' must have at most 1000 bytes, got 2000"),
        ({"device": b"\xff"}, "field 'device' must be text in UTF-8"),
        ({"files": {"other": ("m", b"")}}, "must have one file, as the field file; got 0"),
        (
            {"files": [("file", ("m", b"")), ("file", ("n", b""))]},
            "must have one file, as the field file; got 2",
        ),
    ],
)
def test_what_is_no_such_form_is_told(fields, told) -> None:
    with pytest.raises(MalformedError, match=told):
        sent(**fields)


def test_shapes_and_numbers_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for fields in ({"input": "x=1xy"}, {"bind": "tokens=many"}, {"bind": "tokens"}):
        with pytest.raises(InputError, match="must be"):
            sent(**fields)
    monkeypatch.setattr(module, "_MOST_PARTS", 2)
    with pytest.raises(MalformedError, match="at most 2 parts"):
        sent(device=["a", "b"])


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=", b""),
        ("multipart/form-data; boundary=" + "x" * 300, b""),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx'),
        ("multipart/form-data; boundary=b", b"--b--"),
    ],
)
def test_broken_forms_are_told(kind: str, body: bytes) -> None:
    with pytest.raises(MalformedError):
        read_form(kind, body)


def test_which_bodies_are_files() -> None:
    assert takes_file(b"Multipart/Form-Data; boundary=x")
    assert not takes_file(b"application/json")
    assert not takes_file(b"")
    with pytest.raises(MediaTypeError, match="a file must be sent as multipart/form-data"):
        takes_file(b"application/octet-stream")
