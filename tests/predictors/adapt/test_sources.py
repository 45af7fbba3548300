from copy import deepcopy

import numpy as np
import pytest

from archcast.core.errors import InputError, UnknownNameError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.predictors.adapt import sources as module
from archcast.predictors.adapt.config import PriorConfig
from archcast.predictors.adapt.prior import fit_prior
from archcast.predictors.adapt.sources import (
    SourceDevices,
    choose_sources,
    learn_prior,
    prior_of,
    source_devices,
)

SOME = ("fpga", "pixel2", "raspi4")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    return tmp_path


def assert_same(one, other, atol=0.0):
    assert (one.space, one.dataset) == (other.space, other.dataset)
    for a, b in zip(one.components, other.components, strict=True):
        assert a.groups == b.groups
        np.testing.assert_allclose(a.mean, b.mean, atol=atol, rtol=0)
        np.testing.assert_allclose(a.root @ a.root.T, b.root @ b.root.T, atol=atol, rtol=0)


def test_all_but_the_device_teach_unless_some_are_named():
    names = source_devices("nasbench201").names
    assert len(names) == len(set(names)) == 27
    assert set(names) - set(choose_sources("nasbench201", None, device="raspi4")) == {"raspi4"}
    assert choose_sources("nasbench201", None, device="board") == names
    assert choose_sources("nasbench201", ["fpga", "fpga"], device=None) == ("fpga",)
    assert choose_sources("nasbench201", (), device="board") == ()


def test_names_that_cannot_teach_are_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'raspi4'"):
        choose_sources("nasbench201", ["raspi5"], device=None)
    with pytest.raises(InputError, match=r"device itself, fpga \(item 1\)"):
        choose_sources("nasbench201", ["raspi4", "fpga"], device="fpga")
    for wrong in ("raspi4", 5, {"raspi4": 1}):
        with pytest.raises(InputError, match="list of devices"):
            choose_sources("nasbench201", wrong, device=None)


@pytest.mark.parametrize("space", ["nasbench201", "hat"])
def test_the_shipped_prior_is_what_the_shipped_sources_teach(space):
    known = source_devices(space)
    assert_same(prior_of(space, known.names), learn_prior(known, known.names), atol=1e-5)


def test_a_prior_is_learned_from_the_named_sources_alone():
    known, space = source_devices("nasbench201"), SPACES["nasbench201"]
    pool = np.unique(space.sample(PriorConfig().pool, seed=PriorConfig().pool_seed), axis=0)
    values = np.stack([known.costs(pool, [name])[:, 0] for name in SOME], axis=1)
    targets = tuple(Target(name, "cifar10") for name in SOME)
    plain = fit_prior(Labels("nasbench201", "latency", "cifar10", targets, pool, values))
    assert_same(prior_of("nasbench201", SOME), plain, atol=1e-5)


def test_what_ships_of_the_target_does_not_matter():
    known = source_devices("nasbench201")
    others = choose_sources("nasbench201", None, device="raspi4")
    model = deepcopy(known.models[0])
    place = [t.device for t in model.targets_].index("raspi4")
    model.weights_[:, place] *= np.random.default_rng(0).uniform(0, 9, len(model.weights_))
    changed = SourceDevices("nasbench201", (model,))
    assert_same(learn_prior(changed, others), learn_prior(known, others))
    with pytest.raises(AssertionError):
        assert_same(learn_prior(changed, SOME), learn_prior(known, SOME))


def test_a_kept_prior_is_used_and_a_damaged_one_replaced(home, monkeypatch):
    learned = []
    monkeypatch.setattr(module, "learn_prior", lambda *a: learned.append(a) or learn_prior(*a))
    first = prior_of("nasbench201", SOME)
    (kept,) = (home / "priors").iterdir()
    content = kept.read_bytes()
    assert_same(prior_of("nasbench201", SOME[::-1]), first)
    assert len(learned) == 1
    for damage in (b"", content[:99], b"PK nonsense"):
        kept.write_bytes(damage)
        assert_same(prior_of("nasbench201", SOME), first)
        assert kept.read_bytes() == content
    assert len(learned) == 4
    assert list((home / "priors").iterdir()) == [kept]


def test_a_kept_prior_is_not_taken_for_other_sources(home):
    known = source_devices("nasbench201")
    model = deepcopy(known.models[0])
    model.weights_ *= 2.0
    changed = SourceDevices("nasbench201", (model,))
    assert module._kept_path(known, SOME) != module._kept_path(changed, SOME)
    assert module._kept_path(known, SOME) != module._kept_path(known, SOME[:2])
    assert module._kept_path(known, SOME) == module._kept_path(known, SOME[::-1])


def test_a_home_that_cannot_be_written_does_no_harm(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("ARCHCAST_HOME", str(blocked))
    assert len(prior_of("nasbench201", SOME).components) > 5


def test_spaces_without_sources_and_costs_of_devices():
    assert source_devices("macro").names == ()
    assert len(prior_of("macro", ()).components) == 1
    known, space = source_devices("mnasnet"), SPACES["mnasnet"]
    codes = space.sample(4, seed=0)
    every = known.costs(codes, ["zcu102"])
    assert every.shape == (4, 2)  # its latency, and its throughput as a time
    assert (every > 0).all()
    throughput = known.costs(codes, ["zcu102"], "throughput")
    np.testing.assert_allclose(
        np.sort(every, axis=1)[:, :1],
        np.sort(np.column_stack([1 / throughput, every.max(axis=1)]), axis=1)[:, :1],
        rtol=1e-6,
    )
    assert known.costs(codes, ["zcu102"], "energy").shape == (4, 0)
