"""A home folder with a predictor of its own."""

from pathlib import Path

import pytest
from made_up import additive_labels, fitted_lookup

from archcast.core.settings import predictors_dir
from archcast.predictors import save
from archcast.training.fit import Fitted


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def own(home: Path) -> Fitted:
    fitted = fitted_lookup(additive_labels())
    save(fitted.predictor, predictors_dir() / "boards", card=fitted.card, intervals=fitted.intervals)
    return fitted
