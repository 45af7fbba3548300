"""Ethos-U estimates: the file that is written, what Vela makes of it, and what it does not run."""

from dataclasses import replace

import numpy as np
import pytest

from archcast.collect.estimate import estimate_networks, load_target, make_estimator
from archcast.collect.estimate.lowering_parts import to_tflite
from archcast.collect.estimate.target_files import parse_target, read_target
from archcast.collect.estimate.vela import VelaEstimator
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.network import Network
from archcast.featurize.spaces import SPACES
from archcast.featurize.spaces.builder import NetworkBuilder


def operators(file: bytes) -> list[str]:
    """Names of the operators in a TFLite file, read back by the schema."""
    from ethosu.vela.tflite.BuiltinOperator import BuiltinOperator
    from ethosu.vela.tflite.Model import Model

    names = {value: name for name, value in vars(BuiltinOperator).items() if isinstance(value, int)}
    model = Model.GetRootAsModel(file, 0)
    main = model.Subgraphs(0)
    codes = [main.Operators(i).OpcodeIndex() for i in range(main.OperatorsLength())]
    return [names[model.OperatorCodes(code).BuiltinCode()] for code in codes]


def shapes(file: bytes) -> dict[str, list[int]]:
    from ethosu.vela.tflite.Model import Model

    main = Model.GetRootAsModel(file, 0).Subgraphs(0)
    tensors = [main.Tensors(i) for i in range(main.TensorsLength())]
    return {tensor.Name().decode(): tensor.ShapeAsNumpy().tolist() for tensor in tensors}


def mixed() -> Network:
    b = NetworkBuilder()
    x = b.pointwise(b.pointwise(b.conv(b.input(3, 8), 8, kernel=3, stride=2), "batch_norm"), "relu")
    y = b.shuffle(b.conv(x, 8, kernel=1, groups=2), 2)
    y = b.pointwise(b.conv(y, 8, kernel=3, groups=8), "hswish")
    gate = b.pointwise(b.conv(b.global_pool(y), 8, kernel=1, bias=True), "hsigmoid")
    z = b.concat(b.add(x, b.multiply(y, gate)), b.pool(x, "max_pool", kernel=3, stride=1))
    b.linear(b.global_pool(z), 10)
    return b.network()


def test_every_operator_is_written() -> None:
    file = to_tflite(mixed())
    assert operators(file) == [
        "CONV_2D",
        "CONV_2D",
        "RESHAPE",
        "TRANSPOSE",
        "RESHAPE",
        "DEPTHWISE_CONV_2D",
        "HARD_SWISH",
        "AVERAGE_POOL_2D",
        "CONV_2D",
        "LOGISTIC",
        "MUL",
        "ADD",
        "MAX_POOL_2D",
        "CONCATENATION",
        "AVERAGE_POOL_2D",
        "FULLY_CONNECTED",
    ]
    found = shapes(file)
    assert found["input input"] == [1, 8, 8, 3]
    assert found["0 Conv"] == [1, 4, 4, 8]
    assert found["3 weights"] == [8, 1, 1, 4]
    assert found["7 weights"] == [1, 3, 3, 8]
    assert to_tflite(mixed()) == file


def test_equal_operators_without_weights_are_written_once() -> None:
    b = NetworkBuilder()
    x = b.conv(b.input(3, 4), 4, kernel=1)
    pools = [b.pool(x, "avg_pool", kernel=3, stride=1) for _ in range(2)]
    convs = [b.conv(b.pointwise(x, "relu"), 4, kernel=1) for _ in range(2)]
    b.add(*pools, *convs)
    names = operators(to_tflite(b.network()))
    assert {name: names.count(name) for name in ("AVERAGE_POOL_2D", "RELU", "CONV_2D", "ADD")} == {
        "AVERAGE_POOL_2D": 1,
        "RELU": 1,
        "CONV_2D": 3,
        "ADD": 3,
    }


def test_what_the_output_does_not_see_is_left_out() -> None:
    space = SPACES["nasbench201"]
    seen = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"
    unseen = "|nor_conv_3x3~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"
    first, second = (space.network(space.parse([arch])) for arch in (seen, unseen))
    assert operators(to_tflite(first)) == operators(to_tflite(second))


@pytest.mark.parametrize("name", ["ethos-u55-256", "ethos-u65-512", "ethos-u85-1024"])
def test_a_network_costs_the_sum_of_what_vela_made(name: str) -> None:
    made = VelaEstimator(load_target(name)).estimate(mixed())
    assert made.latency_ms > 0
    assert made.energy_mj is None
    assert made.latency_ms == pytest.approx(sum(at.cost.latency_ms for at in made.layers))
    assert {at.position for at in made.layers} <= set(range(len(mixed())))


def test_more_multipliers_are_not_slower() -> None:
    target, graph = load_target("ethos-u55-256"), mixed()
    small = replace(target, hardware={**target.hardware, "accelerator": "ethos-u55-32"})
    assert VelaEstimator(small).estimate(graph).latency_ms > VelaEstimator(target).estimate(graph).latency_ms


def test_an_operator_that_would_run_on_the_processor_is_refused_by_name(
    capfd: pytest.CaptureFixture[str],
) -> None:
    b = NetworkBuilder()
    b.pool(b.conv(b.input(3, 32), 8, kernel=1), "avg_pool", kernel=9, stride=1)
    with pytest.raises(InputError, match=r"not estimated: 1 AveragePool \(Reason: kernel"):
        VelaEstimator(load_target("ethos-u55-256")).estimate(b.network())
    assert capfd.readouterr() == ("", "")


def test_an_operator_without_convention_is_refused_by_name() -> None:
    target = load_target("ethos-u55-256")
    bare = replace(target, conventions={"batch_norm": "folded", "activation": "fused"})
    with pytest.raises(InputError, match="does not price the operator Transpose"):
        VelaEstimator(bare).estimate(mixed())


def test_a_network_without_a_path_fails_and_the_others_do_not(home) -> None:
    space = SPACES["nasbench201"]
    dead = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    skip = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    estimator = make_estimator(load_target("ethos-u55-256"))
    made = estimate_networks(estimator, space, [dead, skip, dead])
    assert np.isnan(made.latency_ms).tolist() == [True, False, True]
    assert set(made.failures) == {0, 2}
    assert "path from its input to its output" in made.failures[0]


def test_a_network_on_disk_is_not_compiled_again(home, monkeypatch: pytest.MonkeyPatch) -> None:
    target, graph = load_target("ethos-u55-256"), mixed()
    first = make_estimator(target).total(graph)
    monkeypatch.setattr(VelaEstimator, "estimate", lambda *_: pytest.fail("compiled again"))
    assert make_estimator(target).total(graph) == first


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("accelerator", "ethos-u55-255", "accelerator of ethos-u55-256 must be one of .*ethos-u55-256"),
        ("system_config", "Fast", "system_config of ethos-u55-256 must be one of Ethos_U55_Deep_Embedded"),
        ("memory_mode", "All", "memory_mode of ethos-u55-256 must be one of Dedicated_Sram"),
    ],
)
def test_unknown_hardware_is_refused_by_name(key: str, value: str, message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        VelaEstimator(load_target("ethos-u55-256", {key: value})).estimate(mixed())


def test_a_convention_that_the_file_does_not_follow_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"conventions.pool of ethos-u55-256 must be one of window"):
        load_target("ethos-u55-256", {"pool": "dense"})
    assert read_target("ethos-u55-256").conventions["pool"] == "window"
    text = "name: a\nversion: 1\nestimator: vela\nhardware: {}\nconventions: {}\n"
    with pytest.raises(InputError, match="hardware of a must have the key accelerator"):
        VelaEstimator.check(parse_target(text, "a"))
