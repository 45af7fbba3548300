"""NAS-Bench-Macro (Su et al., Prioritized Architecture Sampling with Monto-Carlo Tree Search, CVPR 2021).

Eight layers in three stages, one digit each: 0 is identity (a 1x1 convolution where a stage begins), 1 an
inverted residual block of expansion 3 and kernel 3, 2 one of expansion 6 and kernel 5. Codes are the
digits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from archcast.core.arrays import Arch, Codes, Ints
from archcast.core.errors import ParseError
from archcast.featurize.spaces.blocks import classifier, conv_bn, mobile_block
from archcast.featurize.spaces.builder import NetworkBuilder
from archcast.featurize.spaces.chain import Build, ChainSpace, Part, always, fixed_part
from archcast.featurize.spaces.places import Places, column_places
from archcast.featurize.topology import Cells

_PARTS = re.compile(r"[\s,;]")
"""What parts numbers of other notations."""

STAGES = ((0, 1), (2, 3, 4), (5, 6, 7))
"""Columns of each stage; the first layer of a stage halves the side."""
CHANNELS = (64, 128, 256)
STEM, HEAD, SIDE, CLASSES = 32, 1280, 32, 10
BLOCKS = {1: (3, 3), 2: (6, 5)}
"""Digit -> expansion, kernel."""
BLOCK_NAMES = ("identity", *(f"e{e}_k{k}" for e, k in BLOCKS.values()))


class Macro(ChainSpace):
    """The 6,561 networks of NAS-Bench-Macro on CIFAR-10."""

    name = "macro"
    columns = tuple(f"layer_{i}" for i in range(8))
    cardinalities = (3,) * 8
    datasets = ("cifar10",)
    text_notation = True
    term_groups = cost_groups = tuple((i,) for i in range(8))

    def matches(self, item: Arch) -> bool:
        return isinstance(item, str) and item[:1].isdigit() and not _PARTS.search(item.strip())

    def parse_items(self, items: Sequence[Arch]) -> Codes:
        try:
            digits = np.frombuffer("".join(items).encode("ascii"), dtype=np.uint8) - 48
            if set(map(len, items)) == {8} and digits.max() < 3:  # below "0" wraps around to 208
                return digits.reshape(-1, 8).astype(np.int8)
        except UnicodeEncodeError:
            pass
        return np.array([_parse_slowly(item.strip(), i) for i, item in enumerate(items)], dtype=np.int8)

    def format(self, codes: Codes) -> list[Arch]:
        return ["".join(map(str, row)) for row in codes.tolist()]

    def places(self) -> Places:
        units = tuple(f"stage{s + 1}" for s in range(len(STAGES)))
        return column_places(units, STAGES, BLOCK_NAMES)

    def _shown(self, column: int) -> list[str]:
        return list(BLOCK_NAMES)

    def canonical(self, codes: Codes) -> Codes:
        """Zeros after the first layer of a stage moved to the stage's end: 3,969 classes.

        A zero there is identity, so these are the same network; the table's authors trained one of each.
        """
        out = codes.copy()
        for columns in STAGES:
            rest = codes[:, columns[1:]]
            order = np.argsort(rest == 0, axis=1, kind="stable")
            out[:, columns[1:]] = np.take_along_axis(rest, order, axis=1)
        return out

    def parts(self, dataset: str) -> tuple[Part, ...]:
        parts = [fixed_part("stem", _stem, 3, SIDE)]
        channels, side = STEM, SIDE
        for s, columns in enumerate(STAGES):
            for position in range(len(columns)):
                build = _layer(CHANNELS[s], 1 if position else 2)
                name = f"stage{s + 1}.block{position}"
                parts.append(Part(name, 3, build, always(channels, side)))
                channels, side = CHANNELS[s], SIDE // 2 ** (s + 1)
        return (*parts, fixed_part("head", _head, channels, side))

    def part_keys(self, codes: Codes) -> Ints:
        return np.pad(codes.astype(np.int64), ((0, 0), (1, 1)))

    def cells(self, codes: Codes) -> Cells:
        """One cell a stage; stem and head are the same everywhere and left out.

        Width is the stage's output channels. Depth is the number of convolutions on the longest path: 3
        a block, 1 for the 1x1 convolution of a stage that begins with 0, none for identity. Skip is
        width times the residual additions, one a block after the first layer.
        """
        block = codes != 0
        depth, skip = np.zeros((2, len(codes), len(STAGES)))
        width = np.broadcast_to(np.array(CHANNELS, dtype=np.float64), depth.shape)
        for s, columns in enumerate(STAGES):
            depth[:, s] = 3 * block[:, columns].sum(axis=1) + ~block[:, columns[0]]
            skip[:, s] = width[:, s] * block[:, columns[1:]].sum(axis=1)
        return Cells(width, depth, skip)


def _stem(b: NetworkBuilder, x: str) -> str:
    return conv_bn(b, x, STEM, kernel=3, act="relu")


def _head(b: NetworkBuilder, x: str) -> str:
    return classifier(b, conv_bn(b, x, HEAD, kernel=1, act="relu"), CLASSES)


def _layer(channels: int, stride: int) -> Build:
    def build(b: NetworkBuilder, x: str, digit: int) -> str:
        if digit == 0:
            return x if stride == 1 else conv_bn(b, x, channels, kernel=1, stride=stride)
        expansion, kernel = BLOCKS[digit]
        hidden = expansion * b.shape(x)[0]
        return mobile_block(b, x, channels, hidden=hidden, kernel=kernel, stride=stride)

    return build


def _lost(item: str) -> str:
    """A question where spreadsheets, which read digits as a number, have dropped the zeros before it."""
    return ": was a leading 0 lost?" if item.isdigit() and len(item) < 8 else ""


def _parse_slowly(item: str, i: int) -> list[int]:
    """Digits of one architecture, or a ParseError that says where it goes wrong."""
    for position, digit in enumerate(item[:8]):
        if digit not in "012":
            raise ParseError(
                f"macro digit must be one of 0, 1, 2, got {digit!r} at character {position}",
                item=i,
                position=position,
            )
    if len(item) != 8:
        raise ParseError(
            f"macro architecture must be 8 digits like '02012100', got {len(item)} characters{_lost(item)}",
            item=i,
            position=min(len(item), 8),
        )
    return [int(digit) for digit in item]
