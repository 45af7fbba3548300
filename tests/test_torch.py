"""Expected costs of operator distributions, with gradients."""

import numpy as np
import pytest
import torch

import archcast
from archcast.core.labels import Labels, Target
from archcast.core.settings import predictors_dir
from archcast.featurize.spaces import SPACES
from archcast.predictors import Boosting, BoostingConfig, Card, save
from archcast.torch import expected_cost, is_exact

CASES = [
    ("fbnet", "raspi4", "latency"),
    ("fbnet", "eyeriss", "latency"),
    ("nasbench201", "raspi4", "latency"),
    ("macro", None, "accuracy"),
    ("mnasnet", "a100", "throughput"),
    ("mnasnet", None, "accuracy"),
    ("ofa_mbv3", None, "latency"),
    ("hat", None, "latency"),
]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))


def device_of(space, device, metric):
    return device or archcast.devices(space, metric)[0].device


def one_hot(space, codes, dtype=torch.float64):
    columns = torch.tensor(codes.astype(np.int64)).T
    pairs = zip(columns, SPACES[space].cardinalities, strict=True)
    return [torch.nn.functional.one_hot(column, top).to(dtype) for column, top in pairs]


def soft(space, seed, batch=None):
    rng = np.random.default_rng(seed)
    shape = () if batch is None else (batch,)
    tops = SPACES[space].cardinalities
    return [torch.tensor(rng.dirichlet(np.ones(top), size=shape)) for top in tops]


@pytest.mark.parametrize(("space", "device", "metric"), CASES)
def test_certain_decisions_cost_what_is_predicted(space, device, metric):
    device = device_of(space, device, metric)
    codes = SPACES[space].sample(50, seed=3)
    found = expected_cost(one_hot(space, codes), device, space, metric=metric)
    assert found.shape == (50,)
    np.testing.assert_allclose(found, archcast.predict(codes, device, metric, space), rtol=1e-5)


@pytest.mark.parametrize(("space", "device", "metric"), CASES)
def test_gradients_are_those_of_finite_differences(space, device, metric):
    device = device_of(space, device, metric)
    given = [p.requires_grad_() for p in soft(space, 1)]
    cost = expected_cost(given, device, space, metric=metric)
    assert cost.shape == ()
    cost.backward()
    step = 1e-5
    for i in (0, len(given) // 2, len(given) - 1):
        for choice in (0, len(given[i]) - 1):
            ends = []
            for sign in (1, -1):
                moved = [p.detach().clone() for p in given]
                moved[i][choice] += sign * step
                ends.append(float(expected_cost(moved, device, space, metric=metric)))
            difference = (ends[0] - ends[1]) / (2 * step)
            scale = max(abs(difference), abs(float(cost.detach())) * 1e-4)
            assert abs(float(given[i].grad[choice]) - difference) < 1e-4 * scale


def test_a_small_space_is_the_sum_over_all_its_members():
    space = SPACES["nasbench201"]
    codes = space.members(np.arange(space.size))
    given = soft("nasbench201", 7)
    weights = np.prod([p.numpy()[codes[:, i]] for i, p in enumerate(given)], axis=0)
    expected = weights @ archcast.predict(codes, "raspi4").astype(np.float64)
    assert float(expected_cost(given, "raspi4", "nasbench201")) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("device", ["raspi4", "titanxp_64"])
def test_an_additive_cost_is_the_mean_of_drawn_architectures(device):
    given = soft("fbnet", 5)
    rng, n = np.random.default_rng(0), 400_000
    codes = np.stack([rng.choice(len(p), size=n, p=p.numpy()) for p in given], axis=1)
    drawn = archcast.predict(codes, device, space="fbnet").astype(np.float64)
    error = drawn.std() / np.sqrt(n)
    assert abs(float(expected_cost(given, device, "fbnet")) - drawn.mean()) < 5 * error


def test_a_batch_is_one_by_one_and_padding_is_not_read():
    given = soft("mnasnet", 3, batch=4)
    whole = expected_cost(given, None, "mnasnet", metric="accuracy")
    each = [expected_cost([p[i] for p in given], None, "mnasnet", metric="accuracy") for i in range(4)]
    torch.testing.assert_close(whole, torch.stack(each))
    tops = SPACES["mnasnet"].cardinalities
    padded = torch.full((4, len(tops), max(tops)), 9.0, dtype=torch.float64)
    for i, p in enumerate(given):
        padded[:, i, : tops[i]] = p
    torch.testing.assert_close(expected_cost(padded, None, "mnasnet", metric="accuracy"), whole)
    torch.testing.assert_close(expected_cost(padded[0], None, "mnasnet", metric="accuracy"), whole[0])


def test_what_is_exact_says_so():
    for space, device, metric, exact in (
        ("fbnet", "raspi4", "latency", True),
        ("nasbench201", "raspi4", "latency", True),
        ("mnasnet", None, "accuracy", False),
    ):
        assert is_exact(archcast.load(device, metric, space).form) is exact


def test_a_descent_finds_cheaper_decisions():
    logits = torch.zeros(22, 9, requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.5)
    costs = []
    for _ in range(40):
        optimiser.zero_grad()
        cost = archcast.torch.expected_cost(torch.softmax(logits, dim=1), "raspi4", "fbnet")
        cost.backward()
        optimiser.step()
        costs.append(float(cost.detach()))
    found = archcast.predict(logits.detach().argmax(dim=1)[None].numpy(), "raspi4", space="fbnet")
    drawn = archcast.predict(SPACES["fbnet"].sample(5000, seed=0), "raspi4", space="fbnet")
    assert costs[-1] < costs[0]
    assert found[0] <= drawn.min()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda: torch.rand(21, 9), r"shape \(22, 9\)"),
        (lambda: torch.rand(22, 8), r"shape \(22, 9\)"),
        (lambda: [torch.rand(9)] * 21, "22 tensors"),
        (lambda: [torch.rand(9)] * 21 + [torch.rand(8)], r"layer_21 must have 9 entries.*\(item 21\)"),
        (lambda: [torch.rand(9)] * 21 + [torch.ones(9, dtype=int)], "floats"),
        (lambda: [torch.rand(2, 9)] * 21 + [torch.rand(3, 9)], "one batch size"),
        (lambda: [[0.5] * 9] * 22, "floats"),
    ],
)
def test_wrong_shapes_are_told(given, words):
    with pytest.raises(archcast.InputError, match=words):
        expected_cost(given(), "raspi4", "fbnet")


def test_a_predictor_that_is_no_sum_is_refused():
    codes = SPACES["fbnet"].sample(40, seed=0)
    labels = Labels(
        "fbnet", "latency", "cifar100", (Target("d", "cifar100"),), codes, 1.0 + codes[:, :1].astype(float)
    )
    model = Boosting(BoostingConfig(rounds=2)).fit(labels)
    save(model, predictors_dir() / "d", card=Card("d"))
    with pytest.raises(archcast.InputError, match="lightgbm of d is served itself"):
        expected_cost(torch.rand(22, 9), "d", "fbnet")
