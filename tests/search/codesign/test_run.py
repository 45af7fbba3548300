import numpy as np
import pytest
from search.codesign_cases import GRID, estimates

from archcast.collect.estimate import load_target
from archcast.collect.estimate.target_files import files
from archcast.core.errors import InputError, UnknownNameError
from archcast.featurize.spaces import SPACES
from archcast.search.codesign import run as module
from archcast.search.codesign.costs import CostModels, estimate_grid
from archcast.search.codesign.problem import Limit
from archcast.search.codesign.run import find, fit_accuracy, prepare


@pytest.fixture
def models(monkeypatch):
    monkeypatch.setattr(module, "estimate_grid", lambda *_, **__: estimates())
    return prepare("eyeriss-like", grid=GRID)


def test_the_best_pair_keeps_the_limits_and_is_recorded_as_predicted(models):
    limits = [Limit("latency", 2.0), Limit("area", 300.0)]
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
    made = find(models.problem([Limit("latency", 1e-9)]))
    assert not made.feasible
    assert len(made.records(5)) == 1
    assert "latency<=1e-09 are kept by no pair" in made.infeasible_text()


@pytest.mark.parametrize("family", ["nn_degree", "gp", "linear"])
def test_accuracy_is_learned_from_so_many_trained_networks(family):
    predictor, chosen = fit_accuracy(family, n=12, seed=3)
    assert predictor.family == family
    assert len(set(chosen)) == 12
    assert np.isfinite(predictor.predict(SPACES["skipnet"].sample(5, seed=0))).all()


@pytest.mark.parametrize("n", [1, 10_000])
def test_other_numbers_of_trained_networks_are_refused(n):
    with pytest.raises(InputError, match="trained networks must be"):
        fit_accuracy(n=n)


def test_an_unknown_predictor_is_named():
    with pytest.raises(UnknownNameError, match="oracle"):
        fit_accuracy("oracle")


def test_a_target_is_estimated_at_every_point_of_its_grid(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    text = (files("archcast.collect.estimate") / "targets" / "eyeriss-like.yaml").read_text("utf-8")
    head = text[: text.index("grid:")]
    path = tmp_path / "small.yaml"
    path.write_text(head + "grid: {array: [7x6], buffer_kib: [108, 256]}\n", encoding="utf-8")
    code = np.zeros((1, 9), dtype=np.int8)
    told: list[str] = []
    made = estimate_grid(str(path), code, dataset="digits", report=told.append)
    assert len(told) == len(load_target(str(path)).points()) == 2
    assert [chip.buffer_kib for chip in made.accelerators] == [108, 256]
    assert made.area[0] < made.area[1]
    assert made.energy_mj[0] < made.energy_mj[1]
    errors = CostModels.fit(made).errors(made)
    assert max(error.max() for error in errors.values()) < 1
