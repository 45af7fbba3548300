"""What a place depends on is found from few members, and no more is told of it than was seen."""

import numpy as np
import pytest

from archcast.predictors.networks.members.cover import Cover
from archcast.predictors.networks.members.dependence import (
    ABSENT,
    UNSEEN,
    Dependence,
    Position,
    TooManyError,
    first_dependence,
    settle,
)


def _whole(*tops):
    return np.stack([one.reshape(-1) for one in np.indices(tops)], axis=1).astype(np.int8)


def test_values_that_make_no_difference_are_one_class():
    found = first_dependence([np.array([5, 5, 7]), np.array([7, 7]), np.array([1, 2, 7, 1])])
    assert found.decisions == (0, 2)
    assert found.tops == (2, 3)
    assert [own.tolist() for own in found.classes] == [[0, 0, 1], [0, 0], [0, 1, 2, 0]]


def test_contradictions_tell_of_a_decision_that_was_not_seen():
    codes = _whole(2, 3, 2)
    kernels = 1 + codes[:, 0] * (10 + codes[:, 1])
    found = Dependence([np.array([0, 1]), np.zeros(3, dtype=int), np.zeros(2, dtype=int)])
    settle(found, codes, kernels.astype(np.int64))
    assert found.decisions == (0, 1)
    assert (Position.of(found, codes, kernels).at(codes) == kernels).all()


def test_too_many_rows_are_refused():
    with pytest.raises(TooManyError):
        Dependence([np.arange(100), np.arange(100)])


def test_what_equal_decisions_cannot_tell_apart_is_refused():
    codes = np.zeros((2, 1), dtype=np.int8)
    with pytest.raises(TooManyError):
        settle(Dependence([np.zeros(1, dtype=int)]), codes, np.array([1, 2]))


def test_rows_that_were_not_seen_are_missing_but_for_choices_that_have_no_kernel():
    codes = np.array([[0, 0], [0, 1], [1, 0]], dtype=np.int8)
    place = Position.of(Dependence([np.arange(3), np.arange(3)]), codes, np.array([3, 4, ABSENT]))
    told = place.kernels.reshape(3, 3)
    assert told.tolist() == [[3, 4, UNSEEN], [ABSENT] * 3, [UNSEEN] * 3]
    assert place.missing.tolist() == [2, 6, 7, 8]


def test_few_members_show_the_rows_of_all_places():
    nothing = np.zeros((0, 3), dtype=np.int8), np.zeros(0, dtype=np.int64)
    places = [
        Position.of(Dependence([np.arange(3), np.arange(3), np.zeros(3, dtype=int)]), *nothing),
        Position.of(Dependence([np.zeros(3, dtype=int), np.arange(3), np.arange(3)]), *nothing),
    ]
    cover = Cover(places, (3, 3, 3))
    assert cover.rows == 9
    rng = np.random.default_rng(0)
    codes = np.stack([cover.member(rng) for _ in range(16)])
    assert all(set(place.dependence.rows(codes)) == set(range(9)) for place in places)
    assert cover.rows == 0
