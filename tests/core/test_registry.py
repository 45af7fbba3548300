import pytest

from archcast.core.errors import UnknownNameError
from archcast.core.registry import Registry


@pytest.fixture
def fruit():
    made = Registry("fruit")
    made.register("pear", 1)
    made.register("apple", 2)
    return made


def test_keeps_the_order_of_registration(fruit):
    assert fruit.names() == tuple(fruit) == ("pear", "apple")
    assert fruit.values() == (1, 2)
    assert len(fruit) == 2


def test_register_gives_the_entry_back(fruit):
    entry = object()
    assert fruit.register("fig", entry) is entry
    assert fruit["fig"] is entry


def test_contains_names_only(fruit):
    assert "pear" in fruit
    assert 1 not in fruit
    assert None not in fruit


def test_a_name_is_taken_once(fruit):
    with pytest.raises(ValueError, match="fruit 'pear' is registered already"):
        fruit.register("pear", 3)
    assert fruit["pear"] == 1


@pytest.mark.parametrize("name", ["peer", None, 1, ["pear"], {}])
def test_unknown_names_list_the_choices(fruit, name):
    with pytest.raises(UnknownNameError, match=r"^fruit must be one of apple, pear; got ") as caught:
        fruit[name]
    assert caught.value.name == name
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
