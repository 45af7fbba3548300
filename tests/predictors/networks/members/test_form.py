"""Members of a space are answered by tables as by their networks, where such tables are."""

import numpy as np
import pytest
from made_up_networks import tiny
from member_cases import (
    STAGES,
    root,
    staged,
    staged_space,
    tangled_space,
)

from archcast.core.errors import ArchcastWarning, InputError
from archcast.featurize.spaces.defined import DefinedSpace
from archcast.predictors.networks.members import structure
from archcast.predictors.networks.members.form import WORTH, MembersForm
from archcast.predictors.networks.members.predictor import MembersPredictor


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    monkeypatch.setattr(structure, "CHECKED", 96)
    return tmp_path


def _direct(form, codes):
    networks = [form.space.network(code) for code in codes]
    devices = range(len(form.model.devices_))
    return np.concatenate([form.model.select((c,)).predict(networks) for c in devices], axis=1)


@pytest.mark.parametrize("made", [tiny, root])
def test_tables_answer_as_networks_do_on_all_devices(made):
    space = staged_space()
    form = MembersForm(made().select((0, 1)), space, "default")
    codes = space.sample(600, seed=3)
    few = form.values(codes[:20])
    assert form.kind == "direct"
    many = form.values(codes)
    assert form.kind == "sums"
    wanted = _direct(form, codes[:150])
    np.testing.assert_allclose(many[:150], wanted, rtol=1e-5)
    np.testing.assert_allclose(few, wanted[:20], rtol=1e-6)
    assert (form.sums() is None) == (made is root)


def test_few_members_are_built_and_each_once():
    calls = []
    space = DefinedSpace("staged", STAGES, lambda choice: calls.append(1) or staged(choice), None)
    form = MembersForm(tiny(), space, "default")
    form.values(space.sample(WORTH * 4, seed=0))
    assert form.kind == "sums"
    assert structure.CHECKED <= len(calls) < structure.CHECKED + 150


@pytest.mark.parametrize("numbered", [True, False])
def test_layers_may_be_numbered_through_or_named(numbered):
    space = staged_space(numbered=numbered)
    form = MembersForm(tiny(), space, "default")
    form.prepare()
    assert (form.kind, form.why) == ("sums", "")


def test_where_there_are_no_tables_that_is_told_once_and_networks_answer():
    space = tangled_space()
    form = MembersForm(tiny(), space, "default")
    codes = space.sample(WORTH + 60, seed=0)
    with pytest.warns(ArchcastWarning, match="latency of tangled is told from networks one by one"):
        values = form.values(codes)
    assert (form.kind, form.sums()) == ("direct", None)
    np.testing.assert_allclose(values, _direct(form, codes), rtol=1e-6)
    np.testing.assert_array_equal(form.values(codes), values)


def test_what_differs_by_more_than_the_kernels_is_no_table():
    class Odd(type(tiny())):
        def kernel_terms(self, network):
            rows = super().kernel_terms(network)
            rows[-1, 2] += len(network.nodes)
            return rows

    odd = Odd()
    odd.__dict__.update(tiny(("pixel4-tflite2.10-1large",)).__dict__)
    odd.select = lambda columns: odd
    form = MembersForm(odd, staged_space(), "default")
    with pytest.warns(ArchcastWarning, match="what is paid beside kernels differs between members"):
        form.prepare()
    assert form.kind == "direct"


def test_of_a_small_space_all_members_are_built():
    space = DefinedSpace("small", {name: STAGES[name][:2] for name in list(STAGES)[:3]}, _small, None)
    form = MembersForm(root(), space, "default")
    every = space.members(np.arange(space.size))
    np.testing.assert_allclose(form.values(every), _direct(form, every), rtol=1e-5)
    assert form.kind == "sums"


def _small(choice):
    return staged({**{name: values[0] for name, values in STAGES.items()}, **choice})


def test_items_a_second_follow_from_the_latency_of_a_pass_and_its_batch():
    model = tiny().select((2,))
    space = staged_space()
    codes = space.sample(700, seed=1)
    latency = MembersForm(model, space, "default").values(codes)
    for some in (codes[:5], codes):
        rate = MembersForm(model, space, "default", per_second=True).values(some)
        np.testing.assert_allclose(rate, 64_000 / latency[: len(some)], rtol=1e-5)


def test_a_space_whose_members_are_no_product_has_tables_too():
    from archcast.featurize.spaces import SPACES

    space = SPACES["macro"]
    form = MembersForm(root(), space, space.datasets[0])
    codes = space.sample(300, seed=2)
    np.testing.assert_allclose(form.values(codes)[:80], _direct(form, codes[:80]), rtol=1e-5)
    assert form.kind == "sums"


def test_the_predictor_of_members_selects_lowers_and_tells_intervals():
    space = staged_space()
    made = MembersPredictor(tiny().select((0, 1)), space, "default")
    codes = space.sample(400, seed=4)
    one = made.select((1,))
    np.testing.assert_allclose(one.predict(codes)[:, 0], made.predict(codes)[:, 1], rtol=1e-5)
    np.testing.assert_allclose(one.lower().cost.at(codes), one.predict(codes), rtol=1e-5)
    for some in (codes[:3], codes):
        low, high = one.interval(some, 0.9)
        networks = [space.network(code) for code in some]
        for told, wanted in zip((low, high), one.network_model.interval(networks, 0.9), strict=True):
            np.testing.assert_allclose(told, wanted, rtol=2e-3)
    with pytest.raises(InputError, match="must be saved as that of networks"):
        made.header()


def test_intervals_of_items_a_second_are_turned_round():
    space = staged_space()
    latency = MembersPredictor(tiny().select((2,)), space, "default")
    rate = MembersPredictor(tiny().select((2,)), space, "default", per_second=True)
    codes = space.sample(5, seed=4)
    ends, turned = latency.interval(codes, 0.9), rate.interval(codes, 0.9)
    np.testing.assert_allclose(turned[0], 64_000 / ends[1], rtol=1e-5)
    np.testing.assert_allclose(turned[1], 64_000 / ends[0], rtol=1e-5)
