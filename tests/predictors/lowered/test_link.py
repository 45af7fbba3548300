"""Operations between sums and values: each alone, and every combination in NumPy, ONNX Runtime and torch."""

import pickle
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from archcast.predictors.lowered import Lowered
from archcast.predictors.lowered.corrections import Networks
from archcast.predictors.lowered.forms import CombinedForm, lowered_form
from archcast.predictors.lowered.link import (
    Correct,
    Exp,
    Floor,
    Interpolate,
    Reciprocal,
    Round,
    Tail,
    apply,
    floored,
    keeps_sums,
    selected,
    steps,
)
from archcast.predictors.lowered.onnx import onnx_file
from archcast.predictors.lowered.tables import Sum
from archcast.predictors.onnx_model import OnnxModel
from archcast.predictors.scores import NormalScores
from archcast.torch import _expected

TOPS = (3, 2, 4, 2)
GROUPS = ((0, 1), (2,), (3,))
SPACE = SimpleNamespace(cardinalities=TOPS, columns=("a", "b", "c", "d"))
CODES = np.stack(np.unravel_index(np.arange(48), TOPS), axis=1).astype(np.int8)


def table(d, seed, low, high):
    """A made-up sum over groups whose values are about `low` to `high`."""
    rng = np.random.default_rng(seed)
    rows = [int(np.prod([TOPS[c] for c in group])) for group in GROUPS]
    parts = tuple(rng.uniform(low / 3, high / 3, (n, d)) for n in rows)
    return Sum(GROUPS, parts, TOPS)


def networks(c=1, h=5, members=2, seed=0):
    rng = np.random.default_rng(seed)
    shapes = (members, h, h), (members, 1, h), (members, h, c), (c,)
    return Networks(*(rng.normal(0, 0.5, shape).astype(np.float32) for shape in shapes))


CORRECTIONS = {
    "none": None,
    "networks": (networks(), table(10, 3, -2, 2)),
}


SCORES = NormalScores(np.array([10.0, 11.0, 30.0, 31.5]), np.array([0.3, 1.0, 1.4, 4.0]))


def combinations():
    """Every link that a family could make: one of each kind or none, in the order in which they act."""
    both = (False, True)
    for exponent, bound, exact, inverse, correction, ratio, mapped in product(
        both, ("free", "floor", "tail"), both, both, CORRECTIONS, both, both
    ):
        if correction == "none" and ratio:
            continue
        link, hidden = [], None
        if exponent:
            link.append(Exp())
        if bound != "free":
            link.append({"floor": Floor, "tail": Tail}[bound](np.array([1.7])))
        if exact:
            link.append(Round(np.array([True])))
        if inverse:
            link.append(Reciprocal())
        if CORRECTIONS[correction] is not None:
            function, hidden = CORRECTIONS[correction]
            link.append(Correct(function, ratio))
        if mapped:
            link.append(Interpolate((SCORES,)))
        name = f"{exponent}-{bound}-{exact}-{inverse}-{correction}-{ratio}-{mapped}"
        yield pytest.param(Lowered(table(1, 1, 0.9, 3.0), tuple(link), hidden), id=name)


def expected(lowered):
    """Values by the operations' definitions, one number after another."""
    q = lowered.cost.at(CODES)
    for operation in lowered.link:
        if isinstance(operation, Exp):
            q = np.exp(q)
        elif isinstance(operation, Floor):
            q = np.maximum(q, operation.floor)
        elif isinstance(operation, Tail):
            f = operation.floor
            q = np.where(q >= f, q, f * np.exp(q / f - 1))
        elif isinstance(operation, Round):
            q = np.array([[float(f"{v:.5e}") for v in row] for row in q])
        elif isinstance(operation, Reciprocal):
            q = 1 / q
        elif isinstance(operation, Interpolate):
            q = operation.maps[0].inverse(q[:, 0])[:, None]
        else:
            f = plain(operation.correction, lowered.hidden.at(CODES))
            q = q * np.exp(f) if operation.ratio else q + f
    return q


def plain(correction, s):
    def silu(x):
        return x / (1 + np.exp(-x))

    h = correction.w2.shape[1]
    return correction.b3 + sum(
        silu(silu(s[:, i * h : (i + 1) * h]) @ correction.w2[i] + correction.b2[i]) @ correction.w3[i]
        for i in range(len(correction.w2))
    )


@pytest.mark.parametrize("lowered", list(combinations()))
def test_numpy_onnx_and_torch_give_one_meaning(lowered):
    torch = pytest.importorskip("torch")
    want = expected(lowered)
    form = lowered_form(lowered)
    found = form.values(CODES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, want, rtol=3e-6, atol=3e-6)
    np.testing.assert_allclose(form.values(CODES[7:8]), found[7:8], rtol=1e-6, atol=1e-6)
    run = OnnxModel(onnx_file(form, CODES)).run({"codes": CODES})[0]
    np.testing.assert_allclose(run, want, rtol=5e-6, atol=5e-6)
    one_hot = [torch.eye(top, dtype=torch.float64)[CODES[:, i].astype(int)] for i, top in enumerate(TOPS)]
    tensors = _expected(torch, form, one_hot, TOPS).numpy()
    if keeps_sums(form.link):  # floors and digits are left out of what is an expectation
        link = tuple(o for o in form.link if isinstance(o, Tail))
        want = expected(Lowered(lowered.cost, link))
    np.testing.assert_allclose(tensors, want, rtol=1e-5, atol=5e-6)


def test_combinations_are_many():
    assert len(list(combinations())) == 2 * 3 * 2 * 2 * 3 * 2


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 50])
@pytest.mark.parametrize("targets", [1, 3, 27])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_target_is_held_by_its_own_floor(n, targets, dtype):
    rng = np.random.default_rng(n)
    floor = rng.uniform(1, 2, targets)
    q = rng.uniform(0, 3, (n, targets)).astype(dtype)
    (step,) = steps((Floor(floor),), dtype)
    np.testing.assert_array_equal(step(q.copy(), None), np.maximum(q, floor.astype(dtype)))
    assert floored(np.full(targets, -np.inf)) == ()
    (step,) = steps(floored(np.append(floor, -np.inf)), dtype)
    assert step(np.full((1, targets + 1), -9.0, dtype), None)[0, -1] == -9.0


@pytest.mark.parametrize("n", [0, 1, 7, 50])
def test_exact_targets_are_rounded_beside_others(n):
    rng = np.random.default_rng(n)
    q, exact = np.exp(rng.uniform(-9, 9, (n, 4))), np.array([False, True, True, False])
    found = apply((Round(exact),), q.copy())
    told = np.array([[float(f"{value:.5e}") for value in row] for row in q]).reshape(n, 4)
    np.testing.assert_array_equal(found[:, exact], told[:, exact])
    np.testing.assert_array_equal(found[:, ~exact], q[:, ~exact])


def test_rounded_targets_are_summed_in_double_precision_beside_others():
    exact = np.array([False, True, False])
    lowered = Lowered(table(3, 1, 0.9, 3.0), (Round(exact),))
    form = lowered_form(lowered)
    assert isinstance(form, CombinedForm)
    want = lowered.cost.at(CODES)
    want[:, 1] = [float(f"{value:.5e}") for value in want[:, 1]]
    np.testing.assert_allclose(form.values(CODES), want, rtol=3e-7)
    np.testing.assert_array_equal(form.values(CODES)[:, 1], want[:, 1].astype(np.float32))
    alone = lowered_form(lowered.select((0, 2)))
    assert alone.link == ()
    np.testing.assert_array_equal(alone.values(CODES), form.values(CODES)[:, [0, 2]])


def test_a_tail_goes_on_smoothly_below_the_floor():
    q = np.array([[2.1], [2.0], [1.999], [0.0], [-6.0], [-1e6]])
    found = apply((Tail(np.array([2.0])),), q.copy())[:, 0]
    assert (np.diff(found) < 0).all()
    assert found[4] == pytest.approx(2 * np.exp(-4), rel=1e-6)
    assert found[2] == pytest.approx(1.999, rel=1e-6)
    assert np.float32(found[-1]) > 0, "a cost and its inverse are finite and above zero"


def test_operations_that_change_nothing_are_left_out():
    rng = np.random.default_rng(0)
    zero = Networks(rng.normal(size=(1, 2, 2)), rng.normal(size=(1, 1, 2)), np.zeros((1, 2, 2)), np.zeros(2))
    link = (Floor(np.array([0.0, 1.0])), Round(np.array([False, True])), Correct(zero, ratio=True))
    (floor,) = selected(link, (0,))
    assert floor.floor == [0.0]
    assert [type(o) for o in selected(link, (1,))] == [Floor, Round]
    lowered = Lowered(table(2, 0, 1, 2), link, table(2, 1, 1, 2))
    assert lowered.select((0,)).hidden is None


def test_one_target_of_a_correction_answers_as_among_all():
    correction = networks(c=3)
    s = np.random.default_rng(1).normal(size=(6, 10)).astype(np.float32)
    np.testing.assert_allclose(correction.select((2,))(s.copy()), correction(s.copy())[:, 2:], rtol=1e-6)


def test_a_correction_without_its_sums_is_refused():
    with pytest.raises(ValueError, match="must be given the sums"):
        apply((Correct(networks(), ratio=True),), np.ones((1, 1)))


def test_a_map_of_one_value_is_straight():
    one = NormalScores.fit(np.full(3, 7.0))
    found = apply((Interpolate((one, SCORES)),), np.array([[0.0, 0.3], [1.0, 1.4]]))
    np.testing.assert_allclose(found, [[7.0, 10.0], [8.0, 30.0]])
    assert selected((Interpolate((one, SCORES)),), (1,)) == (Interpolate((SCORES,)),)


def test_steps_can_be_sent_to_another_process():
    link = (Exp(), Tail(np.array([2.0])), Floor(np.array([2.0])), Correct(networks(), ratio=False))
    s = np.ones((3, 10), dtype=np.float32)
    want, found = np.ones((3, 1)), np.ones((3, 1))
    for one, other in zip(
        steps(link, np.float64), pickle.loads(pickle.dumps(steps(link, np.float64))), strict=True
    ):
        want, found = one(want, s), other(found, s)
    np.testing.assert_array_equal(found, want)
