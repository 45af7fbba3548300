import numpy as np
import pytest
from made_up import additive_labels

from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES
from archcast.training.splits import Split, group_split, prove_disjoint

LABELS = additive_labels(n=400)


def _groups(rows):
    return set(SPACES["nasbench201"].function_groups(LABELS.codes)[rows].tolist())


def test_sides_cover_everything_and_share_no_group():
    split = group_split(LABELS, held_out=0.25, seed=3)
    assert sorted([*split.train, *split.test]) == list(range(400))
    assert not _groups(split.train) & _groups(split.test)
    every = len(_groups(slice(None)))
    assert len(_groups(split.test)) == round(0.25 * every)
    assert every < 400, "the sample must hold equal architectures for this test to mean anything"


def test_the_seed_decides():
    one, same, other = (group_split(LABELS, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.test, same.test)
    assert not np.array_equal(one.test, other.test)
    assert one.rule != other.rule


def test_nothing_global_is_seeded():
    np.random.seed(7)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    group_split(LABELS, seed=0)
    assert np.random.random() == expected  # noqa: NPY002


def test_rows_limit_training_and_leave_the_test_alone():
    whole, few = group_split(LABELS, seed=2), group_split(LABELS, rows=50, seed=2)
    assert len(few.train) == 50
    assert set(few.train) <= set(whole.train)
    assert np.all(np.diff(few.train) > 0)
    np.testing.assert_array_equal(few.test, whole.test)
    assert len(group_split(LABELS, rows=10_000, seed=2).train) == len(whole.train)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_refuses_a_share_outside(share):
    with pytest.raises(InputError, match="held_out must be above 0 and below 1"):
        group_split(LABELS, held_out=share)


def test_refuses_too_few_rows():
    with pytest.raises(InputError, match="rows must be at least 2, got 1"):
        group_split(LABELS, rows=1)
    with pytest.raises(InputError, match="2 rows on each side"):
        group_split(LABELS.rows(np.arange(4)), held_out=0.01)


def test_proof_names_the_row_that_stands_on_both_sides():
    doubled = LABELS.rows(np.array([0, 1, 2, 1]))
    with pytest.raises(InputError, match=r"both sides \(item 1\)"):
        prove_disjoint(doubled, Split(np.array([0, 1]), np.array([2, 3]), "by hand"))


def test_proof_sees_equals_in_another_dress():
    space = SPACES["nasbench201"]
    codes = space.members(np.arange(space.size))
    groups = space.function_groups(codes)
    first, second = next(
        np.flatnonzero(groups == group)[:2] for group in groups if np.sum(groups == group) > 1
    )
    assert not np.array_equal(codes[first], codes[second])
    labels = additive_labels(n=2)
    object.__setattr__(labels, "codes", codes[[first, second]])
    with pytest.raises(InputError, match="equal architectures on both sides"):
        prove_disjoint(labels, Split(np.array([0]), np.array([1]), "by hand"))
