"""The estimators that ship keep their contract, and each mistake has a check that sees it."""

from functools import partial

import numpy as np
import pytest

from archcast.collect.estimate import load_target, make_estimator
from archcast.collect.estimate.roofline import RooflineEstimator
from archcast.featurize.spaces import SPACES
from archcast.testing.estimator_checks import (
    CHECKS,
    check_batch,
    check_estimator,
    check_network,
    check_target,
)

ROOFLINE = "roofline:peak_gmacs=50,bandwidth_gbs=5,pj_per_mac=1,pj_per_byte=20"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(
    ("target", "space"), [(ROOFLINE, "nasbench201"), ("eyeriss-like", "macro"), ("ethos-u55-256", "macro")]
)
def test_an_estimator_keeps_the_contract(tmp_path, monkeypatch, target, space, check):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    check(partial(make_estimator, load_target(target)), SPACES[space])


class Unsteady(RooflineEstimator):
    draws = iter(np.random.default_rng(0).random(10_000).tolist())

    def price_one(self, work):
        cost = super().price_one(work)
        return type(cost)(cost.latency_ms * next(self.draws))


class Foreign(RooflineEstimator):
    hardware_keys = ("peak_gmacs",)


class ByName(RooflineEstimator):
    def total(self, graph):
        cost = super().total(graph)
        return type(cost)(cost.latency_ms + 1.0)


@pytest.mark.parametrize(
    ("broken", "check"), [(Unsteady, check_network), (Foreign, check_target), (ByName, check_batch)]
)
def test_a_mistake_is_seen(broken, check):
    with pytest.raises(AssertionError):
        check(lambda: broken(load_target(ROOFLINE)), SPACES["macro"])
    check_estimator(lambda: RooflineEstimator(load_target(ROOFLINE)), SPACES["macro"])
