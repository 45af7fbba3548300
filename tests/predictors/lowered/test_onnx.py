"""ONNX files of served forms."""

import numpy as np
import onnx
import pytest

from archcast.core.errors import ArtifactError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.predictors import Additive, Boosting, BoostingConfig
from archcast.predictors.adapt.posterior import adapt_to
from archcast.predictors.adapt.sources import prior_of
from archcast.predictors.lowered import exact_form, served_form
from archcast.predictors.lowered.onnx import check_equal, onnx_file
from archcast.predictors.onnx_model import OnnxModel
from archcast.serving.store import store

KINDS = sorted({(s.space, s.metric) for s in store().first() if s.space != "network"})


@pytest.mark.parametrize(("space", "metric"), KINDS)
def test_a_shipped_predictor_as_onnx(space, metric):
    here = store()
    served = here.first(space, metric)[-1]
    form = exact_form(here.load(served), (served.column,))
    codes = SPACES[space].sample(700, seed=4)
    content = onnx_file(form, codes[:50])
    found = OnnxModel(content).run({"codes": codes})[0]
    assert found.dtype == np.float32
    assert found.shape == (700, 1)
    np.testing.assert_allclose(found, form.values(codes), rtol=1e-5)
    (given,) = onnx.load_from_string(content).graph.input
    assert given.type.tensor_type.elem_type == onnx.TensorProto.INT8


def test_an_exact_target_is_rounded_as_in_numpy():
    here = store()
    served = here.find("fbnet", device="eyeriss", metric="latency", dataset=None)
    form = exact_form(here.load(served), (served.column,))
    codes = SPACES["fbnet"].sample(3000, seed=4)
    found = OnnxModel(onnx_file(form, codes[:50])).run({"codes": codes})[0]
    np.testing.assert_allclose(found, form.values(codes), rtol=2e-6)


@pytest.mark.parametrize("metric", ["latency", "throughput"])
def test_a_sum_with_a_tail_or_inverse(metric):
    space = SPACES["fbnet"]
    codes = space.sample(30, seed=0)
    cost = 1.0 + codes @ np.linspace(0.01, 1, 22)
    values = cost if metric == "latency" else 1 / cost
    model = adapt_to(prior_of("fbnet", ("raspi4",)), codes, values, device="mine", metric=metric)
    form = exact_form(model, (0,))
    many = space.sample(2000, seed=4)
    np.testing.assert_allclose(
        OnnxModel(onnx_file(form, codes)).run({"codes": many})[0], form.values(many), rtol=1e-5
    )
    labels = Labels("fbnet", metric, "cifar100", (Target("d", "cifar100"),), codes, values[:, None])
    form = exact_form(Additive().fit(labels), (0,))
    np.testing.assert_allclose(
        OnnxModel(onnx_file(form, codes)).run({"codes": many})[0], form.values(many), rtol=1e-5
    )


def test_a_predictor_that_is_no_table_has_no_onnx():
    space = SPACES["fbnet"]
    codes = space.sample(40, seed=0)
    values = 1.0 + codes.sum(axis=1, dtype=float)[:, None]
    labels = Labels("fbnet", "latency", "cifar100", (Target("d", "cifar100"),), codes, values)
    model = Boosting(BoostingConfig(rounds=2)).fit(labels)
    with pytest.raises(ArtifactError, match="served itself"):
        onnx_file(served_form(model, (0,)), codes)


def test_values_that_differ_are_refused():
    values = np.ones((3, 1), dtype=np.float32)
    check_equal(values, values)
    for other in (values * 1.001, values[:2], values * np.nan):
        with pytest.raises(ArtifactError, match="must equal"):
            check_equal(other, values)
