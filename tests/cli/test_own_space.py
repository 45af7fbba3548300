"""The commands take a space that a user defined by its name, as it was saved."""

import json

import numpy as np
import pytest
from made_up_networks import DEVICES, save_tiny
from member_cases import FEW, staged

import archcast
from archcast.core.settings import predictors_dir
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.saved import SavedSpace
from archcast.predictors.networks.members import structure

PHONE = DEVICES[0]
LARGEST = {name: values[-1] for name, values in FEW.items()}
SMALLEST = {name: values[0] for name, values in FEW.items()}


@pytest.fixture
def ask(run, monkeypatch):
    """Call a command on the saved space, as another process would; gives what it prints as JSON."""
    monkeypatch.setattr(structure, "CHECKED", 96)
    save_tiny(predictors_dir() / "tiny")
    archcast.define_space("staged", FEW, staged)
    SPACES.forget("staged")

    def call(*words):
        done = run(*words, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    yield call
    SPACES.forget("staged")


def _told(archs):
    assert isinstance(SPACES["staged"], SavedSpace)
    return archcast.predict(archs, PHONE, space="staged")


def test_predictions_with_intervals_on_several_devices(ask):
    records = ask(
        "predict",
        json.dumps(LARGEST),
        json.dumps(SMALLEST),
        "--space",
        "staged",
        "-d",
        PHONE,
        "-d",
        DEVICES[2],
    )
    assert [r["device"] for r in records] == [PHONE, PHONE, DEVICES[2], DEVICES[2]]
    assert all(r["low"] < r["value"] < r["high"] for r in records)
    np.testing.assert_allclose([r["value"] for r in records[:2]], _told([LARGEST, SMALLEST]), rtol=1e-5)


def test_features_and_suggestions(ask):
    counted = {
        r["feature"]: list(r.values())[1] for r in ask("features", json.dumps(LARGEST), "--space", "staged")
    }
    assert counted["params"] == staged(LARGEST).summary().params
    assert len({r["arch"] for r in ask("suggest", "--space", "staged", "-n", "5")}) == 5


def test_the_search_finds_the_cheapest(ask):
    words = ("search", "--space", "staged", "--device", PHONE, "--minimize", "latency", "--no-track")
    front = ask(*words, "--evaluations", "400", "--population", "40")
    best = json.loads(front[0]["arch"])
    assert best.keys() == FEW.keys()
    np.testing.assert_allclose(_told([best]), _told([SMALLEST]), rtol=0.05)


def test_explanations_and_profiles(ask):
    by_kernels = ask("explain", json.dumps(LARGEST), "--space", "staged", "-d", PHONE, "--by", "kernels")
    np.testing.assert_allclose(sum(r["value"] for r in by_kernels["kernels"]), _told([LARGEST])[0], rtol=1e-5)
    made = ask("explain", json.dumps(LARGEST), "--space", "staged", "-d", PHONE)
    whole = made["baseline"] + sum(r["value"] for r in made["contributions"])
    np.testing.assert_allclose(whole, _told([LARGEST])[0], rtol=1e-4)
    assert ask("profile", "--space", "staged", "-d", PHONE, "--samples", "500")


def test_scores_in_parts(ask, tmp_path):
    to = str(tmp_path / "out")
    told = ask("score", "--space", "staged", "-d", PHONE, "--n", "300", "--part-rows", "100", "--to", to)
    assert (told["rows"], told["parts"], told["unit"]) == (300, 3, "ms")


def test_a_board_of_one_s_own_is_learned_within_the_space(ask, run, tmp_path):
    space = SPACES["staged"]
    archs = space.format(space.sample(8, seed=0))
    rows = [
        {"arch": json.dumps(arch), "latency": float(v)}
        for arch, v in zip(archs, 2 * _told(archs), strict=True)
    ]
    samples = tmp_path / "measured.jsonl"
    samples.write_text("\n".join(map(json.dumps, rows)))
    done = run("adapt", "--space", "staged", "--device", "my-board-2", "--samples", str(samples))
    assert done.code == 0, done.err
    (record,) = ask("predict", json.dumps(LARGEST), "--space", "staged", "-d", "my-board-2")
    np.testing.assert_allclose(record["value"], 2 * _told([LARGEST])[0], rtol=0.3)
