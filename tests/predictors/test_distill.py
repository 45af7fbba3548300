"""Students of predictors that cannot be written out as tables."""

from dataclasses import replace

import numpy as np
import pytest

from archcast.core.errors import NotFittedError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.predictors import BayesianLinear, Boosting, BoostingConfig, FlopsBaseline
from archcast.predictors.agreement import agreement
from archcast.predictors.distill import STUDENT, DistillError, answers_of, distil
from archcast.predictors.lowered import SumForm, served_form

SPACE = SPACES["fbnet"]
CODES = SPACE.sample(300, seed=1)
COST = 1.0 + CODES @ np.linspace(0.02, 0.3, 22)
LABELS = Labels(
    "fbnet",
    "latency",
    "cifar100",
    (Target("a", "cifar100"), Target("b", "cifar100")),
    CODES,
    np.stack([COST, 2 * COST], axis=1),
)


@pytest.fixture(scope="module")
def teacher():
    return BayesianLinear().fit(LABELS)


def test_a_smooth_teacher_has_a_student(teacher):
    config = replace(STUDENT, hidden=32, epochs=12)
    student, found = distil(teacher, 1, config=config, taught=8000, compared=2000)
    assert found.holds
    assert found.rows == 2000
    assert student.targets_ == (Target("b", "cifar100"),)
    codes = SPACE.sample(3000, seed=99)
    again = agreement(student.predict(codes)[:, 0], teacher.predict(codes)[:, 1])
    assert again.median_difference < 2 * found.median_difference + 1e-4
    assert isinstance(served_form(student, (0,)), SumForm)


def test_a_student_that_disagrees_is_refused():
    jagged = Boosting(BoostingConfig(rounds=60, min_data_in_leaf=2)).fit(
        replace(LABELS, values=LABELS.values * np.random.default_rng(0).uniform(0.7, 1.4, (300, 1)))
    )
    with pytest.raises(DistillError, match=r"student of lightgbm for a is refused, with Spearman 0\.\d+"):
        distil(jagged, 0, config=replace(STUDENT, hidden=8, epochs=1), taught=1000, compared=1000)


def test_an_unfitted_teacher_teaches_nothing():
    with pytest.raises(NotFittedError, match="flops must be fitted"):
        distil(FlopsBaseline(), 0)


def test_answers_do_not_depend_on_the_parts(teacher, monkeypatch):
    whole = answers_of(teacher, CODES, 0)
    monkeypatch.setattr("archcast.predictors.distill._CHUNK", 7)
    np.testing.assert_allclose(answers_of(teacher, CODES, 0), whole, rtol=1e-6)
