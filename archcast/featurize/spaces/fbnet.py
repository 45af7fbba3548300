"""FBNet (Wu et al., CVPR 2019) as measured by HW-NAS-Bench (Li et al., ICLR 2021): 22 layers, 9 blocks.

Codes are the block's number in each layer, in the order of `BLOCKS`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from archcast.core.arrays import Arch, Codes, Ints
from archcast.featurize.spaces.blocks import classifier, conv_bn, mobile_block
from archcast.featurize.spaces.builder import NetworkBuilder
from archcast.featurize.spaces.chain import Build, ChainSpace, Part, always, fixed_part
from archcast.featurize.spaces.fbnet_notation import BLOCKS, N_LAYERS, parse_items
from archcast.featurize.spaces.foreign import blocks as foreign_blocks
from archcast.featurize.spaces.places import Places, column_places
from archcast.featurize.topology import Cells

SHAPES = ((3, 1, 1), (3, 1, 2), (3, 3, 1), (3, 6, 1), (5, 1, 1), (5, 1, 2), (5, 3, 1), (5, 6, 1))
"""Kernel, expansion and groups of each block but the last."""
SKIP = len(SHAPES)
STAGES = (1, 4, 4, 4, 4, 4, 1)
"""Layers a stage."""
CHANNELS = (16, 24, 32, 64, 112, 184, 352)
STEM = 16


class Input(NamedTuple):
    """What a data set fixes: input side, strides of the stem and of each stage, head, classes."""

    side: int
    stem_stride: int
    strides: tuple[int, ...]
    head: int
    classes: int


INPUTS = {
    "cifar100": Input(32, 1, (1, 1, 2, 2, 1, 2, 1), 1504, 100),
    "imagenet": Input(224, 2, (1, 2, 2, 2, 1, 2, 1), 1984, 1000),
}


class FBNet(ChainSpace):
    """The 9**22 networks of FBNet on CIFAR-100 and ImageNet."""

    name = "fbnet"
    columns = tuple(f"layer_{i}" for i in range(N_LAYERS))
    cardinalities = (len(BLOCKS),) * N_LAYERS
    datasets = tuple(INPUTS)
    looked_up = True
    term_groups = cost_groups = tuple((i,) for i in range(N_LAYERS))
    notations = foreign_blocks.NOTATIONS

    def matches(self, item: Arch) -> bool:
        return isinstance(item, list | tuple | np.ndarray)

    parse_items = staticmethod(parse_items)

    def format(self, codes: Codes) -> list[Arch]:
        return [list(map(int, row)) for row in codes.tolist()]

    def places(self) -> Places:
        ends = np.cumsum([0, *STAGES]).tolist()
        units = tuple(f"stage{s}" for s in range(len(STAGES)))
        return column_places(units, [range(a, b) for a, b in pairwise(ends)], BLOCKS)

    def _shown(self, column: int) -> list[str]:
        return list(BLOCKS)

    def parts(self, dataset: str) -> tuple[Part, ...]:
        given = INPUTS[dataset]
        parts = [fixed_part("stem", _stem(given.stem_stride), 3, given.side)]
        channels, side = STEM, _halved(given.side, given.stem_stride)
        for s, count in enumerate(STAGES):
            first = _layer(CHANNELS[s], given.strides[s])
            parts.append(Part(f"stage{s}.block0", len(BLOCKS), first, always(channels, side)))
            channels, side = CHANNELS[s], _halved(side, given.strides[s])
            later, shape = _layer(channels, 1), always(channels, side)
            parts += [
                Part(f"stage{s}.block{position}", len(BLOCKS), later, shape) for position in range(1, count)
            ]
        return (*parts, fixed_part("head", _head(given.head, given.classes), channels, side))

    def part_keys(self, codes: Codes) -> Ints:
        return np.pad(codes.astype(np.int64), ((0, 0), (1, 1)))

    def cells(self, codes: Codes) -> Cells:
        """One cell a stage, 0 to 6; stem and head are the same everywhere and left out.

        Width is the stage's output channels. Depth is the number of convolutions on the longest path: 3
        a block, 1 for a skip that changes channels or side (a convolution), none for identity. Skip
        is width times the residual additions, one a block that keeps channels and side: all but the
        first of a stage, and in stage 0, which is 16 channels in and out, the first as well.
        """
        block = codes != SKIP
        depth, skip = np.zeros((2, len(codes), len(STAGES)))
        width = np.broadcast_to(np.array(CHANNELS, dtype=np.float64), depth.shape)
        start = 0
        for s, count in enumerate(STAGES):
            own = block[:, start : start + count]
            keeps = s == 0  # stride 1 and STEM == CHANNELS[0] on every data set
            depth[:, s] = 3 * own.sum(axis=1) + (0 if keeps else ~own[:, 0])
            skip[:, s] = width[:, s] * own[:, 0 if keeps else 1 :].sum(axis=1)
            start += count
        return Cells(width, depth, skip)


def _halved(side: int, stride: int) -> int:
    return (side - 1) // stride + 1


def _stem(stride: int) -> Callable[[NetworkBuilder, str], str]:
    return lambda b, x: conv_bn(b, x, STEM, kernel=3, stride=stride, act="relu")


def _head(channels: int, classes: int) -> Callable[[NetworkBuilder, str], str]:
    return lambda b, x: classifier(b, conv_bn(b, x, channels, kernel=1, act="relu"), classes)


def _layer(channels: int, stride: int) -> Build:
    def build(b: NetworkBuilder, x: str, block: int) -> str:
        c_in = b.shape(x)[0]
        if block == SKIP:
            same = stride == 1 and c_in == channels
            return x if same else conv_bn(b, x, channels, kernel=1, stride=stride, act="relu")
        kernel, expansion, groups = SHAPES[block]
        return mobile_block(
            b, x, channels, hidden=c_in * expansion, kernel=kernel, stride=stride, groups=groups
        )

    return build
