"""ZigZag: costs that hang together, mappings as the target's file gives them, and nothing left behind."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from archcast.collect.estimate import load_target, make_estimator
from archcast.collect.estimate.target_files import parse_target
from archcast.collect.estimate.work import CHOICES, Work
from archcast.collect.estimate.zigzag import ZigZagEstimator
from archcast.collect.estimate.zigzag_hardware import area_of, describe
from archcast.collect.estimate.zigzag_layers import layer_data, loop_sizes, spatial_mapping
from archcast.core.errors import InputError, UnknownNameError

SMALL = Work("conv", (8, 8, 8), (8, 8, 8), (3, 3), padding=1)
WORKS = (
    SMALL,
    Work("conv", (8, 8, 8), (8, 4, 4), (3, 3), stride=2, groups=8, padding=1),
    Work("linear", (16, 1, 1), (10, 1, 1)),
    Work("window", (8, 8, 8), (8, 8, 8), (3, 3), padding=1),
    Work("window", (8, 8, 8), (8, 1, 1), (8, 8), stride=8),
    Work("elementwise", (8, 8, 8), (8, 8, 8)),
)
TARGETS = ("eyeriss-like", "edge-tpu-like", "tpu-like", "tesla-npu-like", "fpga-zc706-like")


def estimator(name: str = "eyeriss-like", **settings: str) -> ZigZagEstimator:
    return ZigZagEstimator(load_target(name, settings))


@pytest.mark.parametrize("name", TARGETS)
def test_every_kind_of_work_has_a_cost_that_is_the_sum_of_its_parts(name: str) -> None:
    one = estimator(name)
    for work in WORKS:
        cost = one.price_one(work)
        assert cost.latency_ms > 0
        assert cost.energy_mj is not None
        assert cost.energy_mj > 0
        assert cost.latency_ms == pytest.approx(sum(cost.latency_parts.values()))
        assert cost.energy_mj == pytest.approx(sum(cost.energy_parts.values()))


def test_cycles_are_no_fewer_than_a_full_array_needs() -> None:
    cost = estimator().price_one(SMALL)
    assert cost.latency_parts["compute"] >= SMALL.operations / (14 * 12) / 200e3
    assert cost.energy_parts["multipliers"] == pytest.approx(SMALL.operations * 0.5e-9)


def test_power_times_latency_where_the_target_gives_power() -> None:
    cost = estimator("fpga-zc706-like").price_one(SMALL)
    assert cost.energy_mj == pytest.approx(7.0 * cost.latency_ms)


def test_parameters_of_the_hardware_are_used() -> None:
    plain, fast = estimator().price_one(SMALL), estimator(clock_mhz="400").price_one(SMALL)
    assert fast.latency_ms == pytest.approx(plain.latency_ms / 2)
    assert fast.energy_mj == plain.energy_mj
    tiny = estimator(array="2x3").price_one(SMALL)
    assert tiny.latency_parts["compute"] > plain.latency_parts["compute"]
    quarter = describe(load_target("eyeriss-like", {"buffer_kib": "256"}))["memories"]["sram_1M"]
    assert (quarter["size"], quarter["r_cost"], quarter["area"]) == (256 * 8192, 50.0, 25 / 4)


def test_area_where_the_description_gives_it() -> None:
    # array 168 * 0.1; registers in each unit 168 * (0.3 + 0.3 + 0.95); buffers 3 + 6 + 25
    assert estimator().area == pytest.approx(168 * 1.65 + 34)
    assert estimator("tpu-like").area is None
    assert area_of(describe(load_target("fpga-zc706-like"))) is None


@pytest.mark.parametrize(
    ("kernel", "expected"), [(1, ["FY, 1", "C, 8"]), (3, ["FY, 3", "C, 4"]), (5, ["FY, 5", "C, 2"])]
)
def test_a_rule_fills_what_a_kernel_leaves(kernel: int, expected: list[str]) -> None:
    work = Work("conv", (8, 32, 32), (8, 32, 32), (kernel, kernel), padding=kernel // 2)
    rule = {"D1": ["OY"], "D2": ["FY", "C"], "D3": []}
    laid = spatial_mapping(rule, loop_sizes(work), {"D1": 14, "D2": 12, "D3": 4})
    assert laid == {"D1": ["OY, 14"], "D2": expected, "D3": ["B, 1"]}


def test_a_loop_laid_on_two_sides_is_shared() -> None:
    laid = spatial_mapping({"D1": ["K"], "D2": ["K"]}, {"K": 20}, {"D1": 16, "D2": 16})
    assert laid == {"D1": ["K, 16"], "D2": ["K, 2"]}


def test_layers_are_given_with_their_own_sizes() -> None:
    bits = {"activation_bits": 8, "weight_bits": 4, "accumulator_bits": 24}
    data = layer_data(WORKS[1], bits)
    sizes = dict(zip(data["loop_dims"], data["loop_sizes"], strict=True))
    assert sizes == {"B": 1, "K": 1, "C": 1, "G": 8, "OX": 4, "OY": 4, "FX": 3, "FY": 3}
    assert data["operand_precision"] == {"W": 4, "I": 8, "O_final": 8, "O": 24}
    assert data["dimension_relations"] == ["ix=2*ox+1*fx", "iy=2*oy+1*fy"]
    assert layer_data(WORKS[5], bits)["operand_source"] == {}


def test_costs_on_disk_are_not_estimated_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = load_target("eyeriss-like")
    first = make_estimator(target).price([SMALL])
    monkeypatch.setattr(ZigZagEstimator, "price_one", lambda *_: pytest.fail("estimated again"))
    assert make_estimator(target).price([SMALL]) == first


def test_it_is_silent_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog
) -> None:
    monkeypatch.chdir(tmp_path)
    level = logging.getLogger("zigzag").level
    with caplog.at_level(logging.DEBUG):
        estimator(array="8x8").price_one(SMALL)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []
    assert logging.getLogger("zigzag").level == level


def test_a_layer_that_does_not_fit_is_refused_by_name() -> None:
    target = load_target("eyeriss-like")
    wide = replace(target, hardware={**target.hardware, "accumulator_bits": 4096})
    with pytest.raises(
        InputError, match="eyeriss-like cannot be estimated for the layer conv 8x8x8 8x8x8 k3x3"
    ):
        ZigZagEstimator(wide).price_one(SMALL)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"array": "14x12x2"}, "array of eyeriss-like must have 2 dimensions, got 14x12x2"),
        ({"clock_mhz": "fast"}, "eyeriss-like clock_mhz must be a number above 0, got 'fast'"),
    ],
)
def test_impossible_parameters_are_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        estimator(**settings).price_one(SMALL)


HEAD = """
name: mine
version: 1
estimator: zigzag
hardware: {preset: eyeriss_like, clock_mhz: 100, activation_bits: 8, weight_bits: 8, accumulator_bits: 16}
conventions: {pool: window}
mapping:
  version: mine-1
  conv: {D1: [K], D2: [C]}
  depthwise: {D1: [G], D2: []}
  linear: {D1: [K], D2: [C]}
  window: {D1: [G], D2: []}
  elementwise: {D1: [G], D2: []}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("eyeriss_like", "eyeris", "preset of ZigZag must be one of .*got 'eyeris'"),
        ("preset: eyeriss_like, ", "", "hardware of mine must have one of preset and description"),
        ("preset: eyeriss_like", "description: {memories: {}}", "no description that ZigZag takes"),
        ("clock_mhz: 100, ", "", "hardware of mine must have the key clock_mhz"),
        ("version: mine-1", "version: 1", "mapping of mine must have a version that is text"),
        ("conv: {D1: [K], D2: [C]}", "conv: {D1: [K]}", "mapping.conv of mine must have the key D2"),
        ("conv: {D1: [K]", "conv: {D1: [Q]", "loop of mapping.conv.D1 of mine must be one of .*got 'Q'"),
        ("linear: {D1: [K]", "linear: {D1: K", "mapping.linear.D1 of mine must be a list of loops, got 'K'"),
        ("  window: {D1: [G], D2: []}\n", "", "mapping of mine must have the key window"),
        ("preset", "buffer_kib: 5, preset", "must name under buffer the memory"),
        ("preset", "buffer: ram, buffer_kib: 5, preset", "buffer of mine must be one of .*got 'ram'"),
    ],
)
def test_wrong_files_are_refused_by_name(old: str, new: str, message: str) -> None:
    def use(text: str) -> None:
        target = parse_target(text, "mine")
        ZigZagEstimator.check(target)
        ZigZagEstimator(target).price_one(SMALL)

    use(HEAD)
    with pytest.raises((InputError, UnknownNameError), match=message):
        use(HEAD.replace(old, new, 1))


def test_conventions_of_the_shipped_targets_name_every_class() -> None:
    for name in TARGETS:
        assert set(load_target(name).conventions) == set(CHOICES)
