"""A space that a user defines is a whole space, and refuses what cannot be one."""

import numpy as np
import pytest

from archcast.core.errors import ArchcastWarning, InputError, ParseError
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.blocks import classifier, conv_bn
from archcast.featurize.spaces.builder import NetworkBuilder
from archcast.featurize.spaces.catalog import parse
from archcast.featurize.spaces.define import define_space
from archcast.featurize.spaces.defined import DefinedSpace, dataset_of
from archcast.testing.space_checks import CHECKS

DECISIONS = {"layers": [2, 3], "width": [16, 24, 32], "act": ["relu", "hswish"], "wide": [False, True]}


def tower(choice):
    b = NetworkBuilder()
    x = b.input(3, 32)
    for i in range(choice["layers"]):
        b.part = f"layer{i}"
        x = conv_bn(b, x, choice["width"] * (1 + choice["wide"]), kernel=3, stride=2, act=choice["act"])
    b.part = "head"
    classifier(b, x, 10)
    return b.network()


@pytest.fixture
def space(monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    yield define_space("mine", DECISIONS, tower, save=False)
    SPACES.forget("mine")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_the_contract(space, check):
    check(space)


def test_architectures_are_read_by_name_by_space_and_by_their_form(space):
    arch = {"layers": 3, "width": 24, "act": "hswish", "wide": True}
    wanted = [[1, 1, 1, 1]]
    text = '{"layers": 3, "width": 24, "act": "hswish", "wide": true}'
    for batch in ([arch], [text], [{**arch, "width": np.int64(24)}]):
        for given in ("mine", space, None):
            np.testing.assert_array_equal(parse(batch, given), wanted)
    assert space.format(np.array(wanted)) == [arch]
    assert SPACES["mine"] is space


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"width": 25}, "mine width must be one of 16, 24, 32, got 25"),
        ({"wide": 1}, "mine wide must be one of False, True, got 1"),
        ({"more": 1}, "unknown key 'more'"),
    ],
)
def test_what_is_no_member_is_refused_with_its_item(space, change, match):
    arch = {"layers": 3, "width": 24, "act": "relu", "wide": False}
    with pytest.raises(ParseError, match=match) as caught:
        parse([arch, {**arch, **change}], space)
    assert caught.value.item == 1


@pytest.mark.parametrize(
    ("decisions", "match"),
    [
        ({}, "at least one name"),
        ({"a": []}, "decision a of bad must have a list of values"),
        ({"a": "abc"}, "decision a of bad must have a list of values"),
        ({"a": [1, 1.0]}, "must differ, got 1.0 twice"),
        ({"a": [1, [2]]}, r"must be numbers, text or truth values, got \[2\] \(item 1\)"),
        ({"a": [float("nan")]}, "must be numbers"),
        ({"a": list(range(129))}, "must have 1 to 128 values, got 129"),
        ({3: [1, 2]}, "must be named by text"),
    ],
)
def test_decisions_that_cannot_be_are_refused(decisions, match):
    with pytest.raises(InputError, match=match):
        define_space("bad", decisions, tower, save=False)
    assert "bad" not in SPACES


@pytest.mark.parametrize("name", ["fbnet", "network", "", "a b", "../x", None])
def test_names_that_are_taken_or_none_are_refused(name):
    with pytest.raises(InputError, match="name of a space must"):
        define_space(name, DECISIONS, tower, save=False)


def test_a_space_defined_anew_replaces_the_one_before(space):
    other = define_space("mine", {**DECISIONS, "width": [16, 48, 32]}, tower, save=False)
    assert SPACES["mine"] is other
    assert other.versions["width"] != space.versions["width"]
    assert other.versions["act"] == space.versions["act"]
    with pytest.raises(InputError, match="space mine must be the one of that name"):
        parse([{"layers": 3, "width": 24, "act": "relu", "wide": False}], space)


def test_what_a_function_raises_or_gives_is_told_with_the_member():
    broken = DefinedSpace("broken", {"a": [1, 2]}, lambda choice: 1 / (choice["a"] - 1), None)
    with pytest.raises(InputError, match=r"build of broken .* for \{'a': 1\}, got ZeroDivisi"):
        broken.network(np.array([0]))
    with pytest.raises(InputError, match=r"broken has no network for \{'a': 2\}: network must"):
        broken.network(np.array([1]))


def test_a_member_is_built_once():
    calls = []
    counted = DefinedSpace("counted", DECISIONS, lambda choice: calls.append(1) or tower(choice), None)
    codes = counted.sample(80, seed=0)
    for code in (*codes, *codes):
        assert len(counted.network(code).nodes) > 6
    assert len(calls) == len(np.unique(codes, axis=0))


def test_modules_are_built_without_memory_and_read_with_the_example():
    torch = pytest.importorskip("torch")
    devices = []

    def build(choice):
        made = torch.nn.Linear(8, choice["width"])
        devices.append(made.weight.device.type)
        return made

    modules = DefinedSpace("modules", {"width": [16, 24]}, build, (1, 8))
    assert modules.network(np.array([1])).summary().params == 9 * 24
    assert devices == ["meta"]


def test_the_data_set_is_the_shape_of_an_item():
    assert dataset_of((1, 3, 160, 160)) == "3x160x160"
    assert dataset_of([(1, 3, 8, 8), (1, 5)]) == "3x8x8+5"
    assert dataset_of({"x": np.zeros((1, 7))}) == "7"
    assert dataset_of(None) == "default"


def test_a_home_that_cannot_be_written_to_is_told(monkeypatch, tmp_path):
    (tmp_path / "home").write_text("a file")
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))
    with pytest.warns(ArchcastWarning, match="mine is known in this process alone"):
        assert define_space("mine", DECISIONS, tower).size == 24
    SPACES.forget("mine")
