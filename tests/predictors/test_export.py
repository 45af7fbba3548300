"""Exports: folders that hold one device's predictor in the form in which it is served."""

import json
from dataclasses import replace

import numpy as np
import pytest
from made_up import additive_labels, fitted_lookup

from archcast.core.errors import InputError, UnknownNameError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.predictors import (
    MLP,
    Additive,
    BayesianLinear,
    Card,
    Manifest,
    MLPConfig,
    load,
    read_manifest,
)
from archcast.predictors.artifact.manifest import MANIFEST, digest
from archcast.predictors.distill import DistillError, Teaching, distil
from archcast.predictors.export import export, quickly
from archcast.predictors.intervals import Intervals
from archcast.predictors.onnx_model import OnnxModel


def manifest_of(model, card=None, intervals=None):
    return Manifest(None, model.header(), {}, {}, card or Card("made up"), intervals, {}, "ab" * 32)


@pytest.fixture(scope="module")
def sums():
    space = SPACES["fbnet"]
    codes = space.sample(100, seed=1)
    cost = 1.0 + codes @ np.linspace(0.02, 0.3, 22)
    targets = (Target("a", "cifar100"), Target("b", "cifar100"))
    labels = Labels("fbnet", "latency", "cifar100", targets, codes, np.stack([cost, 3 * cost], axis=1))
    return Additive().fit(labels), labels


def test_arrays_are_a_saved_predictor_of_the_one_device(tmp_path, sums):
    model, labels = sums
    card = Card("two", quality={"a/cifar100": {"mape": 0.1}, "b/cifar100": {"mape": 0.2}})
    done = export(model, manifest_of(model, card), 1, tmp_path / "out")
    manifest = read_manifest(tmp_path / "out")
    again = load(manifest)
    assert again.family == "additive"
    assert again.targets_ == labels.targets[1:]
    codes = SPACES["fbnet"].sample(200, seed=3)
    np.testing.assert_allclose(again.predict(codes)[:, 0], model.predict(codes)[:, 1], rtol=1e-6)
    assert manifest.card.quality == {"b/cifar100": {"mape": 0.2}}
    assert manifest.card.agreement == done.agreement.to_json()
    assert manifest.card.agreement["rows"] == 20_000
    assert manifest.card.teacher_sha256 == "ab" * 32
    assert manifest.card.teacher == ""
    assert done.form == "sums"


def test_a_small_space_is_written_out_with_its_teacher(tmp_path):
    fitted = fitted_lookup(additive_labels())
    manifest = manifest_of(fitted.predictor, fitted.card, fitted.intervals)
    done = export(fitted.predictor, manifest, 1, tmp_path / "out")
    made = read_manifest(tmp_path / "out")
    assert (done.form, made.card.teacher) == ("table", "lookup")
    assert made.targets == fitted.predictor.targets_[1:]
    codes = SPACES["nasbench201"].sample(200, seed=3)
    np.testing.assert_allclose(
        load(made).predict(codes)[:, 0], fitted.predictor.predict(codes)[:, 1], rtol=1e-6
    )
    y = np.linspace(2, 9, 5)
    np.testing.assert_allclose(
        made.intervals.around(y, 0, 0.9), fitted.intervals.around(y, 1, 0.9), rtol=1e-4
    )


def test_onnx_comes_with_a_manifest(tmp_path, sums):
    model, _ = sums
    done = export(model, manifest_of(model), 0, tmp_path / "out", form="onnx")
    assert sorted(p.name for p in done.folder.iterdir()) == [MANIFEST, "model.onnx"]
    found = json.loads((done.folder / MANIFEST).read_text())
    sha256 = found.pop("sha256")
    assert sha256 == digest(found)
    assert (found["space"], found["metric"], found["unit"], found["device"]) == (
        "fbnet",
        "latency",
        "ms",
        "a",
    )
    assert found["input"]["shape"] == ["n", 22]
    assert found["agreement"]["spearman"] > 0.9999
    codes = SPACES["fbnet"].sample(300, seed=3)
    values = OnnxModel((done.folder / "model.onnx").read_bytes()).run({"codes": codes})[0]
    np.testing.assert_allclose(values[:, 0], model.predict(codes)[:, 0], rtol=1e-5)


def test_an_earlier_export_is_replaced_and_nothing_else(tmp_path, sums):
    model, _ = sums
    export(model, manifest_of(model), 0, tmp_path / "out")
    export(model, manifest_of(model), 0, tmp_path / "out", form="onnx")
    assert (tmp_path / "out" / "model.onnx").is_file()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    for place in ("mine", "mine/notes.txt"):
        with pytest.raises(InputError, match="holds something else"):
            export(model, manifest_of(model), 0, tmp_path / place)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep"
    with pytest.raises(UnknownNameError, match="arrays, onnx"):
        export(model, manifest_of(model), 0, tmp_path / "new", form="tflite")
    assert not (tmp_path / "new").exists()


@pytest.fixture(scope="module")
def slow(sums):
    return BayesianLinear().fit(even(sums[1]))


def even(labels):
    """Costs of which no network has a fraction only, so that lessons can be few."""
    return replace(labels, values=labels.values + 30)


SHORT = Teaching(taught=8_000, hidden=32, epochs=8, batch=128, rate=4e-3)


def taught_shortly(teacher, *, teaching, seed):
    del teaching
    return distil(teacher, teaching=SHORT, seed=seed)


def test_a_slow_teacher_is_distilled_where_its_known_error_leaves_room(tmp_path, sums, slow, monkeypatch):
    _, labels = sums
    monkeypatch.setattr(
        "archcast.predictors.export.distil", lambda *a, **k: distil(*a, **k | {"teaching": SHORT})
    )
    known = Intervals.from_errors(labels.values, labels.values * 1.1, logarithmic=True)
    card = Card("two", quality={"a/cifar100": {"mape": 0.5}})
    done = export(slow, manifest_of(slow, card, known), 0, tmp_path / "out")
    made = read_manifest(tmp_path / "out")
    assert (made.header["family"], made.card.teacher, done.form) == ("distilled", "linear", "sums")
    assert 0 < made.card.agreement["worse"] < 0.02
    y = np.array([2.0, 5.0])
    low, high = made.intervals.around(y, 0, 0.9)
    narrow = known.around(y, 0, 0.9)
    assert (low < narrow[0]).all()
    assert (high > narrow[1]).all()


def test_a_student_is_refused_where_nothing_says_that_it_is_no_worse(tmp_path, slow, monkeypatch):
    monkeypatch.setattr(
        "archcast.predictors.export.distil", lambda *a, **k: distil(*a, **k | {"teaching": SHORT})
    )
    with pytest.raises(
        DistillError, match=r"student of linear for a/cifar100 is refused, with Spearman 0\.\d+"
    ):
        export(slow, manifest_of(slow), 0, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_student_is_judged_by_what_was_held_out(sums, slow):
    _, labels = sums
    codes = SPACES["fbnet"].sample(400, seed=77)
    truth = slow.predict(codes).astype(float)
    noisy = truth * np.random.default_rng(0).uniform(0.8, 1.25, truth.shape)
    held_out = replace(labels, codes=codes, values=noisy)
    longer = replace(SHORT, taught=16_000)
    made = quickly(slow, held_out=held_out, teaching=longer)
    assert made.predictor.family == "distilled"
    assert [a.held_out for a in made.agreements] == [400, 400]
    assert made.agreement.worse == max(a.worse for a in made.agreements) < 0.02
    with pytest.raises(DistillError, match="the teacher is served itself"):
        quickly(slow, held_out=replace(held_out, values=truth * 1.0001), teaching=longer)


def test_heavy_networks_give_way_to_a_student_that_is_no_worse(sums, monkeypatch):
    _, labels = sums
    heavy = MLP(MLPConfig(hidden=12, members=1, epochs=60, corrects=False, decay=0.01)).fit(even(labels))
    assert quickly(heavy).predictor is heavy, "small networks are kept"
    monkeypatch.setattr("archcast.predictors.export._MOST_PRODUCTS", 100)
    monkeypatch.setattr("archcast.predictors.export.distil", taught_shortly)
    assert quickly(heavy).predictor is heavy, "nothing says yet that a student is no worse"
    codes = SPACES["fbnet"].sample(2000, seed=9)
    noise = np.random.default_rng(0).uniform(0.5, 2.0, (2000, 2))
    held_out = replace(labels, codes=codes, values=heavy.predict(codes).astype(float) * noise)
    made = quickly(heavy, held_out=held_out)
    assert made.predictor.config.teacher == "mlp"


def test_what_lowers_itself_is_kept(sums):
    model, _ = sums
    made = quickly(model)
    assert made.predictor is model
    assert made.agreement.worse <= 0.0
