import importlib
import subprocess
import sys

import pytest

from archcast.core import registry
from archcast.core.errors import ArchcastWarning, UnknownNameError
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
    assert caught.value.__context__ is None


# -- what installed packages add -----------------------------------------------------------------------------


def install(folder, distribution, points, **modules):
    """An installed distribution as a package manager leaves it: modules, and metadata with entry points."""
    info = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    listed = "\n".join(f"{name} = {target}" for name, target in points.items())
    (info / "entry_points.txt").write_text(f"[archcast.fruits]\n{listed}\n")
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)


@pytest.fixture
def basket(tmp_path, monkeypatch):
    """A registry of the group, and the folder that packages are installed to."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    made = Registry("fruit", group="archcast.fruits")
    made.register("pear", "own pear")
    yield made, tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_an_entry_is_loaded_when_its_name_is_asked_for(basket):
    fruit, folder = basket
    points = {"fig": "figs:FIG", "plum": "plums:PLUM"}
    install(folder, "fruit-stall", points, figs="FIG = 'fig'", plums="PLUM = 'plum'")
    assert fruit["pear"] == "own pear"
    assert "figs" not in sys.modules
    assert fruit["fig"] == "fig"
    assert "plums" not in sys.modules
    assert fruit.names() == ("pear", "fig", "plum")
    assert (fruit.origin("pear"), fruit.origin("plum")) == (None, "fruit-stall")


def test_listing_and_asking_for_a_name_load_each_entry_once(basket):
    fruit, folder = basket
    install(folder, "fruit-stall", {"fig": "figs:FIG"}, figs="FIG = object()")
    assert "fig" in fruit
    assert fruit["fig"] is fruit.values()[1]
    assert len(fruit) == 2


def test_one_that_cannot_be_imported_is_left_out_with_one_warning(basket):
    fruit, folder = basket
    install(folder, "bad-stall", {"fig": "figs:FIG"}, figs="import not_there_at_all")
    install(folder, "good-stall", {"plum": "plums:PLUM"}, plums="PLUM = 'plum'")
    told = "fruit 'fig' of the package bad-stall cannot be used and is left out: No module named"
    with pytest.warns(ArchcastWarning, match=told) as caught:
        assert fruit.names() == ("pear", "plum")
    assert len(caught) == 1
    with pytest.raises(UnknownNameError, match="must be one of pear, plum; got 'fig'"):
        fruit["fig"]


def test_a_name_that_is_taken_stays_with_the_first(basket):
    fruit, folder = basket
    install(folder, "a-stall", {"fig": "figs:FIG", "pear": "figs:PEAR"}, figs="FIG, PEAR = 'a fig', 'a pear'")
    install(folder, "b-stall", {"fig": "more:FIG"}, more="FIG = 'b fig'")
    with pytest.warns(ArchcastWarning) as caught:
        assert fruit.values() == ("own pear", "a fig")
    assert [str(w.message).split(" cannot")[0] for w in caught] == [
        "fruit 'fig' of the package b-stall",
        "fruit 'pear' of the package a-stall",
    ]


def test_a_module_may_register_its_entry_itself(basket, monkeypatch):
    fruit, folder = basket
    monkeypatch.setattr(registry, "FRUIT", fruit, raising=False)
    text = "from archcast.core import registry\nFIG = registry.FRUIT.register('fig', object())"
    install(folder, "fruit-stall", {"fig": "figs:FIG"}, figs=text)
    importlib.import_module("figs")
    assert fruit.names() == ("pear", "fig")
    assert fruit.origin("fig") == "fruit-stall"


def test_an_entry_that_does_not_pass_is_refused():
    def check(name, entry):
        if not isinstance(entry, int):
            raise TypeError(f"{name} must be a whole number")

    made = Registry("fruit", check=check)
    with pytest.raises(TypeError, match="fig must be a whole number"):
        made.register("fig", "fig")
    assert made.names() == ()


def test_nothing_is_looked_for_at_import():
    program = (
        "import gc, archcast.cli.app, archcast.collect.estimate, archcast.search, archcast.serving.http.app\n"
        "from archcast.core.registry import Registry\n"
        "made = {r.group: r._offered for r in gc.get_objects() if isinstance(r, Registry) and r.group}\n"
        "print(len(made) >= 4, set(made.values()))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True {None}\n"
