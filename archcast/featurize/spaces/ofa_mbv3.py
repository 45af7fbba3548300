"""Once-for-All MobileNetV3 of width 1.0 (Cai et al., Once-for-All, ICLR 2020): five stages of 2 to 4 blocks.

Codes have 46 columns: kernels ks_0..ks_19 and expansions e_0..e_19, four positions a stage, with 0 for an
unused position; depths d_0..d_4 (0 is 2); resolution r (0 is 128, step 4). A stage of depth d uses its
first d positions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from archcast.core.arrays import Arch, Bools, Codes, Doubles, Ints
from archcast.core.checks import check_whole
from archcast.featurize.encoders.onehot import one_hot
from archcast.featurize.spaces import ofa_mbv3_blocks as blocks
from archcast.featurize.spaces.blocks import conv_bn, mobile_block, rounded_channels
from archcast.featurize.spaces.builder import NetworkBuilder
from archcast.featurize.spaces.chain import Build, ChainSpace, Part
from archcast.featurize.spaces.genome import Genome
from archcast.featurize.spaces.ofa_mbv3_notation import (
    DEPTHS,
    EXPANSIONS,
    KERNELS,
    KEYS,
    N_POSITIONS,
    N_STAGES,
    POSITIONS,
    RESOLUTIONS,
    parse_items,
    used_positions,
)
from archcast.featurize.spaces.places import Decision, Places
from archcast.featurize.topology import Cells

STEM, FINAL, MIX, CLASSES = 16, 960, 1280, 1000
CHANNELS = (24, 40, 80, 112, 160)
STRIDES = (2, 2, 2, 1, 2)
"""Of the first block of each stage."""
ACTIVATIONS = ("relu", "relu", "hswish", "hswish", "hswish")
SQUEEZED = (False, True, False, True, True)
_KS, _E = slice(0, N_POSITIONS), slice(N_POSITIONS, 2 * N_POSITIONS)
_D, _R = slice(2 * N_POSITIONS, -1), 45
_FORMS = 1 + len(KERNELS) * len(EXPANSIONS)
"""Forms of a position at one resolution: unused, or one of the kernels and expansions."""


class OFAMobileNetV3(ChainSpace):
    """The sub-networks of Once-for-All MobileNetV3, width 1.0, on ImageNet at 128 to 224 pixels."""

    name = "ofa_mbv3"
    keys = KEYS
    columns = (
        *(f"ks_{p}" for p in range(N_POSITIONS)),
        *(f"e_{p}" for p in range(N_POSITIONS)),
        *(f"d_{s}" for s in range(N_STAGES)),
        "r",
    )
    cardinalities = (4,) * (2 * N_POSITIONS) + (len(DEPTHS),) * N_STAGES + (len(RESOLUTIONS),)
    datasets = ("imagenet",)
    term_groups = (*((p, N_POSITIONS + p) for p in range(N_POSITIONS)), (_R,))
    cost_groups = tuple((_R, p, N_POSITIONS + p) for p in range(N_POSITIONS))

    parse_items = staticmethod(parse_items)

    def format(self, codes: Codes) -> list[Arch]:
        kernels, expansions = np.array([0, *KERNELS]), np.array([0, *EXPANSIONS])
        ks, e = kernels[codes[:, _KS]].tolist(), expansions[codes[:, _E]].tolist()
        d = np.array(DEPTHS)[codes[:, _D]].tolist()
        r = np.array(RESOLUTIONS)[codes[:, _R]].tolist()
        return [dict(zip(KEYS, row, strict=True)) for row in zip(ks, e, d, r, strict=True)]

    def normalise(self, codes: Codes) -> Codes:
        unused = ~used_positions(codes[:, _D])
        codes[:, _KS][unused] = 0
        codes[:, _E][unused] = 0
        return codes

    # -- the set ------------------------------------------------------------------------------------

    @cached_property
    def size(self) -> int:
        """25 (9**2 + 9**3 + 9**4)**5."""
        choices = len(KERNELS) * len(EXPANSIONS)
        return len(RESOLUTIONS) * int(sum(choices**d for d in DEPTHS) ** N_STAGES)

    def valid(self, codes: Codes) -> Bools:
        """Whether each row is a member: in range, and positions chosen exactly where they are used."""
        in_range: Bools = super().valid(codes)
        used = used_positions(codes[:, _D])
        agree = ((codes[:, _KS] != 0) == used) & ((codes[:, _E] != 0) == used)
        out: Bools = in_range & np.all(agree, axis=1)
        return out

    def sample(self, n: int, *, seed: int) -> Codes:
        check_whole(n, "n", least=1)
        rng = np.random.default_rng(seed)
        codes = np.empty((n, len(self.columns)), dtype=np.int8)
        codes[:, : 2 * N_POSITIONS] = rng.integers(1, 4, size=(n, 2 * N_POSITIONS))
        members = np.array([(len(KERNELS) * len(EXPANSIONS)) ** d for d in DEPTHS])
        codes[:, _D] = rng.choice(len(DEPTHS), size=(n, N_STAGES), p=members / members.sum())
        codes[:, _R] = rng.integers(0, len(RESOLUTIONS), size=n)
        return self.normalise(codes)

    def neighbours(self, codes: Codes) -> tuple[Codes, Ints]:
        """All members one edit away.

        An edit changes the kernel or the expansion of a used position, or the resolution, or drops the
        last position of a stage, or adds one with any kernel and expansion.

        Shapes:
            codes: (n, 46); output: (m, 46) and (m,), the row each neighbour belongs to
        """
        codes = self.check_codes(np.asarray(codes))
        groups = [_changed(codes), _resized(codes), _dropped(codes), _added(codes)]
        edited, owner = (np.concatenate(arrays) for arrays in zip(*groups, strict=True))
        order = np.argsort(owner, kind="stable")
        return edited[order], owner[order]

    def genome(self) -> Genome:
        return blocks.OFAGenome(self)

    def places(self) -> Places:
        return blocks.places()

    def complete(self, codes: Codes, *, seed: int) -> Codes:
        return blocks.complete(codes, seed=seed)

    def decisions(self, codes: Codes) -> tuple[Decision, ...]:
        return blocks.decisions(codes)

    def label(self, columns: Sequence[int]) -> str:
        return blocks.layer_name(columns[0]) if len(columns) == 2 else super().label(columns)

    def choice(self, decision: Decision, codes: Codes) -> str:
        return blocks.choice(decision.columns, codes)

    def shares(self, group: Sequence[int], rows: Codes) -> Doubles | None:
        return blocks.shares(group, rows) if len(group) == 2 else np.full(len(rows), 1.0 / len(rows))

    # -- the network --------------------------------------------------------------------------------

    def parts(self, dataset: str) -> tuple[Part, ...]:
        many = len(RESOLUTIONS)
        parts = [
            Part("stem", many, _stem, _shape(3, 0, 1)),
            Part("first", many, _first, _shape(STEM, 1, 1)),
        ]
        channels, halvings = STEM, 1
        for s in range(N_STAGES):
            first = Part("", many * _FORMS, _block(s, STRIDES[s]), _shape(channels, halvings))
            channels, halvings = CHANNELS[s], halvings + (STRIDES[s] == 2)
            later = Part("", many * _FORMS, _block(s, 1), _shape(channels, halvings))
            for position in range(POSITIONS):
                like = later if position else first
                name = f"stage{s + 1}.block{position}"
                parts.append(Part(name, like.n_keys, like.build, like.input_shape))
        return (*parts, Part("head", many, _head, _shape(channels, halvings, 1)))

    def part_keys(self, codes: Codes) -> Ints:
        wide = codes.astype(np.int64)
        r = wide[:, _R : _R + 1]
        form = (wide[:, _KS] - 1) * len(EXPANSIONS) + wide[:, _E]
        forms = r * _FORMS + np.where(wide[:, _KS] == 0, 0, form)
        return np.concatenate([r, r, forms, r], axis=1)

    def terms(self, codes: Codes) -> tuple[tuple[str, ...], Doubles]:
        """Kernel and expansion of each used position together; resolution and its square."""
        wide = codes.astype(np.int64)
        form = np.where(wide[:, _KS] == 0, 0, (wide[:, _KS] - 1) * len(EXPANSIONS) + wide[:, _E])
        pairs = [(k, e) for k in KERNELS for e in EXPANSIONS]
        names = [
            f"block{i // POSITIONS}_{i % POSITIONS}=k{k}e{e}" for i in range(N_POSITIONS) for k, e in pairs
        ]
        pairs_of = one_hot(form.astype(np.int8), (_FORMS,) * N_POSITIONS).reshape(
            len(codes), N_POSITIONS, _FORMS
        )
        side = wide[:, _R, None] / (len(RESOLUTIONS) - 1) - 0.5
        values = np.concatenate([pairs_of[:, :, 1:].reshape(len(codes), -1), side, side**2], axis=1)
        return (*names, "resolution", "resolution_squared"), values.astype(np.float64)

    def cells(self, codes: Codes) -> Cells:
        """One cell a stage; stem, first block and head are the same everywhere and left out.

        Width is the stage's output channels. Depth is the number of convolutions on the longest path, 3
        a block; those of squeeze-excite are a side branch and not counted. Skip is width times the
        residual additions, one a block after the stage's first.
        """
        count = codes[:, _D].astype(np.float64) + DEPTHS[0]
        width = np.broadcast_to(np.array(CHANNELS, dtype=np.float64), count.shape)
        return Cells(width, 3 * count, width * (count - 1))


def _shape(channels: int, halvings: int, forms: int = _FORMS) -> Callable[[int], tuple[int, int]]:
    """Input shape by key, whose resolution is `key // forms`; sides halve rounding up."""
    sides = [-(-r // 2**halvings) for r in RESOLUTIONS]
    return lambda key: (channels, sides[key // forms])


def _stem(b: NetworkBuilder, x: str, _: int) -> str:
    return conv_bn(b, x, STEM, kernel=3, stride=2, act="hswish")


def _first(b: NetworkBuilder, x: str, _: int) -> str:
    return mobile_block(b, x, STEM, hidden=STEM, kernel=3, expand=False)


def _head(b: NetworkBuilder, x: str, _: int) -> str:
    x = b.global_pool(conv_bn(b, x, FINAL, kernel=1, act="hswish"))
    return b.linear(b.pointwise(b.conv(x, MIX, kernel=1), "hswish"), CLASSES)


def _block(stage: int, stride: int) -> Build:
    def build(b: NetworkBuilder, x: str, key: int) -> str:
        form = key % _FORMS
        if form == 0:
            return x
        kernel, expansion = divmod(form - 1, len(EXPANSIONS))
        hidden = b.shape(x)[0] * EXPANSIONS[expansion]
        return mobile_block(
            b,
            x,
            CHANNELS[stage],
            hidden=hidden,
            kernel=KERNELS[kernel],
            stride=stride,
            act=ACTIVATIONS[stage],
            reduced=rounded_channels(hidden // 4) if SQUEEZED[stage] else 0,
        )

    return build


Edits = tuple[Codes, Ints]
"""(m, 46) edited codes and (m,) the rows they come from."""


def _changed(codes: Codes) -> Edits:
    """Kernel or expansion of one used position changed to each of the two others."""
    owners, columns = np.nonzero(codes[:, : 2 * N_POSITIONS])
    owner, column = np.repeat(owners, 2), np.repeat(columns, 2)
    out = codes[owner]
    rows = np.arange(len(owner))
    out[rows, column] = (out[rows, column] + rows % 2) % 3 + 1
    return out, owner


def _resized(codes: Codes) -> Edits:
    """Resolution changed to each of the others."""
    n, many = len(codes), len(RESOLUTIONS)
    owner = np.repeat(np.arange(n), many - 1)
    out = codes[owner]
    shift = np.tile(np.arange(1, many), n)
    out[:, _R] = (out[:, _R] + shift) % many
    return out, owner


def _dropped(codes: Codes) -> Edits:
    """Last position of one stage dropped."""
    owner, stage = np.nonzero(codes[:, _D] > 0)
    out, rows = codes[owner], np.arange(len(owner))
    out[rows, _D.start + stage] -= 1
    last = POSITIONS * stage + DEPTHS[0] + out[rows, _D.start + stage]
    out[rows, last] = out[rows, N_POSITIONS + last] = 0
    return out, owner


def _added(codes: Codes) -> Edits:
    """A position added to one stage, with each kernel and expansion."""
    pairs = len(KERNELS) * len(EXPANSIONS)
    owners, stages = np.nonzero(codes[:, _D] < len(DEPTHS) - 1)
    owner, stage = np.repeat(owners, pairs), np.repeat(stages, pairs)
    out, rows = codes[owner], np.arange(len(owner))
    new = POSITIONS * stage + DEPTHS[0] + out[rows, _D.start + stage]
    out[rows, _D.start + stage] += 1
    out[rows, new] = rows % pairs // len(EXPANSIONS) + 1
    out[rows, N_POSITIONS + new] = rows % len(EXPANSIONS) + 1
    return out, owner
