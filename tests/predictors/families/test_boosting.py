import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from made_up import additive_labels

from archcast.core.errors import ArtifactError, MissingPackageError
from archcast.core.installed import install_line
from archcast.featurize.spaces import SPACES
from archcast.predictors import Boosting, BoostingConfig

LABELS = additive_labels(n=200)
QUICK = BoostingConfig(rounds=20, threads=1)
HELD = SPACES["nasbench201"].sample(100, seed=5)


@pytest.fixture(scope="module")
def fitted():
    return Boosting(QUICK).fit(LABELS)


def test_settings_reach_lightgbm():
    made = Boosting(BoostingConfig(rounds=7, num_leaves=3, threads=1, pieces=("decisions",)))
    boosters = made.fit(LABELS).boosters_
    assert len(boosters) == len(LABELS.targets)
    for booster in boosters:
        assert booster.num_trees() == 7
        assert booster.num_feature() == 30
        assert max(tree["num_leaves"] for tree in booster.dump_model()["tree_info"]) == 3
        text = booster.model_to_string()
        assert "[num_leaves: 3]" in text
        assert "[num_threads: 1]" in text


def test_a_step_of_one_decision_is_learned():
    step = np.where(LABELS.codes[:, 2] == 3, 10.0, 1.0)
    labels = replace(LABELS, values=np.stack([step, 1 / step], axis=1))
    config = BoostingConfig(rounds=200, threads=1, feature_fraction=1.0, lambda_l2=0.0)
    found = Boosting(config).fit(labels).predict(HELD)
    expected = np.where(HELD[:, 2] == 3, 10.0, 1.0)
    np.testing.assert_allclose(found, np.stack([expected, 1 / expected], axis=1), rtol=0.05)


def test_missing_values_are_left_out():
    values = LABELS.values.copy()
    values[::2, 0] = np.nan
    both = Boosting(QUICK).fit(replace(LABELS, values=values)).predict(HELD)
    alone = Boosting(QUICK).fit(LABELS.only(("board_a",)).rows(np.arange(1, 200, 2))).predict(HELD)
    np.testing.assert_allclose(both[:, 0], alone[:, 0], rtol=1e-6)


def test_the_seed_draws_rows_and_columns(fitted):
    assert not np.array_equal(Boosting(QUICK).fit(LABELS, seed=1).predict(HELD), fitted.predict(HELD))


def test_one_text_a_target(fitted):
    files = fitted.to_files()
    assert sorted(files) == ["booster_0.txt", "booster_1.txt"]
    swapped = Boosting(QUICK).fit(LABELS)
    swapped._from_files({"booster_0.txt": files["booster_1.txt"], "booster_1.txt": files["booster_0.txt"]})
    np.testing.assert_array_equal(swapped._predict(HELD), fitted._predict(HELD)[:, ::-1])


@pytest.mark.parametrize("content", [b"", b"tree\n", b"\xff\xfe"])
def test_what_is_no_model_is_refused(fitted, content):
    again = Boosting(QUICK).fit(LABELS)
    with pytest.raises(ArtifactError, match=r"booster_1\.txt must be a LightGBM model"):
        again._from_files(fitted.to_files() | {"booster_1.txt": content})


def test_without_lightgbm_the_message_says_how_to_get_it(fitted, monkeypatch):
    files = fitted.to_files()
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    for use in (lambda: Boosting().fit(LABELS), lambda: fitted._from_files(files)):
        with pytest.raises(MissingPackageError, match=re.escape(install_line("train"))):
            use()
