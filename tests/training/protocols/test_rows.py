import numpy as np
import pytest
from made_up import additive_labels

from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.training.protocols.rows import middle_rows


def labels_of(values):
    values = np.array(values, dtype=np.float64)[:, None]
    codes = SPACES["nasbench201"].members(np.arange(len(values)))
    return Labels("nasbench201", "latency", "cifar10", (Target("d", "cifar10"),), codes, values)


def test_the_middle_by_hand():
    values = [5.0, 1, 20, 3, 4, 6, 7, 8, 9, 2]
    assert middle_rows(labels_of(values), 0, 0.1).tolist() == [0, 3, 4, 5, 6, 7, 8, 9]
    glitches = [5.0, np.nan, 20, 3, 4, np.nan, 7, 8, 9, 2, 11, 12, 13, 14, 15, 16, 17, 18, 19, 10]
    kept = [i for i in range(20) if i not in (1, 5, 2, 18)]
    assert middle_rows(labels_of(glitches), 0, 0.1).tolist() == kept, "a glitch counts among the fastest"
    tied = [1.0] * 10
    assert middle_rows(labels_of(tied), 0, 0.1).tolist() == list(range(1, 9)), "ties are cut in order"
    assert middle_rows(labels_of(tied), 0, 0.0).tolist() == list(range(10))


@pytest.mark.parametrize("column", [0, 1])
def test_a_thousand_rows_leave_eight_hundred(column):
    labels = additive_labels(n=1000)
    kept = middle_rows(labels, column, 0.1)
    assert len(kept) == 800
    cut = np.setdiff1d(np.arange(1000), kept)
    inside, beyond = labels.values[kept, column], labels.values[cut, column]
    assert ((beyond <= inside.min()) | (beyond >= inside.max())).all()
