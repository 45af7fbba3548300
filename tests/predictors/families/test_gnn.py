import copy
import multiprocessing
import pickle
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load as load_weights

from archcast.core.errors import ArtifactError, InputError, MissingPackageError, NotFittedError
from archcast.core.installed import install_line
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.predictors.artifact.card import Card
from archcast.predictors.artifact.manifest import save
from archcast.predictors.families.gnn import GNN, GNNConfig
from archcast.predictors.families.gnn.inputs import Inputs, Scaling
from archcast.predictors.onnx_model import OnnxModel
from archcast.testing.subject import synthetic_latency

SPACE = SPACES["nasbench201"]
SMALL = GNNConfig(hidden=16, layers=2, rank=8, epochs=5, min_steps=60, threads=1)


def labels(n=60, space=SPACE):
    codes = space.sample(n, seed=1)
    targets = (Target("a", space.datasets[0]), Target("b", space.datasets[0]))
    values = synthetic_latency(space, codes, devices=2, seed=2)
    return Labels(space.name, "latency", space.datasets[0], targets, codes, values)


@pytest.fixture(scope="module")
def fitted():
    return GNN(SMALL).fit(labels())


@pytest.fixture(scope="module")
def network(fitted):
    """The torch network that the ONNX file was made from, rebuilt from the kept weights."""
    from archcast.predictors.families.gnn.fit import sizes
    from archcast.predictors.families.gnn.network import Network

    given = labels()
    made = Network(sizes(fitted.inputs(given.codes), 2, SMALL))
    made.load_state_dict(load_weights(fitted.to_files()["weights.safetensors"]))
    return made.eval()


def outputs(network, inputs):
    from archcast.predictors.families.gnn.fit import tensors

    with torch.no_grad():
        return [output.numpy() for output in network(*tensors(inputs))]


def relabelled(inputs, seed):
    """The same graphs with the nodes of each in another order, and edges in another order."""
    rng = np.random.default_rng(seed)
    shuffled = np.lexsort((rng.random(len(inputs.batch)), inputs.batch))
    place = np.empty_like(shuffled)
    place[shuffled] = np.arange(len(shuffled))
    edges = rng.permutation(inputs.edge_index.shape[1])
    return replace(
        inputs,
        node_type=inputs.node_type[shuffled],
        node_features=inputs.node_features[shuffled],
        edge_index=np.ascontiguousarray(place[inputs.edge_index][:, edges]),
    )


@pytest.mark.parametrize("n", [1, 2, 7, 200])
def test_onnx_equals_torch(fitted, network, n):
    inputs = fitted.inputs(SPACE.sample(n, seed=5))
    found = fitted.model_.run(inputs.feed())
    assert len(found) > 0
    for ours, theirs in zip(found, outputs(network, inputs), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_node_and_edge_order_do_not_matter(fitted):
    inputs = fitted.inputs(SPACE.sample(50, seed=6))
    moved = relabelled(inputs, seed=7)
    assert (moved.node_type != inputs.node_type).any()
    for one, other in zip(fitted.model_.run(inputs.feed()), fitted.model_.run(moved.feed()), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_direction_of_edges_matters(fitted):
    inputs = fitted.inputs(SPACE.sample(50, seed=6))
    turned = replace(inputs, edge_index=np.ascontiguousarray(inputs.edge_index[::-1]))
    difference = np.abs(fitted.model_.run(inputs.feed())[1] - fitted.model_.run(turned.feed())[1])
    assert difference.max() > 1e-3


def test_graphs_without_edges_are_predicted(fitted):
    empty = np.zeros((3, 6), dtype=np.int8)  # every edge of the cell is `none`
    assert fitted.inputs(empty).edge_index.shape == (2, 0)
    answers = fitted.predict(np.concatenate([empty, SPACE.sample(5, seed=8)]))
    np.testing.assert_allclose(fitted.predict(empty), answers[:3], rtol=1e-5)


@pytest.mark.parametrize("threads", [1, 3])
def test_batches_larger_than_a_chunk(fitted, threads):
    other = GNN(replace(SMALL, threads=threads))
    other._take_header("nasbench201", "latency", fitted.dataset_, fitted.targets_)
    other.scale_ = fitted.scale_
    other._from_files(fitted.to_files())
    codes = SPACE.sample(1300, seed=9)
    expected = np.concatenate([fitted.predict(codes[i : i + 100]) for i in range(0, 1300, 100)])
    np.testing.assert_allclose(other.predict(codes), expected, rtol=1e-5)


def test_rows_of_inputs_are_those_of_the_architectures(fitted):
    codes = SPACE.sample(40, seed=10)
    chosen = np.array([7, 3, 3, 39, 0])
    whole, parts = fitted.inputs(codes).rows(chosen), fitted.inputs(codes[chosen])
    for name, array in parts.feed().items():
        if name != "edge_index":
            np.testing.assert_array_equal(whole.feed()[name], array)
    assert set(map(tuple, whole.edge_index.T)) == set(map(tuple, parts.edge_index.T))
    assert whole.edge_index.shape == parts.edge_index.shape


def test_embedding_has_the_trunks_width_and_is_what_targets_are_read_from(fitted, network):
    codes = SPACE.sample(9, seed=11)
    h = fitted.embed(codes)
    assert h.shape == (9, SMALL.hidden)
    inputs = fitted.inputs(codes)
    with torch.no_grad():
        z = network.project(torch.from_numpy(h)) @ network.devices.T + network.bias
        z = z + torch.from_numpy(inputs.graph_features) @ network.lines.T
    np.testing.assert_allclose(fitted._predict(codes), z.numpy(), rtol=1e-4, atol=1e-4)
    with pytest.raises(NotFittedError):
        GNN(SMALL).embed(codes)


def test_another_seed_gives_another_model(fitted):
    given = labels()
    assert (GNN(SMALL).fit(given, seed=1).predict(given.codes) != fitted.predict(given.codes)).any()


def test_what_was_exported_serves_other_weights_of_its_shapes(fitted, network, monkeypatch):
    from archcast.predictors.families.gnn.export import export

    monkeypatch.setattr(torch.onnx, "export", lambda *_, **__: pytest.fail("exported again"))
    inputs, other = fitted.inputs(SPACE.sample(6, seed=13)), copy.deepcopy(network)
    with torch.no_grad():
        for value in other.parameters():
            value.mul_(1.1)
    found = OnnxModel(export(other, inputs)).run(inputs.feed())
    for ours, theirs in zip(found, outputs(other, inputs), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    assert np.abs(found[0] - fitted.model_.run(inputs.feed())[0]).max() > 1e-3


def test_loss_reads_only_the_values_that_are_there():
    from archcast.predictors.families.gnn.fit import huber_loss

    predicted = torch.tensor([[0.1, 9.0], [2.0, 0.0]], requires_grad=True)
    values = torch.tensor([[0.0, float("nan")], [0.0, 0.0]])
    loss = huber_loss(predicted, values, bend=1.0)
    loss.backward()
    assert loss.item() == pytest.approx((0.1**2 / 2 + (2.0 - 0.5) + 0.0) / 3)
    assert predicted.grad.tolist() == [[pytest.approx(0.1 / 3), 0.0], [pytest.approx(1 / 3), 0.0]]


def test_training_puts_threads_and_generator_back():
    before = torch.get_num_threads(), torch.get_rng_state().clone()
    GNN(replace(SMALL, threads=before[0] + 1, min_steps=1, epochs=1)).fit(labels(10))
    assert torch.get_num_threads() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


def test_forked_process_predicts(fitted):
    codes = SPACE.sample(5, seed=14)
    expected = fitted.predict(codes)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=lambda: theirs.send(fitted.predict(codes)))
    child.start()
    assert ours.poll(30)
    np.testing.assert_array_equal(ours.recv(), expected)
    child.join(30)


def test_loaded_gnn_predicts_without_torch(fitted, tmp_path):
    save(fitted, tmp_path / "gnn", card=Card("test"))
    codes = SPACE.sample(5, seed=12)
    script = (
        "import sys, pathlib\n"
        "sys.modules['torch'] = sys.modules['torch_geometric'] = sys.modules['safetensors'] = None\n"
        "from archcast.predictors.artifact.manifest import load, read_manifest\n"
        "import archcast.predictors.families.gnn\n"
        "from archcast.featurize.spaces import SPACES\n"
        "made = load(read_manifest(pathlib.Path(sys.argv[1])))\n"
        "codes = SPACES['nasbench201'].sample(5, seed=12)\n"
        "sys.stdout.buffer.write(made.predict(codes).tobytes())\n"
        "try:\n"
        "    import archcast.predictors.families.gnn as g\n"
        "    from archcast.core.labels import Labels\n"
        "    given = Labels('nasbench201', 'latency', made.dataset_, made.targets_, codes,\n"
        "                   made.predict(codes).astype(float))\n"
        "    g.GNN().fit(given)\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "gnn")], capture_output=True, check=True, timeout=60
    )
    found = np.frombuffer(done.stdout, dtype=np.float32).reshape(5, 2)
    np.testing.assert_array_equal(found, fitted.predict(codes))
    assert MissingPackageError.__name__ in done.stderr.decode()
    assert install_line("train") in done.stderr.decode()


def test_export_refuses_a_model_that_answers_otherwise(fitted, network):
    from archcast.predictors.families.gnn.export import check

    inputs = fitted.inputs(SPACE.sample(4, seed=13))
    check(network, fitted.model_.content, inputs)
    with torch.no_grad():
        network.bias += 0.01
    try:
        with pytest.raises(ArtifactError, match="must equal"):
            check(network, fitted.model_.content, inputs)
    finally:
        with torch.no_grad():
            network.bias -= 0.01


def test_exported_file_says_how_it_must_be_run(fitted):
    import onnx

    model = onnx.load_from_string(fitted.model_.content)
    assert "one intra-op thread" in model.doc_string
    assert [i.name for i in model.graph.input] == list(fitted.inputs(SPACE.sample(1, seed=0)).feed())
    onnx.checker.check_model(model)


def test_session_is_made_at_first_use_and_not_pickled(fitted):
    model = OnnxModel(fitted.model_.content)
    assert model._made is None
    feed = fitted.inputs(SPACE.sample(2, seed=0)).feed()
    expected = model.run(feed)[0]
    copy = pickle.loads(pickle.dumps(model))
    assert copy._made is None
    np.testing.assert_array_equal(copy.run(feed)[0], expected)
    with pytest.raises(ArtifactError, match="ONNX Runtime reads"):
        OnnxModel(b"no model").run(feed)


def test_without_onnx_runtime_the_line_that_installs_it_is_told(fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    copy = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(MissingPackageError, match=re.escape(f"onnxruntime: run {install_line('serve')}")):
        copy.predict(SPACE.sample(1, seed=0))


@pytest.mark.parametrize("file", ["model.onnx", "norm.npz", "weights.safetensors"])
def test_missing_file_is_named(fitted, file):
    files = {name: content for name, content in fitted.to_files().items() if name != file}
    with pytest.raises(ArtifactError, match=file):
        fitted._from_files(files)


def test_scaling_leaves_out_constant_columns_and_holds_far_values():
    table = np.array([[1.0, 5.0, 0.0], [3.0, 5.0, 2.0]])
    scaling = Scaling.fit(table)
    assert scaling.kept.tolist() == [0, 2]
    np.testing.assert_allclose(scaling.apply(table), [[-1, -1], [1, 1]])
    assert np.abs(scaling.apply(table * 1e6)).max() <= 8
    arrays = scaling.arrays("node")
    back = Scaling.from_arrays(arrays, "node", columns=3)
    np.testing.assert_array_equal(back.apply(table), scaling.apply(table))
    for columns, broken in ((2, arrays), (3, {}), (3, arrays | {"node_mean": np.zeros(5)})):
        with pytest.raises(ArtifactError):
            Scaling.from_arrays(broken, "node", columns=columns)


def test_inputs_of_one_graph_are_a_batch_of_one():
    graphs = SPACE.dag(SPACE.sample(1, seed=0))
    scaling = Scaling.fit(graphs.node_features)
    made = Inputs.of(graphs, np.zeros((1, 2)), scaling, Scaling.fit(np.array([[0.0, 1.0], [1.0, 0.0]])))
    assert made.batch.tolist() == [0] * len(made.node_type)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hidden": 0},
        {"layers": -1},
        {"layers": True},
        {"epochs": 1.5},
        {"threads": 0},
        {"learning_rate": 0.0},
        {"huber": -1.0},
        {"weight_decay": -0.1},
        {"dropout": 1.0},
        {"dropout": float("nan")},
    ],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        GNNConfig(**wrong)
