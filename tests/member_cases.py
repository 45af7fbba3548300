"""Small spaces whose members have different parts, and predictors of networks with made-up prices."""

from __future__ import annotations

from typing import Any

import numpy as np
from made_up_networks import Tiny, tiny

from archcast.core.arrays import Doubles
from archcast.core.network import Network
from archcast.featurize.spaces.blocks import classifier, conv_bn
from archcast.featurize.spaces.builder import NetworkBuilder
from archcast.featurize.spaces.defined import DefinedSpace

STAGES = {
    f"{what}{s}": values
    for s in range(3)
    for what, values in (("depth", [1, 2, 3]), ("width", [8, 16, 24]), ("kernel", [3, 5]))
}

FEW = {name: [values[0], values[-1]] for name, values in STAGES.items()}
"""The same with 512 members, where all of them are asked for."""


def staged(choice: dict[str, Any], *, numbered: bool = True) -> Network:
    """Stages of residual layers; layers of all stages are numbered through, or named by stage."""
    b = NetworkBuilder()
    b.part = "stem"
    x, number = conv_bn(b, b.input(3, 32), 8, kernel=3, act="relu"), 0
    for s in range(3):
        for i in range(choice[f"depth{s}"]):
            b.part = f"layers.{number}" if numbered else f"stage{s}.layer{i}"
            stride = 2 if i == 0 else 1
            y = conv_bn(b, x, choice[f"width{s}"], kernel=choice[f"kernel{s}"], stride=stride, act="relu")
            x = b.add(x, y) if i else y
            number += 1
    b.part = "head"
    classifier(b, x, 10)
    return b.network()


def tangled(choice: dict[str, Any]) -> Network:
    """One layer whose width is made of all decisions together."""
    b = NetworkBuilder()
    width = 1
    for i, value in enumerate(choice.values()):
        width += value * 3**i
    b.part = "all"
    conv_bn(b, b.input(3, 8), 8 + width, kernel=3, act="relu")
    return b.network()


def staged_space(**kwargs: Any) -> DefinedSpace:
    """5,832 members."""
    return DefinedSpace("staged", STAGES, lambda choice: staged(choice, **kwargs), None)


def tangled_space() -> DefinedSpace:
    """3^9 members, each of a kernel of its own."""
    return DefinedSpace("tangled", {f"d{i}": [0, 1, 2] for i in range(9)}, tangled, None)


class Root(Tiny):
    """The geometric mean of two sums: of prices, and of multiply-adds with a start."""

    family = "root"

    def finish(self, terms: Doubles) -> Doubles:
        """Values."""
        other: Doubles = 3.0 * terms[:, :1] + terms[:, 2:]
        made: Doubles = np.sqrt((terms @ self.prices_) * other)
        return made


def as_root(model: Tiny) -> Root:
    """A predictor of sums as one of geometric means."""
    made = Root(model.config)
    made.__dict__.update(model.__dict__)
    return made


def root() -> Root:
    """The fitted predictor."""
    return as_root(tiny())
