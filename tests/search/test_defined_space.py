"""Search, profile, explain, suggest, features, scoring and serving take a space that a user defined."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_up_networks import DEVICES, save_tiny
from member_cases import FEW, STAGES, staged

import archcast
from archcast.core.settings import predictors_dir
from archcast.featurize.spaces import SPACES
from archcast.search.blocks.profile import profile
from archcast.search.explain.contributions import explain
from archcast.serving.scale.score import score
from archcast.serving.scale.sources import Drawn

pytestmark = pytest.mark.filterwarnings("ignore:.* had (a shipped|another) predictor")
PHONE = DEVICES[0]
ARCH = {name: values[-1] for name, values in FEW.items()}


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))
    save_tiny(predictors_dir() / "tiny")
    yield archcast.define_space("staged", FEW, staged)
    SPACES.forget("staged")


@pytest.fixture
def larger(space):
    return archcast.define_space("staged", STAGES, staged)


@pytest.mark.parametrize("by_name", [True, False])
def test_search_finds_the_widest_within_a_limit(space, by_name: bool) -> None:
    result = archcast.search(
        "staged" if by_name else space,
        maximize="accuracy",
        limits=f"latency@{PHONE}<=2",
        score=lambda archs: [sum(arch[f"width{s}"] for s in range(3)) for arch in archs],
        hold="mean",
        evaluations=300,
    )
    best = result.archs[0]
    assert archcast.predict([best], PHONE, space=space)[0] <= 2
    assert best.keys() == FEW.keys()


def test_profile_and_explain_add_up(larger) -> None:
    archcast.load(PHONE, space=larger).prepare()
    found = profile(larger, PHONE, samples=2000)
    assert found.space == "staged"
    by_block = {(r["place_layer"], r["block"]): r["mean"] for r in found.place_records()}
    assert by_block["depth0", "depth0=3"] > by_block["depth0", "depth0=1"]
    told = explain(ARCH, PHONE, space=larger)
    assert told.method == "additive"
    whole = told.baseline + sum(c.value for c in told.contributions)
    np.testing.assert_allclose(whole, archcast.predict([ARCH], PHONE, space=larger)[0], rtol=1e-5)


def test_suggest_features_and_adapting_within_the_space(space) -> None:
    archs = archcast.suggest(space, 6)
    assert len({str(arch) for arch in archs}) == 6
    values = archcast.features(archs, space=space).values[:, 0]
    assert len(values) == 6
    own = archcast.adapt(archs, 1.0 + values / 1e4, "my-board-1", space=space)
    assert own.predict(archs).shape == (6,)
    own.save()
    assert archcast.predict(archs, "my-board-1", space="staged").shape == (6,)


def test_scores_are_written_in_parts(space, tmp_path: Path) -> None:
    done = score(Drawn("staged", 500), tmp_path / "out", space="staged", device=PHONE)
    assert (done.rows, done.unit) == (500, "ms")
