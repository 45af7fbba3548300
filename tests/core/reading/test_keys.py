"""YAML with each key once."""

import pytest

from archcast.core.errors import InputError
from archcast.core.reading.keys import read_yaml


def test_what_is_yaml_is_read():
    text = "a: &x {b: 1, c: [1, {b: 2}]}\nd: {<<: *x, b: 3}\ne: *x\n1: x\n'1': y\n"
    once = {"b": 1, "c": [1, {"b": 2}]}
    assert read_yaml(text, "it", extra="train") == {
        "a": once,
        "d": once | {"b": 3},
        "e": once,
        1: "x",
        "1": "y",
    }
    assert read_yaml("", "it", extra="train") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "it must have each key once, got 'a' at line 1 and again at line 3"),
        ("x:\n- {b: 1, c: 2, b: 1}\n", "it must have each key once, got 'b' at line 2 twice"),
        ("x: {y: {z: 1,\n z: 2}}", "got 'z' at line 1 and again at line 2"),
        ("a: [", "it must be YAML: while parsing"),
        ("a: 2026-13-01", "it must be YAML: month must be in 1..12"),
        ("{[1]: 2}", "it must be YAML: while constructing a mapping"),
        ("[" * 2000, "it must be YAML: maximum recursion depth"),
        ("a: 1\n---\na: 2", "it must be YAML: expected a single document"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(text, message):
    with pytest.raises(InputError) as told:
        read_yaml(text, "it", extra="train")
    assert message in str(told.value)
    assert "\n" not in str(told.value)
