"""New devices from networks of any form, by the public functions."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
from made_up_networks import plain_network

import archcast
from archcast.core.metric import METRICS
from archcast.featurize.onnx_model import to_onnx
from archcast.featurize.spaces import SPACES

pytestmark = pytest.mark.filterwarnings("ignore:.* had (a shipped|another) predictor")
TEACHES = "pixel4-tflite2.10-1large"
SOURCES = ["galaxy-s10-tflite2.10-1large", "mi8se-tflite2.10-1large", "raspberry-pi-5-run49-ncnn-1t"]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHCAST_HOME", str(tmp_path))
    return tmp_path


def drawn(n, seed):
    rng = np.random.default_rng(seed)
    return [plain_network(*rng.integers(8, 96, rng.integers(2, 7)).tolist(), side=32) for _ in range(n)]


def truth(networks):
    """A device like one that ships, twice as slow."""
    return 2 * archcast.predict(networks, TEACHES)


def test_a_board_learned_from_networks_answers_for_networks_and_every_space():
    known, others = drawn(6, 0), drawn(12, 1)
    made = archcast.adapt(known, truth(known), device="my-board")
    assert np.abs(made.predict(others) / truth(others) - 1).mean() < 0.05
    low, high = made.predict_interval(others)
    assert (low < high).all()
    made.save()
    np.testing.assert_allclose(archcast.predict(others, "my-board"), made.predict(others), rtol=1e-5)
    cells = SPACES["nasbench201"].to_text(SPACES["nasbench201"].sample(2, seed=0))
    through = archcast.predict(cells, "my-board")
    networks = [SPACES["nasbench201"].network(SPACES["nasbench201"].parse([cell])[0]) for cell in cells]
    np.testing.assert_allclose(through, made.predict(networks), rtol=1e-4)
    told = archcast.load("my-board", space="nasbench201").notes(cells)
    assert all("unlike any network that it learned from" in note for note in told)


def test_it_is_found_in_another_process(home):
    known = drawn(4, 0)
    made = archcast.adapt(known, truth(known), device="my-board")
    made.save()
    path = home / "net.onnx"
    path.write_bytes(to_onnx(known[0]))
    code = f"import archcast; print(float(archcast.predict([{str(path)!r}], 'my-board')[0]))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert float(told) == pytest.approx(float(made.predict([str(path)])[0]), rel=1e-5)


def test_members_of_spaces_and_files_are_mixed_with_networks(home):
    cell = SPACES["nasbench201"].to_text(SPACES["nasbench201"].sample(1, seed=0))[0]
    path = home / "net.onnx"
    path.write_bytes(to_onnx(plain_network(8, 16)))
    made = archcast.adapt([plain_network(32, 64), cell, str(path)], [3.0, 9.0, 1.0], device="my-board")
    assert made.entry.space == "network"
    within = archcast.adapt(
        SPACES["fbnet"].format(SPACES["fbnet"].sample(4, seed=0)), [9, 8, 7, 6], device="b", space="network"
    )
    assert within.entry.space == "network"


def test_sources_may_be_named():
    known = drawn(5, 0)
    made = archcast.adapt(known, truth(known), device="my-board", sources=SOURCES)
    assert set(made.sources) == set(SOURCES)
    with pytest.raises(archcast.UnknownNameError, match="source device of networks"):
        archcast.adapt(known, truth(known), device="my-board", sources=["abacus"])
    with pytest.raises(archcast.InputError, match="at least one device"):
        archcast.adapt(known, truth(known), device="my-board", sources=[])


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([1.0, 2.0], "one number a network, 3"),
        ([1.0, -2.0, 3.0], r"above 0, got -2.0 \(item 1\)"),
        ([1.0, float("nan"), 3.0], "must be finite"),
        ([5.0, 5.0, 5.0], "values must differ"),
    ],
)
def test_values_are_checked(values, told):
    with pytest.raises(archcast.InputError, match=told):
        archcast.adapt(drawn(3, 0), values, device="my-board")


def test_an_open_side_is_told_with_its_place(home):
    path = home / "open.onnx"
    path.write_bytes(to_onnx(plain_network(8)))
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "side"
    onnx.save(model, path)
    with pytest.raises(archcast.InputError, match=r"'side' .* is not bound.* \(item 2\)"):
        archcast.adapt([*drawn(2, 0), path, *drawn(1, 1)], [1.0, 2.0, 3.0, 4.0], device="my-board")


def test_a_wrong_unit_is_asked_about():
    known = drawn(4, 0)
    with pytest.warns(archcast.ArchcastWarning, match=f"is it in {METRICS['latency'].unit}"):
        archcast.adapt(known, 1e9 * truth(known), device="my-board")


def test_accuracy_is_of_a_space():
    with pytest.raises(archcast.InputError, match="learned within a space"):
        archcast.adapt(drawn(4, 0), [90, 91, 92, 93], device="cifar10", metric="accuracy")


def test_suggested_networks_are_those_given(home):
    pool = drawn(12, 3)
    chosen = archcast.suggest(candidates=pool, n=4)
    assert len({network.key for network in chosen}) == 4
    assert all(any(network is given for given in pool) for network in chosen)
    more = archcast.suggest(candidates=pool, n=3, measured=chosen)
    assert not {n.key for n in more} & {n.key for n in chosen}
    paths = []
    for i, network in enumerate(pool[:5]):
        paths.append(str(home / f"net{i}.onnx"))
        (home / f"net{i}.onnx").write_bytes(to_onnx(network))
    assert set(archcast.suggest(candidates=paths, n=3)) <= set(paths)


def test_without_candidates_published_networks_are_suggested():
    boards = [d.device for d in archcast.devices("network", runtime="ncnn", threads=1)]
    chosen = archcast.suggest("network", n=3, sources=boards)
    assert len({network.key for network in chosen}) == 3
    assert all(network.summary().macs <= 600_000_000 for network in chosen)
