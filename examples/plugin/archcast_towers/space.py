"""A space: its decisions with their values, and the layers of each network. Everything else follows."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from archcast.core.arrays import Codes
from archcast.core.network import Network
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.blocks import classifier, conv_bn
from archcast.featurize.spaces.builder import NetworkBuilder


class Towers(Space):
    """Towers of convolutions with residual sums: `{"depth": 3, "width": 16, "kernel": 5, "act": "relu"}`."""

    name = "towers"
    choices: ClassVar = {
        "depth": (2, 3, 4, 5),
        "width": (8, 16, 24, 32),
        "kernel": (3, 5),
        "act": ("relu", "hswish"),
    }
    datasets = ("digits",)

    def network(self, code: Codes, dataset: str | None = None, *, live: bool = False) -> Network:
        self.check_dataset(dataset)
        arch = self.format(self.check_codes(np.reshape(code, (1, -1))))[0]
        builder = NetworkBuilder()
        x = builder.input(1, 8)
        for i in range(arch["depth"]):
            builder.part = f"layer{i + 1}"
            y = conv_bn(builder, x, arch["width"], kernel=arch["kernel"], act=arch["act"])
            x = builder.add(x, y) if i else y
        builder.part = "head"
        classifier(builder, x, 10)
        return builder.network()


TOWERS = Towers()
