"""How doubts about measurements are told."""

import warnings

import pytest

from archcast.core.doubts import Doubt, DoubtError, DoubtWarning, placed, strictly, tell
from archcast.core.errors import ArchcastWarning, InputError

SOME = Doubt("rows", (3, 5), "latency of 2 of 9 is odd")
MANY = Doubt("mixed", tuple(range(8)), "latency is mixed")
WHOLE = Doubt("unit", (), "latency is it in ms?")


def test_items_are_named_and_counted():
    assert SOME.sentence() == "latency of 2 of 9 is odd (item 3, item 5)"
    assert SOME.sentence(lambda item: f"line {item + 2}") == "latency of 2 of 9 is odd (line 5, line 7)"
    assert MANY.sentence() == "latency is mixed (item 0, item 1, item 2, item 3, item 4 and 3 more)"
    assert WHOLE.sentence() == "latency is it in ms?"


def test_doubts_are_warnings_of_the_caller():
    with pytest.warns(ArchcastWarning) as caught:
        tell([SOME, WHOLE], strict=False, stacklevel=2)
    assert [str(w.message) for w in caught] == [SOME.sentence(), WHOLE.sentence()]
    assert caught[0].filename == __file__
    assert caught[0].category is DoubtWarning


def test_doubts_are_refused_where_none_are_wanted():
    with pytest.raises(DoubtError, match=r"item 5.; latency is it in ms") as raised:
        tell([SOME, WHOLE], strict=True)
    assert isinstance(raised.value, InputError)
    assert raised.value.doubts == (SOME, WHOLE)


def test_doubts_are_told_by_where_their_items_stand():
    def where(item):
        return f"line {item + 2}"

    with pytest.warns(DoubtWarning) as caught, placed(where):
        tell([SOME], strict=False)
    assert [str(w.message) for w in caught] == ["latency of 2 of 9 is odd (line 5, line 7)"]
    with pytest.raises(DoubtError, match=r"\(line 5, line 7\)$"), placed(where):
        tell([SOME], strict=True)
    with pytest.warns(UserWarning, match="something else"), placed(where):
        warnings.warn("something else", UserWarning, stacklevel=1)


def test_what_is_told_meanwhile_is_refused_where_none_is_wanted():
    with pytest.raises(DoubtError, match=r"item 5\)$") as raised, strictly(True):
        tell([SOME], strict=False)
    assert raised.value.doubts == (SOME,)
    with pytest.warns(DoubtWarning), strictly(False):
        tell([SOME], strict=False)


def test_nothing_is_told_of_nothing(recwarn):
    tell([], strict=True)
    assert not recwarn.list
