from dataclasses import replace

import numpy as np
import pytest
from made_up import additive_labels

from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES
from archcast.predictors import MLP, Additive, MLPConfig
from archcast.predictors.families.mlp_fit import fit_members
from archcast.training.train import make_predictor

SPACE = SPACES["nasbench201"]
SMALL = {"hidden": 24, "members": 1, "epochs": 30, "threads": 1, "decay": 0.01}
LABELS = additive_labels(n=400)
HELD = SPACE.sample(500, seed=9)


def small(**changes):
    return MLP(MLPConfig(**{**SMALL, **changes}))


def interaction(codes):
    """A factor that no sum of terms has: it turns on whether three unrelated edges agree."""
    odd = ((codes[:, 0] > 2).astype(int) + (codes[:, 4] > 2) + (codes[:, 3] > 1)) % 2
    return np.where(odd, 1.5, 1.0)


def noise(shape, spread, seed):
    return np.exp(np.random.default_rng(seed).normal(0, spread, shape))


def structured(codes):
    base = 2.0 + codes.sum(axis=1) / 4
    return np.stack([base * interaction(codes), base], axis=1)


def error(predicted, truth):
    return np.abs(np.log(predicted / truth)).mean(axis=0)


@pytest.fixture(scope="module")
def mixed():
    """One target with structure that terms lack, one that is a sum with noise on it."""
    codes = SPACE.sample(800, seed=3)
    values = structured(codes) * noise((len(codes), 2), [0.01, 0.05], 1)
    return replace(LABELS, codes=codes, values=values)


@pytest.fixture(scope="module")
def corrected(mixed):
    return small(epochs=50).fit(mixed)


def test_the_gate_opens_on_structure_and_shuts_on_noise(mixed, corrected):
    assert corrected.gate_[0] > 0.5
    assert corrected.gate_[1] < 0.2
    alone = Additive().fit(mixed).predict(HELD)
    found, truth = corrected.predict(HELD), structured(HELD)
    assert error(found, truth)[0] < 0.6 * error(alone, truth)[0]
    assert error(found, truth)[1] < 1.1 * error(alone, truth)[1]


def test_an_exact_sum_stays_one():
    fitted = small(epochs=2).fit(LABELS)
    np.testing.assert_array_equal(fitted.gate_, [0, 0])
    np.testing.assert_array_equal(fitted.predict(HELD), Additive().fit(LABELS).predict(HELD))


def test_few_rows_cannot_open_the_gate(mixed):
    few = mixed.rows(np.arange(39))
    np.testing.assert_array_equal(small(epochs=2).fit(few).gate_, [0, 0])


def test_alone_it_predicts_without_a_sum(mixed):
    fitted = small(corrects=False, epochs=60).fit(mixed)
    assert fitted.sum_ is None
    np.testing.assert_array_equal(fitted.gate_, [1, 1])
    assert list(fitted.to_files()) == ["network.npz"]
    assert sorted(small(epochs=2).fit(LABELS).to_files()) == ["additive.npz", "network.npz"]
    assert error(fitted.predict(HELD), structured(HELD))[0] < 0.2


def test_answers_equal_torchs(corrected):
    torch = pytest.importorskip("torch")
    (member,) = corrected.members_
    assert [w.shape for w in member] == [(106, 24), (24,), (24, 24), (24,), (24, 2), (2,)]
    assert {w.dtype for w in member} == {np.dtype(np.float32)}
    x = corrected.standardised(HELD)
    w1, b1, w2, b2, w3, b3 = map(torch.from_numpy, member)
    silu = torch.nn.functional.silu
    expected = silu(silu(torch.from_numpy(x) @ w1 + b1) @ w2 + b2) @ w3 + b3
    z = corrected.sum_._predict(HELD) + expected.numpy() * corrected.gate_
    np.testing.assert_allclose(corrected._predict(HELD), z, rtol=1e-4, atol=1e-5)


def test_members_are_averaged():
    fitted = small(corrects=False, members=2, epochs=3).fit(LABELS)
    both, x = fitted.members_, fitted.standardised(HELD)
    assert not np.array_equal(both[0][0], both[1][0])
    singles = [fitted._correction(x, [member]) for member in both]
    np.testing.assert_allclose(fitted._predict(HELD), (singles[0] + singles[1]) / 2, rtol=1e-6)


def test_the_seed_decides():
    one, same, other = (small(corrects=False, epochs=2).fit(LABELS, seed=s).members_ for s in (0, 0, 1))
    assert len(one[0]) > 0
    for a, b, c in zip(one[0], same[0], other[0], strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)


def test_huge_inputs_do_not_overflow(corrected):
    x = np.full((2, 106), 1e6, dtype=np.float32)
    x[1] *= -1
    assert np.isfinite(corrected._correction(x, corrected.members_)).all()


def test_missing_targets_teach_nothing():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3)).astype(np.float32)
    wanted = np.stack([x[:, 0], np.full(200, np.nan)], axis=1).astype(np.float64)
    wanted[:20, 1] = 5.0
    config = MLPConfig(**{**SMALL, "epochs": 80, "decay": 0.0, "dropout": 0.0, "corrects": False})
    ((w1, b1, w2, b2, w3, b3),) = fit_members(x, wanted, config, members=1, seed=0)

    def silu(v):
        return v / (1 + np.exp(-v))

    out = silu(silu(x @ w1 + b1) @ w2 + b2) @ w3 + b3
    assert np.abs(out[:, 0] - x[:, 0]).mean() < 0.1
    assert np.abs(out[:, 1] - 5.0).mean() < 0.5, "rows without a value must not pull to 0"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, 0) for name in ("hidden", "members", "epochs", "batch", "threads", "rate", "huber")),
        ("rate", float("nan")),
        ("dropout", 1.0),
        ("dropout", -0.1),
    ],
)
def test_settings_outside_their_range_are_named(name, value):
    with pytest.raises(InputError, match=rf"^{name} must be .*, got {value}"):
        make_predictor("mlp", {name: value})
