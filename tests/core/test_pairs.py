"""Settings written as name=value."""

import pytest

from archcast.core.errors import InputError
from archcast.core.pairs import parse_pairs


def test_pairs():
    assert parse_pairs([" array = 8x8", "note=a=b"]) == {"array": "8x8", "note": "a=b"}
    assert parse_pairs(()) == {}


@pytest.mark.parametrize("text", ["array", "=8x8", "array=", " = "])
def test_what_is_no_pair_is_refused(text):
    with pytest.raises(InputError, match="--set must be name=value, got"):
        parse_pairs([text], "--set")


def test_a_name_twice_is_refused():
    with pytest.raises(InputError, match="--set must be given once, got array again"):
        parse_pairs(["array=1x1", "array=2x2"], "--set")
