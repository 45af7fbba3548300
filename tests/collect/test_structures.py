"""Structures of measured networks: the file and how it is read."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from archcast.collect.networks import as_stored
from archcast.collect.structures import REPARAMETERIZED, Structure, Structures, structures, write_structures
from archcast.core.errors import DataError, UnknownNameError
from archcast.core.network import Network, Node, Value


def small(width: int) -> Network:
    """A linear layer."""
    values = {
        "x": Value("x", (1, width)),
        "w": Value("w", (width, width), constant=True, learned=True),
        "y": Value("y", (1, width)),
    }
    return Network(values, (Node("MatMul", ("x", "w"), ("y",), {}, "head"),), ("x",), ("y",))


def record(name: str, network: Network, group: int = 0) -> Structure:
    """One of a made-up table."""
    summary = network.summary()
    return Structure(name, "made_up", network.key, "f", "c", group, "", 4, summary.macs, summary.params)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    networks = {small(width).key: small(width) for width in range(1, 40)}
    records = [record(f"n{i}", network, i) for i, network in enumerate(networks.values())]
    twin = record("twin", small(1))
    path = tmp_path / "networks.bin"
    write_structures(path, [*records, twin], networks, made_with={"timm": "1.0"})
    read = Structures(path.read_bytes())
    assert read.records == (*records, twin)
    assert read.made_with == {"timm": "1.0"}
    assert len(read) == 40
    assert [read.network(r).key for r in reversed(records)] == [r.key for r in reversed(records)]
    held = read.network(twin)
    assert read.network(records[0].key) is held
    assert read.by_key(twin.key) == (records[0], twin)
    assert read.by_key("0" * 64) == ()
    assert twin.key in read
    assert read.of("made_up") == read.records


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "networks.bin"
    write_structures(path, [record("n", small(2))], {small(2).key: small(2)}, made_with={})
    content = path.read_bytes()
    read = Structures(content)
    with pytest.raises(UnknownNameError, match="network must be"):
        read.network("0" * 64)
    with pytest.raises(UnknownNameError, match="made_up"):
        read.of("timm")
    with pytest.raises(DataError, match="no file of structures"):
        Structures(b"something else")
    with pytest.raises(DataError, match="no file of structures"):
        Structures(content[:40])
    damaged = bytearray(content)
    damaged[30:60] = bytes(30)
    with pytest.raises(DataError, match="damaged"):
        Structures(bytes(damaged))


def test_the_packages_networks_are_those_of_their_keys() -> None:
    kept = structures()
    some = kept.records[::97]
    assert len(some) > 15
    for one in some:
        network = kept.network(one)
        summary = network.summary()
        assert (network.key, summary.macs, summary.params) == (one.key, one.macs, one.params), one.name
        assert as_stored(network).key == one.key
        assert not summary.unknown, one.name


def test_the_tables_are_there_with_what_made_them() -> None:
    kept = structures()
    assert {"timm", "torch", "pytorchcv"} <= set(kept.made_with)
    assert len(kept.of("timm")) > 1800
    assert len(kept.of("mobile_ml_bench")) == 102
    assert len({one.name for one in kept.of("timm")}) > 1430
    assert len({one.family for one in kept.of("mobile_ml_bench")}) == 28
    assert len({one.coarse for one in kept.of("mobile_ml_bench")}) == 11
    assert {table: len(kept.of(table)) for table in ("hailo", "paddleclas", "qai_hub", "vitis_ai")} == {
        "hailo": 43,
        "paddleclas": 127,
        "qai_hub": 43,
        "vitis_ai": 34,
    }
    merged = {one.name for one in kept.of("timm") if one.variant == REPARAMETERIZED}
    assert {"mobileone_s0", "repvgg_a2", "fastvit_t8"} <= merged


def test_a_group_never_spans_two_families() -> None:
    families, coarse = defaultdict(set), defaultdict(set)
    for one in structures().records:
        families[one.table, one.group].add(one.family)
        coarse[one.group].add(one.coarse)
    assert [key for key, found in families.items() if len(found) > 1] == []
    assert [key for key, found in coarse.items() if len(found) > 1] == []


def test_near_copies_share_a_group() -> None:
    kept = structures()
    groups = {(one.table, one.name): one.group for one in kept.records}
    assert groups["timm", "resnet50"] == groups["timm", "tv_resnet50"] == groups["timm", "gluon_resnet50_v1b"]
    assert groups["timm", "resnet18"] == groups["mobile_ml_bench", "resnet18"]
    assert groups["timm", "resnet50"] != groups["timm", "resnet34"]
    assert len({one.group for one in kept.by_key(kept.records[0].key)}) == 1


def test_residual_networks_have_the_strides_that_their_counts_tell() -> None:
    kept = structures()
    macs = {(one.table, one.name): one.macs for one in kept.records}
    assert macs["qai_hub", "resnet50"] / 1e9 == pytest.approx(4.089, abs=0.001)
    assert macs["vitis_ai", "cf_resnet50_imagenet_224_224_7.7G"] / 1e9 == pytest.approx(3.858, abs=0.001)
    assert macs["hailo", "resnet_v1_50"] / 1e9 == pytest.approx(6.98 / 2, rel=0.01)
