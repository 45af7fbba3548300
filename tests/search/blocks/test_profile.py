"""Profiles against their plain definition, and errors that are as large as they say."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import archcast
from archcast.core.errors import InputError, UnknownNameError
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.fbnet import FBNet
from archcast.featurize.spaces.places import Places
from archcast.search.blocks.figures import draw_gain, draw_profile, save_figure
from archcast.search.blocks.gain import gain_records, gains
from archcast.search.blocks.profile import profile, profile_values
from archcast.search.blocks.statistics import FEWEST, sampled_responses

MADE = ("nasbench201", "macro", "fbnet", "ofa_mbv3", "mnasnet", "skipnet")
COUNTS = {"nasbench201": 30, "macro": 24, "fbnet": 198, "ofa_mbv3": 180, "mnasnet": 264}


def test_an_exhaustive_profile_is_its_plain_definition() -> None:
    space = SPACES["macro"]
    made = profile("macro", metric="accuracy")
    members = space.members(np.arange(space.size))
    values = archcast.load(None, "accuracy", "macro").predict_codes(members).astype(np.float64)
    assert made.exact
    assert not made.found.error.any()
    for layer in range(8):
        for block in range(3):
            having = [v for row, v in zip(members.tolist(), values, strict=True) if row[layer] == block]
            wanted = [
                np.mean(having) - values.mean(),
                np.quantile(having, 0.05) - np.quantile(values, 0.05),
                np.quantile(having, 0.95) - np.quantile(values, 0.95),
            ]
            np.testing.assert_allclose(made.found.response[layer, block], wanted, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(made.found.block, made.found.response.mean(axis=0), rtol=1e-12)


def test_a_table_is_profiled_by_its_measured_values(
    public_tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))
    made = profile("macro", metric="accuracy", table=True)
    from archcast.training.labels import load_labels

    labels = load_labels("macro", "accuracy")
    having = labels.values[labels.codes[:, 3] == 2, 0]
    assert made.found.response[3, 2, 0] == pytest.approx(having.mean() - labels.values.mean(), rel=1e-9)
    assert "table" in made.of


def test_a_table_with_a_few_networks_missing_says_so(
    public_tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHCAST_DATA", str(public_tables))
    made = profile("nasbench201", "raspi4", table=True)
    assert made.found.networks < 15_625
    assert f"no value of {15_625 - made.found.networks:,} networks" in made.of


def test_a_table_of_a_few_networks_is_refused(small_tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    with pytest.raises(InputError, match=r"at least 90%.*fbnet"):
        profile("fbnet", "raspi4", table=True)


@pytest.mark.parametrize("name", MADE)
def test_forcing_a_block_makes_its_layer_exist(name: str) -> None:
    space, places = SPACES[name], SPACES[name].places()
    drawn = space.sample(300, seed=3)
    complete = space.complete(drawn, seed=3)
    np.testing.assert_array_equal(space.normalise(complete.copy()), drawn)
    for place in places.places:
        members = space.raised(complete, place)
        for forced in (place.forced[0], place.forced[-1]):
            forced.force(members)
            assert space.valid(members).all()
            assert np.all(members[:, list(forced.columns)] == np.array(forced.codes))
            if place.depth is not None:
                assert members[:, place.depth[0]].min() >= place.depth[1]
    assert sum(len(p.forced) for p in places.places) == COUNTS.get(name, 1212)


def test_forcing_a_deep_layer_keeps_depths_that_reach_it() -> None:
    space, places = SPACES["ofa_mbv3"], SPACES["ofa_mbv3"].places()
    third = next(p for p in places.places if (p.unit, p.layer) == (1, 2))
    drawn = space.sample(2_000, seed=1)
    members = space.raised(space.complete(drawn, seed=1), third)
    deep = drawn[:, 41] >= 1
    np.testing.assert_array_equal(members[deep], drawn[deep])
    assert (members[~deep, 41] == 1).all()
    assert set(members[~deep, 6].tolist()) == {1, 2, 3}  # a block that was not there is drawn


def test_the_layers_of_the_graph_are_there() -> None:
    space, places = SPACES["ofa_mbv3"], SPACES["ofa_mbv3"].places()
    place = next(p for p in places.places if (p.unit, p.layer) == (4, 3))
    shallow = space.parse([{"ks": [3] * 20, "e": [3] * 20, "d": [2] * 5, "r": 128}])
    members = space.raised(space.complete(shallow, seed=0), place)
    place.forced[-1].force(members)
    kernels = (
        (node.part, node.attributes.get("kernel_shape", (1,))[0]) for node in space.network(members).nodes
    )
    found = {part: kernel for part, kernel in kernels if kernel > 1}
    assert found["stage5.block3"] == 7


def _made_up(codes: np.ndarray) -> np.ndarray:
    """Depends on kernels one by one, and on the depth through what is there."""
    wide = codes[:, :20].astype(np.float64)
    return 1.0 + (wide * np.linspace(0.5, 2.0, 20)).sum(axis=1)


def test_a_sampled_profile_meets_a_known_answer() -> None:
    places = SPACES["ofa_mbv3"].places()
    networks = SPACES["ofa_mbv3"].sample(40_000, seed=0)
    found = sampled_responses(_made_up, SPACES["ofa_mbv3"], networks, seed=0)
    slope = np.linspace(0.5, 2.0, 20)
    members = 9.0 ** np.array([2, 3, 4])
    used = np.array([1.0, 1.0, *(members[1:].sum() / members.sum(), members[2] / members.sum())])
    assert len(places.places) == 20
    assert all(place.forced for place in places.places)
    for p, place in enumerate(places.places):
        for forced in place.forced:
            mean = slope[p] * (forced.codes[0] - 2.0 * used[place.layer])
            if place.layer == 3:  # the third layer comes up as well
                mean += slope[p - 1] * 2.0 * (1.0 - used[2])
            error = found.error[p, forced.block, 0]
            assert abs(found.response[p, forced.block, 0] - mean) < 5.0 * error
            assert error < 0.05


class _Few(FBNet):
    """FBNet with blocks in a few of its places."""

    kept: Places

    def places(self) -> Places:
        return self.kept


def test_standard_errors_are_as_large_as_they_say() -> None:
    """Over 60 samples, responses in units of their errors spread by one, and means are not off."""
    whole, table = SPACES["fbnet"].places(), np.random.default_rng(0).gamma(2.0, size=(22, 9))
    factors = np.exp(0.1 * table)

    def values(codes: np.ndarray) -> np.ndarray:
        return np.exp(0.1 * table[np.arange(22), codes].sum(axis=1))

    few = tuple(whole.places[p]._replace(forced=whole.places[p].forced[:2]) for p in (2, 9))
    two = _Few()
    two.kept = type(whole)(whole.units, whole.layers, whole.blocks[:2], few)
    runs = [sampled_responses(values, two, two.sample(20_000, seed=s), seed=s) for s in range(60)]
    for name in ("response", "block", "baseline"):
        found = np.stack([getattr(r, name) for r in runs])
        errors = np.stack([getattr(r, "error" if name == "response" else f"{name}_error") for r in runs])
        spread = found.std(axis=0, ddof=1) / np.sqrt((errors**2).mean(axis=0))
        by_statistic = spread.reshape(-1, 3).mean(axis=0)
        assert ((by_statistic > 0.75) & (by_statistic < 1.25)).all(), (name, by_statistic)
    mean = factors.mean(axis=1).prod()
    for p, column in enumerate((2, 9)):
        for block in range(2):
            wanted = mean * (factors[column, block] / factors[column].mean() - 1.0)
            own = np.array([r.response[p, block, 0] for r in runs])
            assert abs(own.mean() - wanted) < 4.0 * own.std(ddof=1) / np.sqrt(len(runs))


def test_common_random_numbers_make_errors_smaller() -> None:
    networks = SPACES["fbnet"].sample(FEWEST, seed=0)
    handle = archcast.load("raspi4", "latency", "fbnet")
    found = sampled_responses(handle.predict_codes, SPACES["fbnet"], networks, seed=0)
    assert found.error[:, :, 0].max() < found.baseline_error[0]


def test_the_same_seed_gives_the_same_profile() -> None:
    one, two = (profile("fbnet", "raspi4", samples=FEWEST, seed=4) for _ in range(2))
    np.testing.assert_array_equal(one.found.response, two.found.response)
    other = profile("fbnet", "raspi4", samples=FEWEST, seed=5)
    assert not np.array_equal(one.found.response, other.found.response)


def test_networks_that_have_the_block_are_not_asked_again() -> None:
    asked = []

    def values(codes: np.ndarray) -> np.ndarray:
        asked.append(len(codes))
        return codes[:, 0].astype(np.float64)

    networks = SPACES["fbnet"].sample(FEWEST, seed=0)
    sampled_responses(values, SPACES["fbnet"], networks, seed=0)
    changed = sum(int((networks[:, c] != b).sum()) for c in range(22) for b in range(9))
    assert sum(asked) == FEWEST + changed


def test_progress_and_bounds() -> None:
    told: list[tuple[int, int]] = []
    profile_values(_made_up, "ofa_mbv3", samples=FEWEST, report=lambda *done: told.append(done))
    assert told[0] == (1, 180)
    assert told[-1] == (180, 180)
    with pytest.raises(InputError, match="at least 2000"):
        profile("fbnet", "raspi4", samples=100)
    with pytest.raises(InputError, match="hat has no blocks"):
        profile("hat", "xeon")
    with pytest.raises(UnknownNameError, match="raspi4"):
        profile("fbnet", "raspi5")


def test_gain_is_accuracy_over_cost() -> None:
    def cost(codes: np.ndarray) -> np.ndarray:
        return 1.0 + codes.astype(np.float64) @ np.arange(1.0, 9.0)

    def accuracy(codes: np.ndarray) -> np.ndarray:
        return 50.0 + 3.0 * codes.sum(axis=1)

    profiles = [profile_values(f, "macro", metric=m) for f, m in ((cost, "latency"), (accuracy, "accuracy"))]
    gain, error = gains(*profiles)
    assert np.isnan(gain[:, 0]).all()
    np.testing.assert_allclose(gain[:, 1], 3.0 / np.arange(1.0, 9.0))
    np.testing.assert_allclose(gain[:, 2], 3.0 / np.arange(1.0, 9.0))
    assert not error[:, 1:].any()
    assert len(gain_records(*profiles)) == 16
    with pytest.raises(InputError, match="cost and of accuracy"):
        gains(profiles[1], profiles[0])
    rate = profile_values(cost, "macro", metric="throughput")
    with pytest.raises(InputError, match="throughput, of which more is better"):
        gains(rate, profiles[1])


def test_files_and_pictures(tmp_path: Path) -> None:
    made, accuracy = profile("nasbench201", "raspi4"), profile("nasbench201", metric="accuracy")
    made.save(tmp_path / "p.csv")
    with (tmp_path / "p.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1 + 5 + 30
    one = next(r for r in rows if (r["place_layer"], r["block"]) == ("1-3", "nor_conv_3x3"))
    assert float(one["mean"]) == made.found.response[4, 3, 0]
    made.save(tmp_path / "p.json")
    assert json.loads((tmp_path / "p.json").read_text(encoding="utf-8")) == made.to_json()
    with pytest.raises(InputError, match=r"\.csv or \.json"):
        made.save(tmp_path / "p.txt")
    for name, figure in (("a.png", draw_profile(made)), ("b.png", draw_gain(made, accuracy))):
        save_figure(figure, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 5_000
    shown = draw_profile(made).axes[0].images[0].get_array()
    np.testing.assert_array_equal(shown[:, :-1], made.found.response[:, :, 0].T)
    np.testing.assert_array_equal(shown[:, -1], made.found.block[:, 0])
