"""A service answers for members of every space by its predictors of networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_up_networks import DEVICES, save_tiny
from member_cases import FEW, staged

import archcast
from archcast.core.settings import predictors_dir
from archcast.featurize.spaces import SPACES
from archcast.serving.http.models import Catalogue
from archcast.serving.http.refresh import Refresher

PHONE, _, GPU = DEVICES


@pytest.fixture
def catalogue(alone: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path / "home"))
    save_tiny(predictors_dir() / "tiny")
    archcast.define_space("staged", FEW, staged)
    yield Refresher(keep_versions=2).look(Catalogue())
    SPACES.forget("staged")


@pytest.mark.parametrize("metric", ["latency", "throughput"])
def test_members_are_answered_as_the_package_does(catalogue: Catalogue, metric: str) -> None:
    codes = SPACES["staged"].sample(60, seed=0)
    model = catalogue.find("staged", metric, GPU)
    wanted = archcast.predict(codes, GPU, metric=metric, space="staged")
    np.testing.assert_allclose(model.predict_codes(codes), wanted, rtol=1e-5)
    assert catalogue.find("staged", metric, GPU) is model
    assert catalogue.named(f"staged.{metric}.{GPU}", version=model.entry.digest) is model


def test_names_that_are_not_there_are_told(catalogue: Catalogue) -> None:
    with pytest.raises(archcast.UnknownNameError, match="version of"):
        catalogue.find("staged", "latency", PHONE, version="0")
    with pytest.raises(archcast.UnknownNameError, match="model must be one of"):
        catalogue.named("staged.latency.nowhere")
