import numpy as np
import pytest
from made_up import additive_labels

from archcast.core.errors import ArtifactError, InputError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.predictors import BayesianLinear, FlopsBaseline, LookupTable, Tabulated
from archcast.predictors.artifact.arrays import pack
from archcast.predictors.families.tabulated import MAX_MEMBERS

SPACE = SPACES["nasbench201"]


@pytest.fixture(scope="module")
def teacher():
    return BayesianLinear().fit(additive_labels())


@pytest.fixture(scope="module")
def written(teacher):
    return Tabulated.of(teacher)


def test_the_table_is_the_teachers_answers_to_the_last_bit(teacher, written):
    codes = SPACE.members(np.arange(SPACE.size))
    assert written.table_.dtype == np.float32
    answers = np.concatenate([teacher._predict(codes[i : i + 8192]) for i in (0, 8192)])
    np.testing.assert_array_equal(written.table_, answers.astype(np.float32))
    order = np.random.default_rng(0).permutation(SPACE.size)[:3000]
    np.testing.assert_array_equal(written._predict(codes[order]), answers[order].astype(np.float32))
    np.testing.assert_allclose(written.predict(codes[order]), teacher.predict(codes[order]), rtol=1e-6)


def test_it_knows_its_teacher_and_what_it_is_of(teacher, written):
    assert written.config.teacher == "linear"
    expected = teacher.header() | {"family": "tabulated", "config": {"teacher": "linear"}}
    assert written.header() == expected


def test_every_row_is_read_at_its_place():
    space = SPACES["macro"]
    codes = space.members(np.arange(space.size))
    values = 1.0 + codes @ np.array([1.0, 3, 2, 5, 0.5, 4, 0.1, 7])
    labels = Labels("macro", "latency", "cifar10", (Target("d", "cifar10"),), codes[::7], values[::7, None])
    found = Tabulated.of(LookupTable().fit(labels)).predict(codes[::-1])
    np.testing.assert_allclose(found[:, 0], values[::-1], rtol=1e-2)


def test_large_spaces_are_not_written_out():
    space = SPACES["fbnet"]
    codes = space.sample(20, seed=0)
    targets = (Target("d", "cifar100"),)
    labels = Labels("fbnet", "latency", "cifar100", targets, codes, np.arange(1.0, 21)[:, None])
    with pytest.raises(InputError, match=f"fbnet must have at most {MAX_MEMBERS} members .* it has {9**22}"):
        Tabulated.of(FlopsBaseline().fit(labels))


def test_it_is_not_fitted():
    assert not Tabulated.learns
    with pytest.raises(InputError, match=r"made from a fitted predictor, by Tabulated\.of"):
        Tabulated().fit(additive_labels())


@pytest.mark.parametrize("shape", [(15_624, 2), (15_625, 1), (2, 15_625)])
def test_a_table_of_another_shape_is_refused(written, shape):
    again = Tabulated(written.config)
    again._take_header("nasbench201", "latency", "cifar10", written.targets_)
    with pytest.raises(ArtifactError, match=r"table\.npz must have shape \(15625, 2\)"):
        again._from_files({"table.npz": pack({"table": np.zeros(shape, dtype=np.float32)})})
