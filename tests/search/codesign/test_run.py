import numpy as np
import pytest
from search.codesign_cases import GRID, estimates

from archcast.collect.estimate import load_target
from archcast.collect.estimate.target_files import files
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.search.codesign import run as module
from archcast.search.codesign.costs import CostModels, estimate_grid
from archcast.search.codesign.find import find
from archcast.search.codesign.hardware import HardwareGrid
from archcast.search.codesign.problem import pair_limit
from archcast.search.codesign.run import fit_accuracy, prepare, quick_accuracy
from archcast.search.loop.methods.lattice import LatticeConfig


@pytest.fixture
def models(monkeypatch):
    monkeypatch.setattr(module, "estimate_grid", lambda *_, **__: estimates())
    return prepare("eyeriss-like", grid=GRID)


def test_the_best_pair_keeps_the_limits_and_is_recorded_as_predicted(models):
    limits = [pair_limit("latency<=2"), pair_limit("area<=300")]
    made = find(models.problem(limits))
    assert made.feasible
    records = made.records(3)
    assert len(records) == 3
    for record in records:
        code = SPACES["skipnet"].parse([record["arch"]])
        said = models.accuracy.predict(code)[0, 0]
        assert record["accuracy (%)"] == pytest.approx(float(said), rel=1e-4)
        assert record["latency (ms)"] <= 2.0
        assert record["area (area units)"] <= 300.0
        assert record["clock_mhz"] in GRID.clock_mhz


def test_limits_out_of_reach_are_told_with_the_nearest_pair(models):
    made = find(models.problem([pair_limit("latency<=1e-9")]))
    assert not made.feasible
    assert len(made.records(5)) == 1
    assert "latency<=1e-09 are kept by no pair" in made.infeasible_text()


def test_fewer_starts_and_steps_find_less_and_a_search_repeats_itself(models):
    limits = [pair_limit("latency<=2"), pair_limit("energy<=0.3")]
    best = find(models.problem(limits)).values[0, 0]
    few = find(models.problem(limits), LatticeConfig(starts=1, steps=1))
    assert few.feasible
    assert few.values[0, 0] < best
    again = find(models.problem(limits))
    np.testing.assert_array_equal(again.codes, find(models.problem(limits)).codes)


def test_another_space_is_searched_too(monkeypatch):
    monkeypatch.setattr(module, "estimate_grid", lambda *_, **__: estimates("nasbench201"))
    drawn = SPACES["nasbench201"].sample(200, seed=1)
    made_up = 70 + (drawn == 3).sum(axis=1, keepdims=True) + 0.5 * (drawn == 2).sum(axis=1, keepdims=True)
    labels = Labels("nasbench201", "accuracy", "cifar10", (Target("cifar10", "cifar10"),), drawn, made_up)
    monkeypatch.setattr(module, "load_labels", lambda *_, **__: labels)
    grid = HardwareGrid(("7x6", "14x12"), (108.0,), (200.0,))
    models = prepare("eyeriss-like", grid=grid, space="nasbench201", trained=40)
    problem = models.problem([pair_limit("area<=70")])
    made = find(problem)
    space = problem.pairs.space
    members = SPACES["nasbench201"].members(np.arange(15_625))
    everything = problem.pairs(space.join(members, np.zeros((15_625, 3), dtype=np.int8)))
    assert everything[0, 3] <= 70
    assert made.records(1)[0]["array"] == "7x6"
    assert (everything[:, 0] > made.values[0, 0]).mean() < 1e-3


@pytest.mark.parametrize("family", ["nn_degree", "linear"])
def test_other_predictors_are_asked_as_they_are_served(family):
    model, _ = fit_accuracy(SPACES["skipnet"], family, seed=1)
    codes = SPACES["skipnet"].sample(50, seed=9)
    np.testing.assert_allclose(quick_accuracy(model)(codes), model.predict(codes)[:, 0], rtol=1e-5)


@pytest.mark.parametrize("family", ["nn_degree", "gp", "linear"])
def test_accuracy_is_learned_from_so_many_trained_networks(family):
    predictor, chosen = fit_accuracy(SPACES["skipnet"], family, n=12, seed=3)
    assert predictor.family == family
    assert len(set(chosen)) == 12
    assert np.isfinite(predictor.predict(SPACES["skipnet"].sample(5, seed=0))).all()


@pytest.mark.parametrize("n", [1, 10_000])
def test_other_numbers_of_trained_networks_are_refused(n):
    with pytest.raises(InputError, match="trained networks must be"):
        fit_accuracy(SPACES["skipnet"], n=n)


def test_an_unknown_predictor_is_named():
    for family in ("oracle", "distilled"):
        with pytest.raises(UnknownNameError, match=f"predictor to train .* got '{family}'") as told:
            fit_accuracy(SPACES["skipnet"], family)
        assert {"gp", "nn_degree"} <= {*told.value.choices}
        assert not {"adapted", "distilled", "tabulated"} & {*told.value.choices}


def test_a_target_is_estimated_at_every_point_of_its_grid(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    text = (files("archcast.collect.estimate") / "targets" / "eyeriss-like.yaml").read_text("utf-8")
    head = text[: text.index("grid:")]
    path = tmp_path / "small.yaml"
    path.write_text(head + "grid: {array: [7x6], buffer_kib: [108, 256]}\n", encoding="utf-8")
    code = np.zeros((1, 9), dtype=np.int8)
    told: list[str] = []
    made = estimate_grid(str(path), SPACES["skipnet"], code, dataset="digits", report=told.append)
    assert len(told) == len(load_target(str(path)).points()) == 2
    assert [chip.buffer_kib for chip in made.accelerators] == [108, 256]
    assert made.area[0] < made.area[1]
    assert made.energy_mj[0] < made.energy_mj[1]
    said = CostModels.fit(made).area.predict("skipnet", made.codes, accelerators=made.accelerators)
    np.testing.assert_allclose(said, made.area, rtol=0.01)
