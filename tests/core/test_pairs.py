"""Settings written as name=value."""

import pytest

from archcast.core.errors import InputError
from archcast.core.pairs import numbers_of, parse_pairs, shape_of, shapes_of, whole_number


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


def test_shapes_and_numbers():
    assert shapes_of(["x=1x3x224x224", "y=7"], "--input") == {"x": (1, 3, 224, 224), "y": (7,)}
    assert numbers_of(["tokens=384"], "--bind") == {"tokens": 384}
    assert whole_number("0", "n") == 0


@pytest.mark.parametrize("text", ["", "1x", "-1", "1.5", "²", "9" * 19])
def test_what_is_no_shape_is_refused(text):
    with pytest.raises(InputError, match="must be made of whole numbers, as 1x3x224x224, got"):
        shape_of(text)
