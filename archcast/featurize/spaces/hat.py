"""HAT, Hardware-Aware Transformers (Wang et al., ACL 2020): translation models by ten design features.

| symbol | meaning |
|---|---|
| de, dd | encoder and decoder width |
| Le, Ld | encoder layers (always 6) and decoder layers |
| Fe, Fd | feed-forward hidden sizes summed over the layers |
| A | encoder layers attended, summed over the decoder layers |
| T | tokens of a sentence |

The features are means over layers, which do not tell the layers apart, so `network` is one of several with
the same features; parameters and multiply-adds depend on the sums alone. The tables time a decoder token by
token, which one pass of a network does not show. Codes have one column a feature: position of the width, 0
for the one encoder depth, decoder layers - 1, and for each mean the sum over layers in units of 512
(feed-forward), 2 (heads) or 1 (attended layers).
"""

from __future__ import annotations

from functools import cached_property
from math import prod

import numpy as np

from archcast.core.arrays import Arch, Bools, Codes, Doubles
from archcast.core.checks import check_whole
from archcast.core.network import Network
from archcast.featurize.cost import COST_CLASSES, COST_SHAPE, QUANTITIES, quantity
from archcast.featurize.encoders.packed import PackedGraphs, pack_chains
from archcast.featurize.spaces.base import Space
from archcast.featurize.spaces.foreign import transformers
from archcast.featurize.spaces.genome import Genome
from archcast.featurize.spaces.hat_genome import HATGenome
from archcast.featurize.spaces.hat_network import TransformerBuilder, decoder_peak, encoder_peak, spread
from archcast.featurize.spaces.hat_notation import (
    COLUMNS,
    DECODER_DEPTHS,
    ENCODER_DEPTH,
    MEANS,
    WIDTHS,
    format_row,
    parse_items,
    sums,
)
from archcast.featurize.spaces.places import Decision
from archcast.featurize.topology import Cells

TOKENS = {"wmt14ende": 30, "wmt14enfr": 30, "wmt19ende": 30, "iwslt14deen": 23}
ATTENTION = 512
"""Width of queries, keys and values, whatever the number of heads."""
_DECODER = (5, 6, 7, 8, 9)
"""Decoder layers, and what is summed over them."""
_DE, _FE, _HE, _DD, _LD, _FD, _HD, _HC, _A = 0, 2, 3, 4, 5, 6, 7, 8, 9


class HAT(Space):
    """The transformers of HAT by their design features."""

    name = "hat"
    keys = columns = COLUMNS
    cardinalities = tuple(
        MEANS[c].top + 1 if c in MEANS else {0: 2, 1: 1, 4: 2, 5: len(DECODER_DEPTHS)}[i]
        for i, c in enumerate(COLUMNS)
    )
    datasets = tuple(TOKENS)
    counts_nodes = False
    notations = transformers.NOTATIONS
    term_groups = (*((_LD, c) for c in (_DE, _DD, _FD, _HD, _HC, _A)), (_FE,), (_HE,))

    parse_items = staticmethod(parse_items)

    def format(self, codes: Codes) -> list[Arch]:
        return [format_row(row) for row in codes.tolist()]

    # -- the set ------------------------------------------------------------------------------------

    def _choices(self, depth: int) -> list[tuple[int, ...]]:
        """Values of each column where the decoder has `depth` layers."""
        out: list[tuple[int, ...]] = []
        for i, column in enumerate(COLUMNS):
            if column in MEANS:
                layers = ENCODER_DEPTH if column.startswith("encoder") else depth
                out.append(sums(MEANS[column], layers))
            else:
                out.append((depth - 1,) if i == _LD else tuple(range(self.cardinalities[i])))
        return out

    @cached_property
    def _members(self) -> tuple[int, ...]:
        """Members of each decoder depth."""
        return tuple(prod(len(choices) for choices in self._choices(depth)) for depth in DECODER_DEPTHS)

    @cached_property
    def size(self) -> int:
        """Members: rows whose sums are those of as many layers as there are."""
        return sum(self._members)

    @cached_property
    def _reachable(self) -> Bools:
        """(6, 10, 128): whether a column can hold a value at each decoder depth."""
        out = np.zeros((len(DECODER_DEPTHS), len(COLUMNS), 128), dtype=bool)
        for depth in DECODER_DEPTHS:
            for column, choices in enumerate(self._choices(depth)):
                out[depth - 1, column, list(choices)] = True
        return out

    def valid(self, codes: Codes) -> Bools:
        """Whether each row's sums are those of as many layers as it has."""
        safe = np.where(super().valid(codes)[:, None], codes, np.int8(0))
        held = self._reachable[safe[:, _LD, None], np.arange(len(COLUMNS)), safe]
        out: Bools = np.all(held, axis=1)  # a row out of range became all 0, which no sum can be
        return out

    def sample(self, n: int, *, seed: int) -> Codes:
        check_whole(n, "n", least=1)
        rng = np.random.default_rng(seed)
        weights = np.array(self._members) / self.size
        depths = rng.choice(DECODER_DEPTHS, size=n, p=weights)
        codes = np.empty((n, len(COLUMNS)), dtype=np.int8)
        for depth in DECODER_DEPTHS:
            rows = np.flatnonzero(depths == depth)
            for column, choices in enumerate(self._choices(depth)):
                codes[rows, column] = rng.choice(choices, size=len(rows))
        return codes

    def genome(self) -> Genome:
        return HATGenome(self)

    def decisions(self, codes: Codes) -> tuple[Decision, ...]:
        """Columns with a choice, but the decoder's layers and what is summed over them together."""
        alone = [c for c, top in enumerate(self.cardinalities) if top > 1 and c not in _DECODER]
        single = [Decision(self.columns[c], (c,)) for c in alone]
        return (*single, Decision("decoder_layers_and_their_sums", _DECODER))

    def choice(self, decision: Decision, codes: Codes) -> str:
        shown = self.format(codes)[0]
        return ", ".join(f"{shown[self.columns[c]]:.4g}" for c in decision.columns)

    # -- the networks -------------------------------------------------------------------------------

    def network(self, code: Codes, dataset: str | None = None, *, live: bool = False) -> Network:
        """Encoder and decoder in one pass over a whole target, without embeddings and vocabulary.

        Sums over layers are spread as evenly as the layers' choices allow; parameters and multiply-adds do
        not depend on how.
        """
        del live
        row = self.check_codes(np.asarray(code).reshape(1, -1))[0].tolist()
        each = _each(row)
        b = TransformerBuilder(TOKENS[self.check_dataset(dataset)])
        b.part = "encoder"
        x = b.input("source", WIDTHS[row[_DE]])
        outputs = []
        for i in range(ENCODER_DEPTH):
            b.part = f"encoder.layer{i}"
            x = b.encoder_layer(x, heads=each[_HE][i], hidden=each[_FE][i])
            outputs.append(x)
        b.part = "decoder"
        y = b.input("target", WIDTHS[row[_DD]])
        for i in range(row[_LD] + 1):
            b.part = f"decoder.layer{i}"
            heads, seen = (each[_HD][i], each[_HC][i]), outputs[-each[_A][i] :]
            y = b.decoder_layer(y, seen, heads=heads, hidden=each[_FD][i])
        return b.network(y)

    def peak_bytes(self, codes: Codes, dataset: str | None = None) -> Doubles:
        """That of the layer with the most, each built alone with what is alive beside it.

        Beside a layer of the encoder that is the target and the outputs that the decoder attends, beside one
        of the decoder the outputs that later ones attend, which are never more.
        """
        tokens = TOKENS[self.check_dataset(dataset)]
        most = np.empty(len(codes))
        for n, row in enumerate(self.check_codes(codes).tolist()):
            each, wide, target = _each(row), WIDTHS[row[_DE]], WIDTHS[row[_DD]]
            first = ENCODER_DEPTH - each[_A][0]  # output that is attended
            peaks = []
            for i, layer in enumerate(zip(each[_HE], each[_FE], strict=True)):
                beside = 4 * tokens * (target + wide * max(0, i - 1 - first))
                peaks.append(beside + encoder_peak(tokens, wide, *layer, kept=i > first))
            later = (*each[_A][1:], 0)
            for own in zip(each[_HD], each[_HC], each[_FD], each[_A], later, strict=True):
                peaks.append(decoder_peak(tokens, target, wide, *own))
            most[n] = max(peaks)
        return most

    def costs(self, codes: Codes, dataset: str | None = None, *, live: bool = False) -> Doubles:
        """Closed form of HAT's layers, without embeddings and vocabulary projection.

        Everything learned and every multiply-add stands under `linear`, whose count is 6 an encoder
        layer and 10 a decoder layer; sums, norms and soft-maxes are elements written under `add`.

        Shapes:
            codes: (n, 10); output: (n, C, Q), see `archcast.featurize.cost`
        """
        del live
        t = TOKENS[self.check_dataset(dataset)]
        de, dd, fe, ld, fd, a = _symbols(codes)
        le, q = ENCODER_DEPTH, ATTENTION
        params = (
            le * ((4 * q + 6) * de + 3 * q)
            + fe * (2 * de + 1)
            + ld * ((6 * q + 9) * dd + 2 * q * de + 6 * q)
            + fd * (2 * dd + 1)
        )
        encoder = le * (4 * q * t * de + 2 * q * t * t) + 2 * t * de * fe
        decoder = ld * (6 * q * t * dd + 2 * q * t * t) + 2 * t * dd * fd
        attended = a * (2 * q * t * de + 2 * q * t * t)
        out = np.zeros((len(codes), *COST_SHAPE))
        linear, add = COST_CLASSES.index("linear"), COST_CLASSES.index("add")
        out[:, linear, QUANTITIES.index("count")] = 6 * le + 10 * ld
        out[:, linear, QUANTITIES.index("params")] = params
        out[:, linear, QUANTITIES.index("macs")] = encoder + decoder + attended
        elementwise = t * (de + dd) + le * t * (2 * de + q) + ld * t * (3 * dd + 2 * q)
        out[:, add, QUANTITIES.index("outputs")] = elementwise
        return out

    def cells(self, codes: Codes) -> Cells:
        """Two cells, encoder and decoder.

        Width is the embedding's. Depth is the number of sub-layers: attention and feed-forward in each
        of the 6 encoder layers; self-attention, cross-attention and feed-forward in each decoder layer.
        Skip is width times the residual additions, one a sub-layer, and in the decoder encoder width
        times A - Ld besides, the encoder layers attended beyond the last one.
        """
        de, dd, _, ld, _, a = _symbols(codes)
        width = np.stack([de, dd], axis=1)
        depth = np.stack([np.full_like(ld, 2.0 * ENCODER_DEPTH), 3 * ld], axis=1)
        skip = width * depth
        skip[:, 1] += de * (a - ld)
        return Cells(width, depth, skip)

    def terms(self, codes: Codes) -> tuple[tuple[str, ...], Doubles]:
        """Widths, decoder depth one-hot, and sums over layers beside their means, which a depth scales."""
        de, dd, fe, ld, fd, a = _symbols(codes)
        wide = (de == WIDTHS[1], dd == WIDTHS[1])
        heads = {"encoder": 2.0 * codes[:, _HE], "self": 2.0 * codes[:, _HD], "cross": 2.0 * codes[:, _HC]}
        columns = {"encoder_wide": wide[0], "decoder_wide": wide[1]}
        columns |= {f"decoder_layers={n}": ld == n for n in DECODER_DEPTHS}
        columns |= {"encoder_ffn": fe / 1024, "encoder_heads": heads["encoder"]}
        columns |= {"decoder_ffn_mean": fd / ld / 1024, "decoder_ffn": fd / 1024}
        for name in ("self", "cross"):
            columns |= {f"{name}_heads_mean": heads[name] / ld, f"{name}_heads": heads[name]}
        columns |= {"attended_mean": a / ld, "attended": a}
        columns |= {"layers_encoder_wide": ld * wide[0], "layers_decoder_wide": ld * wide[1]}
        return tuple(columns), np.stack(list(columns.values()), axis=1).astype(np.float64)

    def dag(self, codes: Codes, dataset: str | None = None) -> PackedGraphs:
        """A chain of one node a layer: type 0 the 6 of the encoder, type 1 those of the decoder.

        Features are log(1 + x) of width, mean feed-forward size, mean heads of self- and of
        cross-attention, and mean encoder layers attended; layers of one side are alike.
        """
        de, dd, fe, ld, fd, a = _symbols(codes)
        wide, none = codes.astype(np.float64), np.zeros(len(codes))
        encoder = [de, fe / ENCODER_DEPTH, 2 * wide[:, _HE] / ENCODER_DEPTH, none, none]
        decoder = [dd, fd / ld, 2 * wide[:, _HD] / ld, 2 * wide[:, _HC] / ld, a / ld]
        slot = np.arange(ENCODER_DEPTH + len(DECODER_DEPTHS))
        side = np.broadcast_to(slot >= ENCODER_DEPTH, (len(codes), len(slot))).astype(np.int64)
        present: Bools = slot < ENCODER_DEPTH + ld[:, None]
        features = np.where(
            side[..., None] == 0,
            np.stack(encoder, axis=1)[:, None, :],
            np.stack(decoder, axis=1)[:, None, :],
        )
        return pack_chains(present, side, np.log1p(features), types=2)

    def published_counts(self, codes: Codes, dataset: str | None = None) -> tuple[Doubles, Doubles]:
        """Parameters without embeddings, and twice the sum of multiply-adds and elementwise work."""
        costs = self.costs(codes, dataset)
        flops = 2 * (quantity(costs, "macs") + quantity(costs, "outputs", "add"))
        return quantity(costs, "params"), flops


def _each(row: list[int]) -> dict[int, list[int]]:
    """Values of each layer, largest first, of the columns that hold sums over layers."""
    out = {}
    for column in (_FE, _HE, _FD, _HD, _HC, _A):
        mean = MEANS[COLUMNS[column]]
        layers = ENCODER_DEPTH if column in (_FE, _HE) else row[_LD] + 1
        out[column] = [mean.unit * v for v in spread(row[column], mean.choices, layers)]
    return out


def _symbols(codes: Codes) -> tuple[Doubles, ...]:
    """de, dd, Fe, Ld, Fd, A of each row.

    Shapes:
        codes: (n, 10); output: six of (n,)
    """
    wide = codes.astype(np.float64)
    widths = np.array(WIDTHS, dtype=np.float64)
    fe, fd = (512 * wide[:, c] for c in (_FE, _FD))
    return widths[codes[:, _DE]], widths[codes[:, _DD]], fe, wide[:, _LD] + 1, fd, wide[:, _A]
