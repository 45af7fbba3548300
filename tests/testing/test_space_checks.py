"""Built-in spaces keep the contract, a space of few lines does, and each mistake has a check that sees it."""

import numpy as np
import pytest

from archcast.featurize.spaces import SPACES, Space
from archcast.featurize.spaces.blocks import classifier, conv_bn
from archcast.featurize.spaces.builder import NetworkBuilder
from archcast.testing.space_checks import (
    CHECKS,
    check_decisions,
    check_equals,
    check_neighbours,
    check_network,
    check_notation,
    check_refusals,
    check_sample,
    check_space,
    check_sums,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", list(SPACES))
def test_a_space_keeps_the_contract(name, check):
    check(SPACES[name])


class Towers(Space):
    """Plain towers of convolutions; all that a space has to give."""

    name = "towers"
    choices = {"depth": (2, 3, 4), "width": (8, 16, 24), "kernel": (3, 5)}  # noqa: RUF012
    datasets = ("photos", "digits")

    def network(self, code, dataset=None, *, live=False):
        depth, width, kernel = self.format(self.check_codes(np.reshape(code, (1, -1))))[0].values()
        b = NetworkBuilder()
        x = b.input(3, 32) if self.check_dataset(dataset) == "photos" else b.input(1, 8)
        for i in range(depth):
            b.part = f"layer{i}"
            y = conv_bn(b, x, width, kernel=kernel, act="relu")
            x = b.add(x, y) if i else y
        b.part = "head"
        classifier(b, x, 10)
        return b.network()


def test_a_space_of_choices_and_a_graph_keeps_it():
    check_space(Towers())


class Wide(Towers):
    choices = {"depth": (2, 3, 4), "width": tuple(range(150)), "kernel": (3, 5)}  # noqa: RUF012


class Unseeded(Towers):
    def sample(self, n, *, seed):
        return super().sample(n, seed=np.random.default_rng().integers(2**31))


class Mixed(Towers):
    def format(self, codes):
        return [arch | {"depth": 2} for arch in super().format(codes)]


class Lenient(Towers):
    def parse_items(self, items):
        known = [item if isinstance(item, dict) else {"depth": 2, "width": 8, "kernel": 3} for item in items]
        return super().parse_items(known)


class Restless(Towers):
    def canonical(self, codes):
        out = codes.copy()
        out[:, 0] = (out[:, 0] + 1) % 3
        return out


class Lonely(Towers):
    def neighbours(self, codes):
        near, owner = super().neighbours(codes)
        forward = (near - codes[owner]).sum(axis=1) > 0
        return near[forward], owner[forward]


class Cheap(Towers):
    def costs(self, codes, dataset=None, *, live=False):
        return 0.5 * super().costs(codes, dataset, live=live)


class Modest(Towers):
    def peak_bytes(self, codes, dataset=None):
        return 0.5 * super().peak_bytes(codes, dataset)


class Hopeful(Towers):
    cost_groups = ((0,), (1,), (2,))


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (Wide, check_decisions),
        (Unseeded, check_sample),
        (Mixed, check_notation),
        (Lenient, check_refusals),
        (Restless, check_equals),
        (Lonely, check_neighbours),
        (Cheap, check_network),
        (Modest, check_network),
        (Hopeful, check_sums),
    ],
)
def test_a_mistake_is_seen(broken, check):
    with pytest.raises((AssertionError, ValueError)):
        check(broken())
    check(Towers())
