"""The MnasNet-like space of Accel-NASBench (Ahmad et al., 2024): seven blocks, four choices each.

Codes have four columns a block, in the order expansion, kernel, layers, squeeze-excite, and the value's
position among the sorted choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, product
from operator import itemgetter
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from archcast.core.arrays import Arch, Codes, Doubles, Ints
from archcast.core.errors import ParseError, shorten
from archcast.featurize.cost import quantity
from archcast.featurize.encoders.onehot import one_hot
from archcast.featurize.spaces.blocks import classifier, conv_bn, mobile_block
from archcast.featurize.spaces.builder import NetworkBuilder
from archcast.featurize.spaces.chain import Build, ChainSpace, Part, always, fixed_part
from archcast.featurize.spaces.checks import check_integer, check_keys, code_table, small_integers
from archcast.featurize.spaces.places import Forced, Place, Places
from archcast.featurize.topology import Cells

STEM, HEAD, SIDE, CLASSES = 32, 1280, 224, 1000
CHANNELS = (16, 24, 40, 80, 112, 192, 320)
STRIDES = (1, 2, 2, 2, 1, 2, 1)
"""Of the first layer of each block."""
EXPANSIONS, KERNELS = (1, 4, 6), (3, 5)
LAYERS = tuple((1, 2, 3, 4) if block == 5 else (1, 2, 3) for block in range(7))
CHOICES: tuple[tuple[int, ...], ...] = tuple(
    choice for layers in LAYERS for choice in (EXPANSIONS, KERNELS, layers, (0, 1))
)
"""Values of each column; squeeze-excite is 0 or 1."""
COLUMNS = tuple(f"block{b}_{decision}" for b in range(7) for decision in ("e", "k", "l", "se"))
_SE = [c for c in range(len(COLUMNS)) if c % 4 == 3]
_COUNTS = [c for c in range(len(COLUMNS)) if c % 4 != 3]
_counts_of = itemgetter(*(COLUMNS[c] for c in _COUNTS))
_se_of = itemgetter(*(COLUMNS[c] for c in _SE))


class MnasNet(ChainSpace):
    """The MnasNet-like networks of Accel-NASBench on ImageNet at 224 pixels."""

    name = "mnasnet"
    choices: ClassVar = dict(zip(COLUMNS, CHOICES, strict=True))
    datasets = ("imagenet",)
    term_groups = cost_groups = tuple(tuple(range(4 * b, 4 * b + 4)) for b in range(7))

    def parse_items(self, items: Sequence[Arch]) -> Codes:
        values = _plain_values(items)
        if values is not None:
            codes = _CODE_OF[np.arange(len(COLUMNS)), values]
            if codes.min() >= 0:
                return codes
        return np.array([_parse_slowly(item, i) for i, item in enumerate(items)], dtype=np.int8)

    def format(self, codes: Codes) -> list[Arch]:
        out = []
        for row in codes.tolist():
            values = [choices[code] for choices, code in zip(CHOICES, row, strict=True)]
            arch: dict[str, int | bool] = dict(zip(COLUMNS, values, strict=True))
            arch.update((COLUMNS[c], bool(row[c])) for c in _SE)
            out.append(arch)
        return out

    def places(self) -> Places:
        """Seven blocks of up to three or four layers, which are alike: a block is forced on all of them."""
        shapes = list(product(range(len(EXPANSIONS)), range(len(KERNELS)), range(2)))
        blocks = tuple(f"e{EXPANSIONS[e]}_k{KERNELS[k]}" + ("_se" if se else "") for e, k, se in shapes)
        places, names = [], []
        for unit, layers in enumerate(LAYERS):
            columns = (4 * unit, 4 * unit + 1, 4 * unit + 3)
            forced = tuple(Forced(b, columns, shape) for b, shape in enumerate(shapes))
            for layer in range(len(layers)):
                places.append(Place(unit, layer, (4 * unit + 2, layer) if layer else None, forced))
                names.append(str(layer + 1))
        units = tuple(f"block{u}" for u in range(len(LAYERS)))
        return Places(units, tuple(names), blocks, tuple(places))

    def parts(self, dataset: str) -> tuple[Part, ...]:
        parts = [fixed_part("stem", _stem, 3, SIDE)]
        channels, side = STEM, SIDE // 2
        for block in range(7):
            forms = int(np.prod(self.cardinalities[4 * block : 4 * block + 4]))
            build = _block(block)
            parts.append(Part(f"block{block}", forms, build, always(channels, side)))
            channels, side = CHANNELS[block], side // STRIDES[block]
        return (*parts, fixed_part("head", _head, channels, side))

    def part_keys(self, codes: Codes) -> Ints:
        wide = codes.astype(np.int64).reshape(-1, 7, 4)
        tops = np.array(self.cardinalities).reshape(7, 4)
        keys = wide[..., 0]
        for decision in (1, 2, 3):
            keys = keys * tops[:, decision] + wide[..., decision]
        return np.pad(keys, ((0, 0), (1, 1)))

    def terms(self, codes: Codes) -> tuple[tuple[str, ...], Doubles]:
        """Decisions one-hot; in each block also expansion, layers and kernel, or squeeze-excite, together."""
        names, values = super().terms(codes)
        blocks = codes.astype(np.int64).reshape(len(codes), len(CHANNELS), 4)
        joined, columns = list(names), [values.astype(np.float32)]
        for b, layers in enumerate(LAYERS):
            e, k, depth, se = blocks[:, b].T
            forms = len(EXPANSIONS) * len(layers)
            form = e * len(layers) + depth
            plain = one_hot((form * len(KERNELS) + k).astype(np.int8)[:, None], (forms * len(KERNELS),))
            columns += [plain, one_hot(form.astype(np.int8)[:, None], (forms,)) * se[:, None]]
            shapes = [f"block{b}_e{i}_l{n}" for i in EXPANSIONS for n in layers]
            joined += [f"{s}_k{n}" for s in shapes for n in KERNELS] + [f"{s}_se" for s in shapes]
        return tuple(joined), np.concatenate(columns, axis=1).astype(np.float64)

    def cells(self, codes: Codes) -> Cells:
        """One cell a block; stem and head are the same everywhere and left out.

        Width is the block's output channels. Depth is the number of convolutions on the longest path: 3
        a layer, 2 where the expansion is 1; those of squeeze-excite are a side branch and not counted.
        Skip is width times the residual additions, one a layer after the block's first.
        """
        wide = codes.astype(np.float64).reshape(-1, 7, 4)
        layers = wide[..., 2] + 1
        width = np.broadcast_to(np.array(CHANNELS, dtype=np.float64), layers.shape)
        depth = layers * np.where(wide[..., 0] == 0, 2, 3)
        return Cells(width, depth, width * (layers - 1))

    def published_counts(self, codes: Codes, dataset: str | None = None) -> tuple[Doubles, Doubles]:
        """The table's "macs": convolutions and linear, four a batch norm output, pools' additions.

        A global pool of C channels over h x h counts C (h * h + 1); biases, activations, gates and
        residual additions count nothing.
        """
        costs = self.costs(codes, dataset)
        pools = quantity(costs, "inputs", "global_pool") + quantity(costs, "outputs", "global_pool")
        norms = quantity(costs, "outputs", "batch_norm")
        return quantity(costs, "params"), quantity(costs, "macs") + 4 * norms + pools


def _stem(b: NetworkBuilder, x: str) -> str:
    return conv_bn(b, x, STEM, kernel=3, stride=2, act="relu")


def _head(b: NetworkBuilder, x: str) -> str:
    return classifier(b, conv_bn(b, x, HEAD, kernel=1, act="relu"), CLASSES)


def _block(block: int) -> Build:
    def build(b: NetworkBuilder, x: str, key: int) -> str:
        key, squeeze = divmod(key, 2)
        key, layers = divmod(key, len(LAYERS[block]))
        expansion, kernel = EXPANSIONS[key // len(KERNELS)], KERNELS[key % len(KERNELS)]
        for layer in range(LAYERS[block][layers]):
            c_in = b.shape(x)[0]
            x = mobile_block(
                b,
                x,
                CHANNELS[block],
                hidden=c_in * expansion,
                kernel=kernel,
                stride=1 if layer else STRIDES[block],
                expand=expansion > 1,
                reduced=c_in // 4 if squeeze else 0,
            )
        return x

    return build


def _plain_values(items: Sequence[Arch]) -> NDArray[np.uint8] | None:
    """Values of a batch of plain dicts of plain integers and booleans, or None.

    Shapes:
        output: (n, 28)
    """
    if set(map(type, items)) != {dict} or set(map(len, items)) != {len(COLUMNS)}:
        return None
    try:
        counts = small_integers(list(map(_counts_of, items)), len(_COUNTS))
        gates = list(map(_se_of, items))
        if counts is None or not {bool, int}.issuperset(map(type, chain.from_iterable(gates))):
            return None
        squeeze = np.frombuffer(b"".join(map(bytes, gates)), dtype=np.uint8)
    except (KeyError, ValueError):
        return None
    values = np.empty((len(items), len(COLUMNS)), dtype=np.uint8)
    values[:, _COUNTS], values[:, _SE] = counts, squeeze.reshape(-1, len(_SE))
    return values


def _parse_slowly(item: Arch, i: int) -> list[int]:
    """Codes of one architecture, or a ParseError that names the key at fault."""
    values = check_keys(item, COLUMNS, space="mnasnet", index=i)
    codes = []
    for column, choices in zip(COLUMNS, CHOICES, strict=True):
        value = values[column]
        if column.endswith("_se"):
            codes.append(_check_flag(value, column, i))
        else:
            what = f"mnasnet {column}"
            checked = check_integer(value, choices=choices, what=what, item=i, position=column)
            codes.append(choices.index(checked))
    return codes


def _check_flag(value: object, column: str, i: int) -> int:
    if isinstance(value, bool | np.bool_ | int | np.integer) and int(value) in (0, 1):
        return int(value)
    raise ParseError(
        f"mnasnet {column} must be one of False, True, 0, 1, got {shorten(value)}",
        item=i,
        position=column,
    )


_CODE_OF = code_table(CHOICES)
