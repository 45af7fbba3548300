"""Decoders of HW-GPT-Bench as networks that teach: written down by their rule, not kept as structures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from archcast.core.network import Network
from archcast.featurize.decoders import DecoderArch, decoder

TABLE = "hwgpt"


@dataclass(frozen=True, slots=True)
class DecoderRecord:
    """A decoder of the table.

    Attributes:
        name: scale and architecture, `s:e192|l2|h12.8|r2.3|b1`.
        family: those of one embedding width.
        coarse: those of one scale.
        group: its number; no two are near-copies.
    """

    name: str
    family: str
    coarse: str
    group: int
    size: int = 0
    variant: str = ""

    @property
    def network(self) -> Network:
        """In the batch of its scale; the same object for every metric."""
        return _network(self.name.partition(":")[2])


def decoder_records(names: Sequence[str], most: int | None) -> dict[str, dict[str, DecoderRecord]]:
    """Records by name and variant of those that are drawn at random, or of all."""
    distinct = sorted(set(names))
    drawn = np.sort(np.random.default_rng(0).permutation(len(distinct))[:most])
    records = {}
    for group, place in enumerate(drawn.tolist()):
        scale, _, arch = distinct[place].partition(":")
        family = f"decoders of width {DecoderArch.parse(arch).width}"
        record = DecoderRecord(distinct[place], family, f"decoders of scale {scale}", group)
        records[record.name] = {"": record}
    return records


@lru_cache(4096)
def _network(arch: str) -> Network:
    return decoder(arch)
