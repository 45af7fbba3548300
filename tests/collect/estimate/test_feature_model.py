"""The feature model: planted weights are found, accelerators are features, and files are checked."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from archcast.collect.estimate import (
    Accelerator,
    FeatureModel,
    FeatureModelConfig,
    estimate_networks,
    load_target,
    make_estimator,
    write_target,
)
from archcast.collect.estimate.feature_model import network_volumes
from archcast.collect.estimate.kernel_estimates import estimate_kernels, fallbacks
from archcast.core.errors import ArtifactError, InputError, NotFittedError, UnknownNameError
from archcast.core.network import Network, Node, Value
from archcast.featurize.spaces import SPACES

CODES = SPACES["skipnet"].sample(60, seed=0)
VOLUMES = network_volumes("skipnet", CODES)
CHIPS = [Accelerator(a, b, c) for a, b, c in product((16, 64, 256), (32, 128), (100, 400))]


@pytest.mark.parametrize("non_negative", [True, False])
def test_planted_weights_are_found(non_negative: bool) -> None:
    weights = np.array([0.2, 3e-8, 0.0, 1e-7, 2e-7])
    config = FeatureModelConfig(non_negative=non_negative, ridge=1e-14)
    model = FeatureModel(config).fit("skipnet", CODES[:40], (VOLUMES @ weights)[:40])
    np.testing.assert_allclose(model.predict("skipnet", CODES[40:]), (VOLUMES @ weights)[40:], rtol=1e-3)
    if non_negative:
        assert (model.weights_ >= 0).all()


def test_volumes_are_those_of_the_layers() -> None:
    space = SPACES["macro"]
    ((one, macs, maps, weights, read),) = network_volumes("macro", ["02012100"])
    network = space.network(space.parse(["02012100"]))
    assert one == 1
    assert maps == sum(
        network.values[node.outputs[0]].elements for node in network.nodes if node.op != "Flatten"
    )
    assert macs > weights > 0
    assert read > 0


def test_accelerators_are_features() -> None:
    """Latency of macs / (array * clock) plus a cost of every element read that a larger buffer lessens."""
    rows = [(i, chip) for i in range(30) for chip in CHIPS]
    networks, chips = CODES[[i for i, _ in rows]], [chip for _, chip in rows]
    macs, read = VOLUMES[[i for i, _ in rows]][:, [1, 4]].T
    true = macs / np.array([c.array * c.clock_mhz for c in chips])
    true = true + read / np.array([c.buffer_kib**0.5 * c.clock_mhz for c in chips])
    known = np.array([c.array != 64 for c in chips])
    some = [chip for chip in chips if chip.array != 64]
    others = [chip for chip in chips if chip.array == 64]
    model = FeatureModel(FeatureModelConfig(hardware=True))
    model.fit("skipnet", networks[known], true[known], accelerators=some)
    predicted = model.predict("skipnet", networks[~known], accelerators=others)
    np.testing.assert_allclose(predicted, true[~known], rtol=1e-3)


def test_area_is_of_the_accelerator_alone() -> None:
    area = np.array([5 + 0.1 * c.array + 0.02 * c.buffer_kib for c in CHIPS])
    networks = CODES[: len(CHIPS)]
    model = FeatureModel(FeatureModelConfig("area", hardware=True))
    model.fit("skipnet", networks, area, accelerators=CHIPS)
    assert model.names_ == ("networks * 1", "networks * array", "networks * buffer")
    np.testing.assert_allclose(model.weights_, [5, 0.1, 0.02], rtol=1e-6)


def test_it_learns_an_estimated_device() -> None:
    space = SPACES["skipnet"]
    estimator = make_estimator(load_target("roofline:peak_gmacs=1,bandwidth_gbs=1000"))
    latency = estimate_networks(estimator, space, CODES).latency_ms
    model = FeatureModel().fit("skipnet", CODES[:40], latency[:40])
    error = np.abs(model.predict("skipnet", CODES[40:]) / latency[40:] - 1)
    assert np.median(error) < 0.05


def test_saved_and_loaded(tmp_path: Path) -> None:
    model = FeatureModel().fit("skipnet", CODES, VOLUMES[:, 1])
    model.save(tmp_path / "model.json")
    loaded = FeatureModel.load(tmp_path / "model.json")
    np.testing.assert_array_equal(loaded.predict("skipnet", CODES), model.predict("skipnet", CODES))
    assert [path.name for path in tmp_path.iterdir()] == ["model.json"]


@pytest.mark.parametrize("text", ["", "{}", '{"config": {}, "weights": {"a": 1}}', '{"config": {"x": 1}}'])
def test_a_file_that_is_no_model_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(ArtifactError, match=r"model\.json is no feature model"):
        FeatureModel.load(tmp_path / "model.json")


def test_mistakes_are_named() -> None:
    with pytest.raises(UnknownNameError, match="metric of a feature model must be one of"):
        FeatureModel(FeatureModelConfig("power"))
    with pytest.raises(InputError, match="area must be given hardware=True"):
        FeatureModel(FeatureModelConfig("area"))
    with pytest.raises(NotFittedError, match="must be fitted before it predicts"):
        FeatureModel().predict("skipnet", CODES)
    with pytest.raises(InputError, match="values must be 60 numbers above 0"):
        FeatureModel().fit("skipnet", CODES, np.zeros(60))
    with pytest.raises(InputError, match="accelerators must be one a network, 60 in all, got none"):
        FeatureModel(FeatureModelConfig(hardware=True)).fit("skipnet", CODES, VOLUMES[:, 1])
    with pytest.raises(InputError, match="must be left out"):
        FeatureModel().fit("skipnet", CODES[:12], VOLUMES[:12, 1], accelerators=CHIPS)
    model, wrong = FeatureModel(FeatureModelConfig(hardware=True)), [CHIPS[0], Accelerator(4, 4, 0)]
    with pytest.raises(InputError, match=r"clock_mhz of an accelerator must be above 0, got 0 \(item 1\)"):
        model.fit("skipnet", CODES[:2], VOLUMES[:2, 1], accelerators=wrong)


@pytest.mark.parametrize("hardware", [False, True])
def test_as_a_target_it_prices_members_and_files_alike(tmp_path: Path, hardware: bool) -> None:
    chips = [CHIPS[i % len(CHIPS)] for i in range(len(CODES))] if hardware else None
    fitted = {
        metric: FeatureModel(FeatureModelConfig(metric, hardware=hardware)).fit(
            "skipnet", CODES, VOLUMES @ weights, accelerators=chips
        )
        for metric, weights in (("latency", [0.2, 3e-8, 0, 1e-7, 2e-7]), ("energy", [1, 2e-8, 1e-8, 0, 0]))
    }
    write_target(tmp_path / "chip.yaml", "chip", fitted["latency"], energy=fitted["energy"])
    chosen = f"{tmp_path / 'chip.yaml'}" + (":array=64,buffer_kib=32,clock_mhz=100" if hardware else "")
    target = load_target(chosen)
    estimator = make_estimator(target)
    batch = estimate_networks(estimator, SPACES["skipnet"], CODES[:3])
    one = [Accelerator(64, 32, 100)] * 3 if hardware else None
    for metric, found in (("latency", batch.latency_ms), ("energy", batch.energy_mj)):
        wanted = fitted[metric].predict("skipnet", CODES[:3], accelerators=one)
        np.testing.assert_allclose(found, wanted, rtol=1e-9)
    network = SPACES["skipnet"].network(CODES[0], SPACES["skipnet"].datasets[0])
    made = estimate_kernels(estimator, network)
    assert made.latency_ms == pytest.approx(batch.latency_ms[0], rel=1e-9)
    assert {network.nodes[layer.position].op for layer in made.layers} == {at.op for at in made.layers}
    foreign = Network(
        {"x": Value("x", (2, 3)), "y": Value("y", (2, 3))}, (Node("me::Odd", ("x",), ("y",)),), ("x",), ("y",)
    )
    assert list(fallbacks(estimate_kernels(estimator, foreign))) == [
        "me::Odd not understood: priced as the data it moves"
    ]
    if hardware:
        with pytest.raises(InputError, match="chip must be given array, buffer_kib, clock_mhz"):
            load_target(str(tmp_path / "chip.yaml"))
