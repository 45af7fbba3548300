"""Students of predictors that cannot be written out as tables."""

from copy import copy
from dataclasses import replace

import numpy as np
import pytest

from archcast.core.errors import InputError, NotFittedError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.predictors import GP, MLP, BayesianLinear, Distilled, FlopsBaseline, GPConfig, MLPConfig
from archcast.predictors.agreement import agreement
from archcast.predictors.distill import Teaching, answers_of, distil, lessons
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
SHORT = Teaching(taught=6000, hidden=24, epochs=8, batch=128, rate=4e-3)


@pytest.fixture(scope="module")
def teacher():
    return BayesianLinear().fit(LABELS)


@pytest.fixture(scope="module")
def student(teacher):
    return distil(teacher, teaching=SHORT)


def test_a_smooth_teacher_has_a_student_of_all_its_targets(teacher, student):
    assert student.targets_ == teacher.targets_
    assert student.config.teacher == "linear"
    codes = SPACE.sample(3000, seed=99)
    for column in (0, 1):
        found = agreement(student.predict(codes)[:, column], teacher.predict(codes)[:, column])
        assert found.spearman > 0.995
        assert found.median_difference < 0.01
    form = served_form(student, (1,))
    assert isinstance(form, SumForm)
    np.testing.assert_allclose(form.values(codes)[:, 0], student.predict(codes)[:, 1], rtol=2e-5)


def test_the_network_adds_to_the_sum(teacher, student):
    codes = SPACE.sample(2000, seed=98)
    wanted = teacher.predict(codes)[:, 0]
    alone = student.sum_.predict(codes)[:, 0]
    assert np.abs(student.predict(codes)[:, 0] / wanted - 1).mean() < np.abs(alone / wanted - 1).mean() / 2


def test_several_networks_have_a_student_of_one_which_is_nearer_to_their_mean_than_any_was():
    curved = replace(LABELS, values=LABELS.values * (1 + 0.02 * CODES[:, :2].prod(axis=1, keepdims=True)))
    teacher = MLP(MLPConfig(hidden=16, members=3, epochs=6, batch=32)).fit(curved)
    student = distil(teacher, teaching=SHORT)
    assert (student.family, len(student.members_), student.sum_) == ("mlp", 1, teacher.sum_)
    codes = SPACE.sample(1000, seed=97)
    wanted = teacher.correction(codes)

    def far(member):
        one = copy(teacher)
        one.members_ = [member]
        return np.abs(one.correction(codes) - wanted).mean()

    assert far(student.members_[0]) < 0.5 * min(far(member) for member in teacher.members_)
    form = served_form(student, (0, 1))
    np.testing.assert_allclose(form.values(codes), student.predict(codes), rtol=2e-5)


def test_scores_are_learned_before_they_become_values():
    space = SPACES["skipnet"]
    codes = space.sample(60, seed=0)
    accuracy = 90 - 60 * np.exp(-codes.sum(axis=1, dtype=float) / 25)
    labels = Labels("skipnet", "accuracy", "digits", (Target("digits", "digits"),), codes, accuracy[:, None])
    teacher = GP(GPConfig(steps=5)).fit(labels)
    student = distil(teacher, teaching=SHORT)
    (rising,) = student.maps_
    assert rising.values.min() == pytest.approx(accuracy.min())
    given = space.sample(2000, seed=5)
    found = agreement(student.predict(given)[:, 0], teacher.predict(given)[:, 0])
    assert found.spearman > 0.98
    form = served_form(student, (0,))
    assert form.kind == "sums"
    np.testing.assert_allclose(form.values(given), student.predict(given), rtol=2e-5)


def test_the_same_seed_gives_the_same_student(teacher, student):
    again = distil(teacher, teaching=SHORT)
    np.testing.assert_array_equal(again.predict(CODES), student.predict(CODES))


def test_an_unfitted_teacher_teaches_nothing():
    with pytest.raises(NotFittedError, match="flops must be fitted"):
        distil(FlopsBaseline())
    with pytest.raises(InputError, match="by distil"):
        Distilled().fit(LABELS)


@pytest.mark.parametrize("name", ["fbnet", "ofa_mbv3", "mnasnet", "hat", "skipnet"])
def test_lessons_are_members_also_from_the_corners(name):
    space = SPACES[name]
    codes = lessons(space, 2000, seed=0)
    assert len(codes) == 2000
    np.testing.assert_array_equal(space.parse(codes), codes)
    np.testing.assert_array_equal(codes, lessons(space, 2000, seed=0))
    small, drawn = (space.genome().genes(c).sum(axis=1) for c in (codes, space.sample(2000, seed=0)))
    assert small.std() > 1.3 * drawn.std()


def test_answers_do_not_depend_on_the_parts(teacher, monkeypatch):
    whole = answers_of(teacher.predict_checked, CODES)
    monkeypatch.setattr("archcast.predictors.distill._CHUNK", 7)
    np.testing.assert_allclose(answers_of(teacher.predict_checked, CODES), whole, rtol=1e-6)
