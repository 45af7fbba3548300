import numpy as np
import pytest
from tracked_cases import noisy_labels

from archcast.core.errors import InputError
from archcast.training import learning
from archcast.training.fit import fit
from archcast.training.learning import CurvePoint, curve_of, curve_sizes, learning_curve
from archcast.training.splits import group_split
from archcast.training.train import fit_run, make_predictor

LABELS = noisy_labels()
SPLIT = group_split(LABELS)


def test_sizes_grow_to_the_rows():
    assert curve_sizes(900) == (50, 100, 200, 400, 900)
    assert curve_sizes(1000) == (50, 100, 200, 400, 900, 1000)
    assert curve_sizes(30) == (30,)


def test_subsets_are_nested_and_the_test_is_the_same(monkeypatch):
    seen = []

    def watched(predictor, labels, split, *, seed):
        seen.append(split)
        return fit(predictor, labels, split, seed=seed)

    monkeypatch.setattr(learning, "fit", watched)
    points = learning_curve(make_predictor("linear", {}), LABELS, SPLIT, sizes=[100, 20, 50], seed=4)
    assert [point.rows for point in points] == [20, 50, 100]
    rows = [set(split.train.tolist()) for split in seen]
    assert rows[0] < rows[1] < rows[2] < set(SPLIT.train.tolist())
    assert all(np.array_equal(split.test, SPLIT.test) for split in seen)
    assert points[0].quality["spearman"] < points[-1].quality["spearman"]


def test_the_seed_decides():
    lookup = make_predictor("lookup", {})
    one, same, other = (learning_curve(lookup, LABELS, SPLIT, sizes=[30], seed=s) for s in (0, 0, 1))
    assert one == same
    assert one != other


def test_all_rows_are_the_fit_itself():
    (point,) = learning_curve(make_predictor("linear", {}), LABELS, SPLIT, sizes=[len(SPLIT.train)])
    fitted = fit(make_predictor("linear", {}), LABELS, SPLIT)
    assert point == CurvePoint.of(fitted)
    assert "rows" not in point.quality


def test_of_a_training_run():
    run = fit_run(make_predictor("linear", {"iterations": 7}), LABELS, SPLIT, seed=2)
    curve = curve_of(run)
    assert [point.rows for point in curve] == [50, 100, 200, len(SPLIT.train)]
    assert curve[-1] == CurvePoint.of(run.fitted)
    (first,) = learning_curve(make_predictor("linear", {"iterations": 7}), LABELS, SPLIT, sizes=[50], seed=2)
    assert curve[0] == first


@pytest.mark.parametrize("size", [1, 10_000])
def test_sizes_outside_are_refused(size):
    with pytest.raises(InputError, match=rf"sizes must be 2 to {len(SPLIT.train)}, got {size} \(item 1\)"):
        learning_curve(make_predictor("linear", {}), LABELS, SPLIT, sizes=[50, size])
