import pickle

import numpy as np
import pytest

from archcast.core import errors
from archcast.core.errors import (
    ArchcastError,
    ArchcastWarning,
    InputError,
    MissingPackageError,
    NotFittedError,
    ParseError,
    UnknownNameError,
    shorten,
)
from archcast.core.installed import install_line

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]


def test_every_error_is_of_the_tree():
    assert len(KINDS) == 10
    assert all(issubclass(kind, (ArchcastError, ArchcastWarning)) for kind in KINDS)


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (InputError("x"), ValueError),
        (ParseError("x"), ValueError),
        (UnknownNameError("device", "x", []), LookupError),
        (UnknownNameError("device", "x", []), ValueError),
        (MissingPackageError("torch", "train", "fitting"), ImportError),
        (NotFittedError("x"), AttributeError),
    ],
)
def test_errors_are_also_what_python_calls_them(error, builtin):
    assert isinstance(error, builtin)


def test_the_item_at_fault_is_named():
    assert str(InputError("it must be 1, got 2")) == "it must be 1, got 2"
    assert InputError("x").item is None
    error = ParseError("it must be 1, got 2", item=0, position="r")
    assert str(error) == "it must be 1, got 2 (item 0)"
    assert (error.item, error.position) == (0, "r")


def test_unknown_names_list_the_choices_and_guess():
    error = UnknownNameError("device", "raspi5", ["raspi4", "fpga"])
    assert str(error) == ("device must be one of fpga, raspi4; got 'raspi5' (did you mean 'raspi4'?)")
    assert (error.kind, error.name, error.choices) == ("device", "raspi5", ["fpga", "raspi4"])
    assert "did you mean" not in str(UnknownNameError("device", "toaster", ["fpga", "raspi4"]))
    assert str(UnknownNameError("device", "x", ())) == "device must be one of none; got 'x'"


@pytest.mark.parametrize(
    "name", [None, 3, b"fpga", ["fpga"], float("nan"), pytest.param("x" * 10**6, id="long")]
)
def test_any_object_can_be_an_unknown_name(name):
    message = str(UnknownNameError("device", name, ["fpga", "raspi4"]))
    assert message.startswith("device must be one of fpga, raspi4; got ")
    assert len(message) < 200


def test_a_missing_package_comes_with_its_line():
    message = str(MissingPackageError("torch", "train", "fitting the predictor gnn"))
    assert message == f"fitting the predictor gnn needs the package torch: run {install_line('train')}"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("short", "'short'"),
        (None, "None"),
        ([1, 2], "[1, 2]"),
        ("a" * 60, repr("a" * 60)),
        ("a" * 61, repr("a" * 30) + "... (61 characters)"),
        (b"a" * 100, repr(b"a" * 30) + "... (100 characters)"),
        (list(range(61)), "a list of 61 entries"),
        (dict.fromkeys(range(99)), "a dict of 99 entries"),
        pytest.param(10**5000, "a int too large to show", id="huge"),
    ],
)
def test_shorten_by_hand(value, shown):
    assert shorten(value) == shown


def test_shorten_never_gives_much():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, ["a" * 300] * 3, np.arange(10_000), object()):
        assert 0 < len(shorten(value)) <= 120


@pytest.mark.parametrize("error", [InputError("x", item=2), ParseError("x", item=1, position=3)])
def test_errors_reach_another_process(error):
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), vars(again)) == (str(error), vars(error))


@pytest.mark.parametrize(
    "error", [UnknownNameError("device", "x", ["y"]), MissingPackageError("torch", "train", "fitting")]
)
def test_errors_made_of_names_reach_another_process(error):
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), vars(again)) == (str(error), vars(error))
