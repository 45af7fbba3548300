"""Tables that were made are found again, and not used where they no longer hold."""

import pytest
from made_up_networks import tiny
from member_cases import STAGES, staged

from archcast.core.errors import ArchcastWarning
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.define import define_space
from archcast.featurize.spaces.saved import saved_space
from archcast.predictors.networks.members import structure
from archcast.predictors.networks.members.form import MembersForm


@pytest.fixture(autouse=True)
def fewer_checked(monkeypatch):
    monkeypatch.setattr(structure, "CHECKED", 96)


@pytest.fixture
def space(monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    yield define_space("staged", STAGES, staged)
    SPACES.forget("staged")


def _files(tmp_path):
    return sorted((tmp_path / "spaces/staged").glob("tables-*.npz"))


def test_tables_are_found_again_by_the_same_space_and_by_its_name(space, tmp_path):
    first = MembersForm(tiny(), space, "default")
    codes = space.sample(500, seed=0)
    wanted = first.values(codes)
    assert len(_files(tmp_path)) == 2
    for other in (space, saved_space("staged")):
        calls = []
        other._build = lambda choice, calls=calls: calls.append(1) or staged(choice)
        again = MembersForm(tiny(), other, "default")
        assert (again.values(codes) == wanted).all()
        assert len(calls) <= 9


def test_tables_of_another_predictor_are_not_taken(space, tmp_path):
    MembersForm(tiny().select((0,)), space, "default").prepare()
    other = tiny().select((0,))
    other.prices_ = other.prices_ * 2
    MembersForm(other, space, "default").prepare()
    assert len(_files(tmp_path)) == 2


def test_where_networks_cannot_be_built_tables_answer_and_that_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    made = define_space("staged", STAGES, lambda choice: staged(choice))
    model = tiny().select((0,))
    codes = made.sample(500, seed=0)
    wanted = MembersForm(model, made, "default").values(codes)
    found = saved_space("staged")
    SPACES.forget("staged")
    form = MembersForm(model, found, "default")
    with pytest.warns(ArchcastWarning, match="staged is answered from tables that were made of it before"):
        values = form.values(codes)
    assert (values == wanted).all()


def test_tables_that_no_longer_hold_are_made_anew(space, tmp_path):
    model = tiny().select((0,))
    codes = space.sample(500, seed=0)
    MembersForm(model, space, "default").prepare()
    changed = define_space("staged", STAGES, staged)
    changed._build = lambda choice: staged({**choice, "width0": 8})
    form = MembersForm(model, changed, "default")
    direct = model.predict([changed.network(code) for code in codes[:20]])
    assert abs(form.values(codes)[:20] / direct - 1).max() < 1e-5


def test_a_file_that_is_damaged_is_made_anew(space, tmp_path):
    model = tiny().select((0,))
    MembersForm(model, space, "default").prepare()
    _files(tmp_path)[0].write_bytes(b"no arrays")
    form = MembersForm(model, space, "default")
    with pytest.warns(ArchcastWarning, match="is left out and made anew"):
        form.prepare()
    assert form.kind == "sums"
