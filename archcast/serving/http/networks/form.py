"""The form with which a file is sent: `multipart/form-data` (RFC 7578)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from archcast.core.errors import shorten
from archcast.core.pairs import numbers_of, shapes_of
from archcast.serving.http.errors import MalformedError, MediaTypeError
from archcast.serving.http.networks.question import FIELDS

FORM = "multipart/form-data"
_FILE = "file"
_BARE = (b"application/octet-stream", b"application/onnx", b"application/x-onnx")
_SEVERAL = ("device", "input", "bind")
_NUMBERS = ("threads", "device_batch", "batch")
_KNOWN = (*FIELDS, "batch", "input", "bind")
_MOST_PARTS = 2000
_LONGEST = 1000
"""Of a field's text and of what its part begins with."""
_TRUTHS = {
    "true": True,
    "1": True,
    "on": True,
    "yes": True,
    "false": False,
    "0": False,
    "off": False,
    "no": False,
}


@dataclass(frozen=True, slots=True)
class Form:
    """A file, and what is asked of it.

    Attributes:
        file: content of an ONNX file.
        found: fields of a question, with their types.
        batch, inputs, dims: as `archcast.network` takes them.
    """

    file: bytes
    found: Mapping[str, Any]
    batch: int = 1
    inputs: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    dims: Mapping[str, int] = field(default_factory=dict)


def read_form(content_type: str, body: bytes) -> Form:
    """The form of a body.

    Raises:
        MalformedError: it is no such form, has no file or several, or a field that is not known or not of
            its type.
        InputError: a shape or a number of a dimension is not written as one.
    """
    file, texts = _parts(_boundary(content_type), body)
    fields: dict[str, Any] = {}
    for name, values in texts.items():
        if name not in _KNOWN:
            raise MalformedError(
                f"the form must have only the fields {_FILE}, {', '.join(_KNOWN)}; got {name!r}"
            )
        if name in _SEVERAL:
            fields[name] = values
        elif len(values) > 1:
            raise MalformedError(f"{name} must be given once, got it {len(values)} times")
        elif values[0]:
            fields[name] = _typed(name, values[0])
    batch = fields.pop("batch", 1)
    shapes, bound = fields.pop("input", ()), fields.pop("bind", ())
    if batch < 1:
        raise MalformedError(f"batch must be at least 1, got {batch}")
    return Form(file, fields, batch, shapes_of(shapes, "input"), numbers_of(bound, "bind"))


def takes_file(content_type: bytes) -> bool:
    """Whether a body of that type is a form with a file.

    Raises:
        MediaTypeError: it is a file as it is, which says nothing of what is asked.
    """
    kind = content_type.split(b";")[0].strip().lower()
    if kind in _BARE:
        raise MediaTypeError(
            f"a file must be sent as {FORM}, with what is asked of it beside it, got {kind.decode('latin-1')}"
        )
    return kind == FORM.encode()


def _boundary(content_type: str) -> bytes:
    from werkzeug.http import parse_options_header

    boundary = parse_options_header(content_type)[1].get("boundary", "")
    if not 0 < len(boundary) <= 200 or not boundary.isascii():
        raise MalformedError(f"Content-Type must be {FORM} with a boundary, got {shorten(content_type)}")
    return boundary.encode()


def _parts(boundary: bytes, body: bytes) -> tuple[bytes, dict[str, list[str]]]:
    """The file, and texts by the names of their fields."""
    from werkzeug.exceptions import RequestEntityTooLarge
    from werkzeug.sansio import multipart

    decoder = multipart.MultipartDecoder(boundary, max_parts=_MOST_PARTS)
    decoder.receive_data(body)
    decoder.receive_data(None)
    files: list[bytes] = []
    texts: dict[str, list[str]] = {}
    part: Any = None
    try:
        while not isinstance(event := decoder.next_event(), multipart.Epilogue):
            if isinstance(event, multipart.Data):
                _take(part, event.data, files, texts)
            else:
                part = event
    except RequestEntityTooLarge:
        raise MalformedError(f"the form must have at most {_MOST_PARTS} parts, got more") from None
    except (ValueError, AttributeError, TypeError) as error:  # heads that are none
        if isinstance(error, MalformedError):
            raise
        raise MalformedError(f"the body must be a form as {FORM} has it, and is broken") from None
    if len(files) != 1:
        raise MalformedError(f"the form must have one file, as the field {_FILE}; got {len(files)}")
    return files[0], texts


def _take(part: Any, data: bytes, files: list[bytes], texts: dict[str, list[str]]) -> None:
    """Put what a part holds where it belongs."""
    if not isinstance(part.name, str):
        raise MalformedError("every part of the form must have a name")
    if part.name == _FILE:
        files.append(data)
        return
    if len(data) > _LONGEST:
        raise MalformedError(
            f"field {shorten(part.name)} must have at most {_LONGEST} bytes, got {len(data)}"
        )
    try:
        texts.setdefault(part.name, []).append(data.decode().strip())
    except UnicodeDecodeError:
        raise MalformedError(f"field {shorten(part.name)} must be text in UTF-8") from None


def _typed(name: str, text: str) -> Any:
    """A field's text as what it means."""
    if name in _NUMBERS:
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise MalformedError(f"{name} must be a whole number, got {shorten(text)}")
        return int(text)
    if name == "coverage":
        try:
            return float(text)
        except ValueError:
            raise MalformedError(f"coverage must be a number, got {shorten(text)}") from None
    if name == "explain":
        if text.lower() not in _TRUTHS:
            raise MalformedError(f"explain must be true or false, got {shorten(text)}")
        return _TRUTHS[text.lower()]
    return text
