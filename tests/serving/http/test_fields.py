"""Fields of a request's body."""

import pytest

from archcast.serving.http.errors import MalformedError
from archcast.serving.http.fields import read_object


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"coverage": NaN}', "coverage must be a number that JSON has, got NaN"),
        (
            b'{"codes": [[1, 2], [3, -Infinity]]}',
            r"codes\[1\]\[1\] must be a number that JSON has, got -Infinity",
        ),
        (b'{"a": {"b": Infinity}}', "a.b must be a number that JSON has, got Infinity"),
        (b"NaN", "the body must be a number that JSON has, got NaN"),
        (b'{"coverage": 0.9', "the body must be JSON: EOF"),
        (b'{"coverage": nan}', "the body must be JSON: expected"),
    ],
)
def test_what_is_no_json_is_named(body, said):
    with pytest.raises(MalformedError, match=said):
        read_object(body, ("coverage",))


def test_what_is_json_is_read():
    assert read_object(b'{"coverage": 0.9}', ("coverage",)) == {"coverage": 0.9}
