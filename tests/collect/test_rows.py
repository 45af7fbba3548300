"""Rows are refused with their number before anything is stored."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_writer import row

from archcast.collect.rows import checked_rows, environment_json
from archcast.core.errors import InputError
from archcast.core.measurements import COLUMNS


def test_rows_are_completed_and_plain() -> None:
    when = datetime(2026, 5, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    (made,) = checked_rows([row("a", value=np.float32(0.5), repeats=np.int64(3), time=when)])
    assert tuple(made) == COLUMNS
    assert json.loads(json.dumps(made)) == made
    assert (made["value"], made["repeats"], made["spread"], made["note"]) == (0.5, 3, None, "")
    assert made["time"] == "2026-05-01T10:00:00+00:00"
    assert checked_rows([]) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": None}, "exactly when its status is ok"),
        ({"value": float("nan")}, "exactly when its status is ok"),
        ({"status": "failed"}, "exactly when its status is ok"),
        ({"value": float("inf")}, "value must be finite"),
        ({"value": np.float64("-inf")}, "value must be finite"),
        ({"spread": float("inf")}, "spread must be finite"),
        ({"value": "fast"}, "types of the schema"),
        ({"repeats": 2**40}, "types of the schema"),
        ({"metric": "speed"}, "metric must be one of"),
        ({"status": "fine"}, "status must be one of"),
        ({"arch": None}, "arch must be text"),
        ({"arch": 3}, "types of the schema"),
        ({"arch": "\ud800"}, "types of the schema"),
        ({"device": None}, "device must be text"),
        ({"note": None}, "note must be text"),
        ({"environment": ""}, "environment must be the text of a JSON object"),
        ({"environment": "{}"}, "environment must be"),
        ({"environment": "[1]"}, "environment must be"),
        ({"environment": "{"}, "environment must be"),
        ({"environment": {"a": 1}}, "environment must be"),
        ({"time": datetime(2026, 1, 1)}, "time must be a datetime with a time zone"),
        ({"time": "today"}, "time must be"),
        ({"time": 5}, "time must be"),
    ],
)
def test_a_bad_row_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        checked_rows([row("a"), row("b"), row("c") | changes, row("d")])
    assert caught.value.item == 2
    assert str(caught.value).endswith("(item 2)")


@pytest.mark.parametrize("name", ["space", "arch", "value", "status", "environment"])
def test_a_missing_column_is_named(name: str) -> None:
    short = row("a")
    del short[name]
    with pytest.raises(InputError, match=rf"column {name} \(item 1\)"):
        checked_rows([row("a"), short])


def test_an_unknown_column_lists_the_known() -> None:
    with pytest.raises(InputError, match="did you mean 'spread'"):
        checked_rows([row("a", spred=1.0)])


FACTS = st.dictionaries(
    st.text(), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()), min_size=1
)


@given(facts=FACTS, seed=st.randoms(use_true_random=False))
def test_environments_are_canonical(facts: dict[str, Any], seed: Any) -> None:
    shuffled = list(facts.items())
    seed.shuffle(shuffled)
    text = environment_json(dict(shuffled))
    assert text == environment_json(facts)
    assert json.loads(text) == facts


@pytest.mark.parametrize("facts", [{}, {"load": float("nan")}, {"when": datetime(2026, 1, 1)}, {"x": {1, 2}}])
def test_environments_that_json_cannot_hold(facts: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="environment must"):
        environment_json(facts)
