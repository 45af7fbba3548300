"""Decoders of HW-GPT-Bench by their rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from archcast.core.errors import InputError
from archcast.featurize.decoders import BATCHES, DecoderArch, decoder

PUBLISHED = (
    ("e192|l10|h12.12.12.12.12.12.12.8.12.12|r2.3.3.3.3.4.2.2.2.3|b1", 150211657728, 28029696),
    ("e192|l10|h12.12.12.12.12.12.8.12.8.4|r4.2.2.2.3.4.2.2.4.4|b0", 147191758848, 27624576),
    (
        "e1024|l22|h8.12.12.12.16.8.12.8.16.12.12.16.12.12.8.16.8.16.12.16.12.16"
        "|r2.4.2.3.3.2.4.4.4.4.2.3.2.4.2.3.3.3.2.2.4.4|b0",
        *(1353241853952, 381933568),
    ),
    (
        "e1280|l34|h8.16.16.16.8.8.20.20.8.8.16.20.20.8.16.16.20.20.8.8.8.8.16.20.16.8.20.20.8.8.8.8.20.8"
        "|r2.3.3.4.4.3.4.4.4.4.4.4.4.2.3.3.2.3.3.4.3.3.3.3.2.4.4.2.3.2.4.2.3.2|b1",
        *(757425766400, 804623872),
    ),
)


def counts(arch: str) -> tuple[int, int]:
    """Multiply-adds without attention's, and parameters."""
    summary = decoder(arch).summary()
    attention = sum(c.work.macs for c in summary.works if c.node.op == "Attention")
    assert attention > 0
    assert not summary.unknown
    return summary.macs - attention, summary.params


@pytest.mark.parametrize(("arch", "macs", "params"), PUBLISHED)
def test_counts_are_the_published_ones_exactly(arch: str, macs: int, params: int) -> None:
    assert counts(arch) == (macs, params)


@pytest.mark.parametrize("scale", ["s", "m", "l"])
def test_counts_of_whole_tables_are_exact(public_tables: Path, scale: str) -> None:
    from pyarrow import parquet

    path = public_tables / "networks" / f"hwgpt.{scale}.parquet"
    rows = parquet.read_table(path, columns=["arch", "macs", "params"]).to_pylist()[::500]
    assert len(rows) >= 20
    assert [counts(row["arch"]) for row in rows] == [(row["macs"], row["params"]) for row in rows]


def test_a_batch_is_inside_the_network_and_heads_attend() -> None:
    network = decoder("e192|l2|h4.12|r2.4|b0", batch=3)
    assert network.values["tokens"].shape == (3, 1024)
    assert [node.attributes["q_num_heads"] for node in network.nodes if node.op == "Attention"] == [4, 12]
    attention = [c.work.macs for c in network.summary().works if c.node.op == "Attention"]
    assert attention == [2 * 3 * 1024 * 1024 * 64 * heads for heads in (4, 12)]
    assert decoder("e320|l1|h4|r2|b1").values["tokens"].shape == (BATCHES[320], 1024)
    assert {node.part for node in network.nodes} >= {"words", "layers.1.attention", "head"}


def test_what_is_no_decoder_is_refused() -> None:
    assert DecoderArch.parse("e192|l2|h4.12|r2.4|b1") == DecoderArch(192, (4, 12), (2, 4), True)
    with pytest.raises(InputError, match="a decoder must be written like"):
        decoder("192|2|4.12")
    with pytest.raises(InputError, match="heads and a ratio for each layer"):
        decoder("e192|l3|h4.12|r2.4|b1")
    with pytest.raises(InputError, match="width must be one of"):
        decoder("e100|l1|h4|r2|b1")
