"""The graph network with repeated states computed once, beside the exported network, node by node."""

import pickle
import threading
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from archcast.core.errors import ArtifactError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.predictors.families.gnn import GNN, GNNConfig, predictor, shared
from archcast.predictors.families.gnn.nodes import layout
from archcast.predictors.families.gnn.seen import Seen
from archcast.predictors.families.gnn.weights import Weights
from archcast.testing.subject import synthetic_latency

SMALL = GNNConfig(hidden=16, layers=3, rank=8, epochs=1, min_steps=10, threads=1)
WITH_LAYOUT = ("nasbench201", "fbnet", "ofa_mbv3", "mnasnet", "macro")
WITHOUT = ("hat", "skipnet")


@cache
def fit(name, config=SMALL):
    space = SPACES[name]
    codes = space.sample(30, seed=1)
    values = synthetic_latency(space, codes, devices=2, seed=2)
    targets = (Target("a", space.datasets[0]), Target("b", space.datasets[0]))
    return GNN(config).fit(Labels(name, "latency", space.datasets[0], targets, codes, values))


@pytest.fixture(params=("nasbench201", "fbnet", "ofa_mbv3", "mnasnet"))
def fitted(request):
    return fit(request.param)


@pytest.fixture
def chain():
    return fit("fbnet")


def check(model, codes):
    inputs = model.inputs(codes)
    found = model._sharing().run(codes, inputs.graph_features)
    for ours, theirs in zip(found, model.model_.run(inputs.feed()), strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n", [1, 2, 17, 333])
def test_equal_to_the_exported_network(fitted, n):
    codes = fitted.space_.sample(n, seed=n)
    check(fitted, codes)
    check(fitted, codes)  # now with states that were seen before


def test_repeated_rows_get_equal_answers(fitted):
    codes = np.repeat(fitted.space_.sample(3, seed=5), 40, axis=0)
    check(fitted, codes)
    z, _ = fitted._sharing().run(codes, fitted.inputs(codes).graph_features)
    np.testing.assert_allclose(z, np.repeat(z[::40], 40, axis=0), rtol=1e-5, atol=1e-6)


def test_neighbours_change_the_answer(fitted):
    """A decision is felt beyond its own node, so what is shared must depend on the neighbourhood."""
    codes = fitted.space_.sample(1, seed=6)
    near, _ = fitted.space_.neighbours(codes)
    both = np.concatenate([codes, near])
    check(fitted, both)
    features = np.zeros_like(fitted.inputs(both).graph_features)
    z, _ = fitted._sharing().run(both, features)
    assert (z[1:] != z[0]).any()


@pytest.mark.parametrize("name", WITHOUT)
def test_spaces_without_a_layout_go_to_onnx_runtime(name):
    model = fit(name)
    assert model._sharing() is None
    codes = model.space_.sample(predictor._FEW + 1, seed=7)
    expected = model.model_.run(model.inputs(codes).feed())[0]
    np.testing.assert_array_equal(model._predict(codes), expected)


@pytest.mark.parametrize(("name", "layers"), [("fbnet", 0), ("fbnet", 1), ("fbnet", 2), ("nasbench201", 1)])
def test_any_number_of_rounds(name, layers):
    model = fit(name, replace(SMALL, layers=layers))
    check(model, model.space_.sample(50, seed=8))


@pytest.mark.parametrize("name", WITH_LAYOUT)
def test_layout_has_the_nodes_and_edges_of_the_dag(name):
    space = SPACES[name]
    for dataset in space.datasets:
        codes = space.sample(40, seed=9)
        made, graphs = layout(space, dataset), space.dag(codes, dataset)
        nodes = made.nodes(codes)
        np.testing.assert_array_equal(nodes.ptr, graphs.ptr)
        np.testing.assert_array_equal(made.types[nodes.form], graphs.node_type)
        np.testing.assert_array_equal(made.features[nodes.form], graphs.node_features)
        edges = set(map(tuple, graphs.edge_index.T.tolist()))
        total = len(nodes.form)
        for sources, ends in ((nodes.predecessors, (0, 1)), (nodes.successors, (1, 0))):
            rank, node = np.nonzero(sources < total)
            found = np.stack([sources[rank, node], node])[list(ends)]
            assert len(found.T) == len(edges)
            assert set(map(tuple, found.T.tolist())) == edges


def test_full_and_unusable_tables_change_nothing(chain, monkeypatch):
    codes = chain.space_.sample(100, seed=10)
    for name, value in (("_ROWS", 7), ("_ROWS", 100), ("_MOST_KEY", 1), ("_PART", 1), ("_PART", 300)):
        with monkeypatch.context() as patch:
            patch.setattr(shared, name, value)
            copy = pickle.loads(pickle.dumps(chain))
            assert copy._shared is None
            check(copy, codes)
            check(copy, codes)
            assert copy._sharing()._seen.count <= shared._ROWS


def test_states_are_found_again(chain):
    codes = chain.space_.sample(20, seed=11)
    made = pickle.loads(pickle.dumps(chain))
    check(made, codes)
    before = made._sharing()._seen.count
    assert before > 0
    check(made, codes[::-1].copy())
    assert made._sharing()._seen.count == before


def test_threads_share_a_table(chain):
    made = pickle.loads(pickle.dumps(chain))
    batches = [made.space_.sample(64, seed=s) for s in range(24)]
    expected = [chain.predict(batch) for batch in batches]
    found = [None] * len(batches)

    def work(share):
        for i in range(share, len(batches), 4):
            found[i] = made.predict(batches[i])

    threads = [threading.Thread(target=work, args=(share,)) for share in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_a_writer_that_never_ends_holds_up_no_one(chain):
    """As after a fork in the midst of one."""
    made = pickle.loads(pickle.dumps(chain))
    seen = made._sharing()._seen
    with seen._writing:
        check(made, made.space_.sample(30, seed=12))
    assert seen.count == 0


def test_keys_that_share_a_place_are_told_apart():
    rng = np.random.default_rng(0)
    keys = np.unique(rng.integers(0, 2**62, 200_000))
    table = np.zeros((len(keys) + 1, 1), dtype=np.float32)
    seen = Seen(table)
    rows = np.arange(len(keys), dtype=np.float32)[:, None]
    for i in range(0, len(keys), 1000):
        seen.keep(keys[i : i + 1000], rows[i : i + 1000])
    place, found = seen.find(keys)
    assert 0.5 < found.mean() < 1  # some keys have both places taken
    np.testing.assert_array_equal(table[place[found], 0], rows[found, 0])
    assert not seen.find(keys + 2**62)[1].any()


def test_saved_by_an_earlier_version_goes_to_onnx_runtime(chain):
    from archcast.predictors.artifact.arrays import pack, unpack

    files = chain.to_files()
    arrays = unpack(files["norm.npz"], "norm.npz")
    kept = {name: array for name, array in arrays.items() if name != "mean_nodes"}
    old = pickle.loads(pickle.dumps(chain))
    old._from_files(files | {"norm.npz": pack(kept)})
    assert old._sharing() is None
    assert "mean_nodes" not in unpack(old.to_files()["norm.npz"], "norm.npz")
    codes = chain.space_.sample(40, seed=13)
    np.testing.assert_allclose(old.predict(codes), chain.predict(codes), rtol=1e-5)
    for wrong in (np.array(0.0), np.array([1.0, 2.0]), np.array(np.nan)):
        with pytest.raises(ArtifactError, match="mean_nodes"):
            old._from_files(files | {"norm.npz": pack(kept | {"mean_nodes": wrong})})


def test_fit_refuses_shared_states_that_answer_otherwise(chain, monkeypatch):
    made = pickle.loads(pickle.dumps(chain))
    made.mean_nodes_ = chain.mean_nodes_ * 2
    with pytest.raises(ArtifactError, match="shared"):
        made._check_shared(chain.space_.sample(4, seed=14))


@pytest.mark.parametrize("cut", [0, 5, 40])
def test_damaged_weights_are_refused(chain, cut):
    with pytest.raises(ArtifactError, match=r"weights\.safetensors"):
        Weights.of(chain.weights_[:cut])


def test_weights_of_something_else_are_refused():
    from safetensors.numpy import save

    for arrays in ({"a": np.zeros(3, dtype=np.float32)}, {"a": np.zeros(3)}):
        with pytest.raises(ArtifactError, match=r"weights\.safetensors"):
            Weights.of(save(arrays))
