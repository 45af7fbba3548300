import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from archcast.predictors.agreement import FARTHEST, WORSE, agreement, worse_by, worst


@given(arrays(np.float32, (2, 40), elements=st.integers(1, 12).map(float)))
def test_rank_correlation_is_scipys(values):
    a, b = values
    assume(len(set(a)) > 1 and len(set(b)) > 1)
    assert agreement(a, b).spearman == pytest.approx(spearmanr(a, b).statistic, abs=1e-9)


def test_differences_are_relative():
    teacher = np.linspace(1, 1000, 1001, dtype=np.float32)
    found = agreement(teacher * np.float32(1.01), teacher, known_error=0.1)
    for figure in (found.median_difference, found.mean_difference, found.most_difference):
        assert figure == pytest.approx(0.01, rel=1e-3)
    assert found.spearman == pytest.approx(1.0)
    assert found.rows == 1001
    assert found.worse == pytest.approx(0.1, rel=1e-3)
    assert not found.holds
    assert "at most +10.0% larger by its teacher's known error" in str(found)
    assert json.loads(json.dumps(found.to_json())) == found.to_json()


def measured(noise, *, own=0.1, n=800, seed=0):
    """Truth, an export that differs from its teacher by `noise`, and the teacher, off by `own`."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(1, 2, n)
    teacher = truth * (1 + own * rng.normal(size=n))
    return truth, teacher * (1 + noise * rng.normal(size=n)), teacher


@pytest.mark.parametrize(("noise", "holds"), [(0.0, True), (0.002, True), (0.01, True), (0.1, False)])
def test_an_export_holds_when_what_was_measured_says_it_is_no_worse(noise, holds):
    truth, export, teacher = measured(noise)
    found = agreement(export, teacher, measured=(truth, export, teacher))
    assert found.held_out == 800
    assert found.teacher_error == pytest.approx(np.abs(teacher - truth).mean())
    assert found.export_error == pytest.approx(np.abs(export - truth).mean())
    assert (found.worse < WORSE) is holds


@pytest.mark.parametrize(("factor", "holds"), [(1 + 0.9 * FARTHEST, True), (1.64, False), (0.36, False)])
def test_one_answer_far_off_is_enough_to_refuse(factor, holds):
    truth, teacher, _ = measured(0.0, n=20_000)
    teacher = teacher.astype(np.float32)
    export = teacher.copy()
    export[77] *= np.float32(factor)
    found = agreement(export, teacher, measured=(truth[:500], export[100:600], teacher[100:600]))
    assert found.worse <= 0.0
    assert found.spearman > 0.999
    assert found.rare_difference == 0.0
    assert found.most_difference == pytest.approx(abs(factor - 1), rel=1e-3)
    assert found.holds is holds


def test_a_teacher_far_off_leaves_more_room_than_one_that_is_right():
    wide, narrow = (measured(0.003, own=own) for own in (0.2, 0.003))
    assert agreement(wide[1], wide[2], measured=wide).holds
    assert not agreement(narrow[1], narrow[2], measured=narrow).holds


def test_an_export_that_ranks_otherwise_does_not_hold():
    truth, export, teacher = measured(0.0)
    shuffled = np.random.default_rng(1).permutation(teacher)
    found = agreement(shuffled, teacher, measured=(truth, export, teacher))
    assert found.worse == 0.0
    assert not found.holds


def test_the_bound_covers_the_truth_as_often_as_it_says():
    """Pairs of equal size: what is larger in the long run, 0, lies below the bound in 975 of 1000."""
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(1000):
        shared = rng.exponential(size=100)
        one, other = (shared + 0.1 * rng.exponential(size=100) for _ in range(2))
        covered.append(worse_by(one, other) >= 0)
    assert 0.96 < np.mean(covered) < 0.99


def test_errors_of_few_or_none():
    assert worse_by(np.zeros(5), np.zeros(5)) == 0.0
    assert worse_by(np.ones(5), np.zeros(5)) == np.inf
    assert worse_by(np.ones(1), np.ones(1)) == np.inf


def test_without_measurements_and_known_error_only_equal_answers_hold():
    one = np.linspace(1, 2, 50, dtype=np.float32)
    assert agreement(one, one).holds
    assert not agreement(one * np.float32(1.001), one).holds


def test_constants_agree_only_when_equal():
    one = np.ones(10, dtype=np.float32)
    assert agreement(one, one).holds
    assert not agreement(one * 2, one).holds


def test_the_worst_of_several_targets_is_told():
    _, export, teacher = measured(0.01)
    few, same = agreement(export[:50], teacher[:50], known_error=0.5), agreement(teacher, teacher)
    found = worst([few, same])
    assert (found.rows, found.spearman, found.worse) == (50, few.spearman, few.worse)
    assert found.most_difference == few.most_difference
