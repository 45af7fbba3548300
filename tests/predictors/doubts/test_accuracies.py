"""What is likely wrong with accuracies."""

import numpy as np
import pytest

from archcast.core.errors import InputError
from archcast.predictors.doubts.accuracies import doubts_of_accuracies

RIGHT = [93.2, 71.0, 10.0, 88.4, 91.9]


def test_per_cent_draw_no_doubt():
    assert doubts_of_accuracies(np.array(RIGHT)) == []
    assert doubts_of_accuracies(np.array([73.5, 1.0, 60.1])) == [], "chance on a hundred classes"
    assert doubts_of_accuracies(np.array([46.2, 0.83, 20.0, np.nan])) == []


def test_fractions_are_asked_about():
    (found,) = doubts_of_accuracies(np.array(RIGHT) / 100)
    assert (found.kind, found.items) == ("fraction", ())
    (found,) = doubts_of_accuracies(np.array([*RIGHT, 0.88, 0.91]))
    assert (found.kind, found.items) == ("fraction", (5, 6))
    assert found.text == "accuracy is at most 1 % in 2 of 7: are they fractions?"


def test_repeats_that_disagree_are_named():
    values, groups = np.array([93.2, 9.31, 71.0]), np.array([0, 0, 1])
    (found,) = doubts_of_accuracies(values, groups)
    assert (found.kind, found.items) == ("repeats", (0, 1))
    assert doubts_of_accuracies(values, np.arange(3)) == []


def test_outside_of_0_to_100_is_refused():
    with pytest.raises(InputError, match=r"must be 0 to 100 %, got 932 .item 1"):
        doubts_of_accuracies(np.array([93.2, 932.0]))
