"""`archcast.search`: methods, budgets, limits, resuming."""

import itertools
import json

import numpy as np
import pytest

import archcast
from archcast.core.errors import InputError, UnknownNameError
from archcast.search.blocks.reduce import ReducedSpace
from archcast.search.loop.methods import METHODS

SPACE = archcast.spaces("nasbench201")
LIMITS = ("latency@raspi4<=12", "latency@eyeriss<=5")


def reachable(hold):
    """Accuracies of all members that keep the limits, from the plain answers."""
    everything = SPACE.members(np.arange(SPACE.size))
    kept = np.ones(SPACE.size, dtype=bool)
    for limit in LIMITS:
        device, value = limit.removeprefix("latency@").split("<=")
        held = archcast.predict(everything, device, space="nasbench201")
        if hold != "mean":
            held = archcast.predict_interval(everything, device, coverage=2 * hold - 1, space="nasbench201")[
                1
            ]
        kept &= held <= float(value)
    return archcast.predict(everything, metric="accuracy", space="nasbench201")[kept]


@pytest.mark.parametrize("hold", [0.9, "mean"])
@pytest.mark.parametrize("method", ["nsga2", "evolution", "annealing", "shgo", "random"])
def test_what_is_found_keeps_the_limits_and_is_good(method, hold):
    found = archcast.search(
        "nasbench201", limits=LIMITS, method=method, hold=hold, evaluations=1200, population=60
    )
    arch = found.archs[:1]
    for limit in LIMITS:
        device, value = limit.removeprefix("latency@").split("<=")
        held = archcast.predict(arch, device)
        if hold != "mean":
            held = archcast.predict_interval(arch, device, coverage=2 * hold - 1)[1]
        assert held[0] <= float(value)
    share = (reachable(hold) > archcast.predict(arch, metric="accuracy")[0]).mean()
    assert share < (0.05 if method == "random" else 0.01)


@pytest.mark.parametrize("method", list(METHODS.values()), ids=lambda m: m.name)
@pytest.mark.parametrize("space", ["macro", "ofa_mbv3"])
def test_budgets_hold_and_nothing_is_scored_twice(method, space):
    asked = []

    def score(codes):
        asked.extend(map(bytes, codes))
        return codes.sum(axis=1)

    found = archcast.search(
        space, score=score, score_takes="codes", method=method.name, evaluations=73, population=20, seed=3
    )
    assert len(asked) == len(set(asked)) == len(found.codes) == 73
    assert found.stopped == "evaluations"
    assert found.front[0]["accuracy@" + archcast.spaces(space).datasets[0] + " (%)"] == found.values.max()


@pytest.mark.parametrize("method", list(METHODS.values()), ids=lambda m: m.name)
def test_the_same_seed_gives_the_same_search(method):
    again = [
        archcast.search("macro", method=method.name, evaluations=60, population=20, seed=s).codes
        for s in (5, 5, 6)
    ]
    np.testing.assert_array_equal(again[0], again[1])
    assert not np.array_equal(again[0], again[2])


def test_several_goals_give_a_front():
    found = archcast.search("nasbench201", maximize="accuracy", minimize="latency@raspi4", evaluations=800)
    assert len(found.front) > 5
    accuracy, latency = found.values[found.front_rows].T
    assert (np.diff(accuracy) < 0).all()
    assert (np.diff(latency) < 0).all()
    with pytest.raises(InputError, match=r"method must be one of .*nsga2.* for 2 goals"):
        archcast.search("nasbench201", minimize=["latency@raspi4", "latency@fpga"], method="evolution")


def test_limits_out_of_reach_tell_the_nearest_value():
    found = archcast.search("nasbench201", limits=["latency@raspi4<=0.5"], evaluations=300, hold="mean")
    assert not found.feasible
    assert found.archs == found.front == []
    nearest = found.reachable["latency@raspi4<=0.5"]
    assert nearest == found.values[:, 1].min()
    assert f"nearest {nearest:.4g} ms" in found.infeasible_text()
    assert "at most 0.5 ms" in found.infeasible_text()
    assert found.nearest["latency@raspi4 (ms)"] == pytest.approx(nearest, rel=1e-5)


def test_a_search_begins_with_what_it_is_given():
    start = SPACE.format(SPACE.sample(7, seed=9))
    found = archcast.search("nasbench201", start=[*start, start[0]], evaluations=40, population=10)
    np.testing.assert_array_equal(found.codes[:7], SPACE.parse(start))


SMALLER = {
    "nasbench201": ReducedSpace("nasbench201", {(0,): ((1,), (3,)), (3,): ((2,), (3,))}),
    "ofa_mbv3": ReducedSpace("ofa_mbv3", {}).like(seed=0),
    "mnasnet": ReducedSpace("mnasnet", {(0, 1, 3): ((0, 0, 0), (1, 1, 1))}),
}
SMALLER["ofa_mbv3"] = ReducedSpace(
    "ofa_mbv3", {columns: allowed[:3] for columns, allowed in SMALLER["ofa_mbv3"].choices.items()}
)


@pytest.mark.parametrize("space", list(SMALLER))
@pytest.mark.parametrize("method", list(METHODS.values()), ids=lambda m: m.name)
def test_a_search_stays_within_a_smaller_space(method, space):
    part = SMALLER[space]
    found = archcast.search(
        space,
        score=lambda codes: codes.sum(axis=1),
        score_takes="codes",
        within=part,
        method=method.name,
        evaluations=90,
        population=20,
        start=part.sample(3, seed=5),
    )
    assert len(found.codes) == 90
    assert part.allows(found.codes).all()
    assert archcast.spaces(space).valid(found.codes).all()


def test_a_smaller_space_is_read_exhausted_and_part_of_what_is_searched(tmp_path):
    path, state = tmp_path / "smaller.json", tmp_path / "state.npz"
    ReducedSpace("macro", {(c,): ((0,),) for c in range(6)}).save(path)
    found = archcast.search("macro", within=path, method="random", evaluations=500, state=state)
    assert (len(found.codes), found.stopped) == (9, "all members of the space were scored")
    with pytest.raises(InputError, match="its within is"):
        archcast.search("macro", method="random", evaluations=500, state=state)
    with pytest.raises(InputError, match=r"must be in the smaller space, got '11111111' \(item 0\)"):
        archcast.search("macro", within=path, start=["11111111"])


@pytest.mark.parametrize("method", ["nsga2", "evolution", "annealing", "random"])
def test_a_stopped_search_goes_on_as_if_it_had_not_been(tmp_path, method):
    state, calls = tmp_path / "state.npz", itertools.count()

    def score(archs):
        if next(calls) == 3:
            raise KeyboardInterrupt
        return SPACE.parse(archs).sum(axis=1)

    words = {"method": method, "population": 20, "seed": 1, "evaluations": 90}
    with pytest.raises(KeyboardInterrupt):
        archcast.search("nasbench201", score=score, state=state, **words)
    asked = []

    def score(archs):  # the same function by its name, which now counts
        asked.extend(archs)
        return SPACE.parse(archs).sum(axis=1)

    resumed = archcast.search("nasbench201", score=score, state=state, **words)
    whole = archcast.search("nasbench201", score=lambda a: SPACE.parse(a).sum(axis=1), **words)
    np.testing.assert_array_equal(resumed.codes, whole.codes)
    assert 0 < len(asked) < 90
    more = archcast.search("nasbench201", score=score, state=state, **(words | {"evaluations": 120}))
    assert len(more.codes) == 120
    np.testing.assert_array_equal(more.codes[:90], whole.codes)


def test_a_state_of_another_search_is_refused(tmp_path):
    state = tmp_path / "state.npz"
    archcast.search("macro", evaluations=20, population=10, state=state)
    with pytest.raises(InputError, match="its seed is '0' and not '1'"):
        archcast.search("macro", evaluations=20, population=10, state=state, seed=1)
    with np.load(state) as file:
        header = json.loads(str(file["header"])) | {"format": 1}
        np.savez(state, header=json.dumps(header), codes=file["codes"], values=file["values"])
    with pytest.raises(InputError, match="must be of format 2, got 1"):
        archcast.search("macro", evaluations=20, population=10, state=state)
    state.write_bytes(b"PK not a state")
    with pytest.raises(InputError, match="cannot be read"):
        archcast.search("macro", evaluations=20, population=10, state=state)


def test_seconds_end_a_search_and_are_kept(tmp_path):
    state = tmp_path / "state.npz"
    words = {"evaluations": None, "seconds": 0.2, "state": state, "method": "random", "population": 5}
    found = archcast.search("fbnet", score=lambda a: np.zeros(len(a)), **words)
    assert found.stopped == "seconds"
    again = archcast.search("fbnet", score=lambda a: np.zeros(len(a)), **words)
    np.testing.assert_array_equal(again.codes, found.codes)


def test_a_small_space_is_exhausted():
    small = archcast.search("macro", method="random", evaluations=7000)
    assert len(small.codes) <= 6561
    assert small.stopped != "evaluations"


def test_predictors_and_functions_take_the_place_of_served_ones():
    codes = SPACE.sample(12, seed=0)
    board = archcast.adapt(codes, 3.0 + codes.sum(axis=1), "my-board", space="nasbench201")
    found = archcast.search(
        "nasbench201",
        limits=["latency<=14"],
        device="my-board",
        predictors={"latency": board, "accuracy": lambda archs: SPACE.parse(archs).sum(axis=1)},
        evaluations=300,
    )
    assert board.predict_interval(found.archs[:1], coverage=0.8)[1][0] <= 14
    assert "function" in found.settings["goals"]
    with pytest.raises(UnknownNameError, match="quantity of predictors"):
        archcast.search("nasbench201", predictors={"energy@my-board": board})
    with pytest.raises(InputError, match="must predict latency of fbnet"):
        archcast.search("fbnet", minimize="latency@my-board", predictors={"latency@my-board": board})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"space": "nasbench"}, "space must be one of"),
        ({"method": "genetic"}, "method must be one of"),
        ({"limits": ["latency<=3"]}, "latency must name a device"),
        ({"limits": ["latency@nowhere<=3"]}, "device for latency"),
        ({"hold": 0.7}, "hold must be mean or a probability of 0.75 to 0.995"),
        ({"hold": "often"}, "hold must be mean or a probability"),
        ({"evaluations": 0}, "evaluations must be a whole number of at least 1"),
        ({"evaluations": None}, "budget must be given"),
        ({"seconds": float("nan")}, "seconds must be above 0"),
        ({"population": 1}, "population must be"),
        ({"seed": -1}, "seed must be"),
        ({"score": 3}, "must be a loaded predictor or a function"),
        ({"score": lambda a: [1.0]}, "one number an architecture"),
        ({"score": lambda a: [float("nan")] * len(a)}, "must give finite numbers"),
        ({"score": lambda a: ["good"] * len(a)}, "must give numbers"),
        ({"score_takes": "text"}, "score_takes must be one of"),
        ({"maximize": ["accuracy", "accuracy@cifar10"]}, "must be a goal once"),
        ({"start": ["|nothing|"]}, "nasbench201"),
    ],
)
def test_mistakes_are_told_in_a_sentence(words, message):
    with pytest.raises(InputError, match=message):
        archcast.search(**({"space": "nasbench201"} | words))


def test_files_hold_the_front(tmp_path):
    found = archcast.search("nasbench201", limits=LIMITS, evaluations=200, population=50)
    found.write_csv(tmp_path / "front.csv")
    found.write_json(tmp_path / "search.json")
    found.write_picture(tmp_path / "search.png")
    lines = (tmp_path / "front.csv").read_text().splitlines()
    assert lines[0].startswith("feasible,arch,accuracy@cifar10 (%),latency@raspi4 (ms)")
    assert len(lines) == 1 + len(found.front)
    kept = json.loads((tmp_path / "search.json").read_text())
    assert (kept["evaluations"], kept["front"], kept["settings"]["method"]) == (200, found.front, "nsga2")
    assert (tmp_path / "search.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="cannot be written"):
        found.write_csv(tmp_path / "none" / "front.csv")
    with pytest.raises(InputError, match="cannot be written"):
        found.write_picture(tmp_path / "front.nothing")


def test_progress_counts_up_to_the_budget():
    told = []
    archcast.search("macro", evaluations=50, population=10, progress=told.append)
    counts = [p.evaluations for p in told]
    assert counts == sorted(counts)
    assert counts[-1] == 50
    assert told[-1].best is not None
