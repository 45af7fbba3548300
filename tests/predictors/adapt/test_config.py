"""The constants of adaptation go with what was made by them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from archcast.core.errors import ArtifactError, InputError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.predictors import Card, load, read_manifest, save
from archcast.predictors.adapt.config import AdaptConfig, PriorConfig, grid_of
from archcast.predictors.adapt.posterior import adapt_to
from archcast.predictors.adapt.prior import DevicePrior, fit_prior
from archcast.predictors.adapt.references import suggest_references

SPACE = SPACES["nasbench201"]
CODES = SPACE.sample(120, seed=0)
VALUES = 2.0 + np.array([0.0, 0.2, 1.0, 3.0, 0.6])[CODES].sum(axis=1)
LABELS = Labels(
    "nasbench201",
    "latency",
    "cifar10",
    tuple(Target(f"d{i}", "cifar10") for i in range(3)),
    CODES,
    VALUES[:, None] * [1.0, 2.0, 5.0],
)


def test_a_prior_keeps_its_constants():
    config = PriorConfig(iterations=7, part_shares=(0.0, 1.0), apart_scope=0.2)
    prior = fit_prior(LABELS, config=config)
    assert DevicePrior.from_arrays(prior.to_arrays()).config == prior.config == config
    assert len(prior.components) < len(fit_prior(LABELS).components), "a share less, a component less"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (json.dumps(json.loads(PriorConfig().to_json()) | {"freedoms": 4.0}), "missing: freedoms"),
        (PriorConfig().to_json().replace('"strength"', '"strengths"'), "missing: strength, strengths"),
        ("[1]", "must be a JSON object"),
        ("{", "must be JSON"),
    ],
)
def test_constants_of_another_kind_are_refused(text, words):
    arrays = fit_prior(LABELS).to_arrays() | {"config": np.array([text])}
    with pytest.raises(ArtifactError, match=words):
        DevicePrior.from_arrays(arrays)


def test_a_prior_without_constants_is_refused():
    arrays = fit_prior(LABELS).to_arrays()
    del arrays["config"]
    with pytest.raises(ArtifactError, match="must hold the constants"):
        DevicePrior.from_arrays(arrays)


def test_references_are_chosen_by_the_priors_constants():
    prior = fit_prior(LABELS)
    noisy = replace(prior, config=PriorConfig(reference_noise=30.0))
    assert (suggest_references(prior, CODES, 8) != suggest_references(noisy, CODES, 8)).any()


def test_an_adapted_predictor_keeps_its_constants(tmp_path):
    config = AdaptConfig(scales=(0.5, 1.0, 2.0), interval_freedom=3, guess=2.0)
    prior, measured = fit_prior(LABELS), CODES[:15]
    made = adapt_to(prior, measured, VALUES[:15], device="d", metric="latency", config=config)
    plain = adapt_to(prior, measured, VALUES[:15], device="d", metric="latency")
    assert (made.config, plain.config) == (config, AdaptConfig())
    card = Card(title="t", sources=(), licences=(), rows=15)
    back = load(read_manifest(save(made, tmp_path / "d", card=card)))
    assert back.config == config
    for one, other in zip(back.interval(CODES, 0.9), made.interval(CODES, 0.9), strict=True):
        np.testing.assert_array_equal(one, other)
    wide, narrow = (np.subtract(*m.interval(CODES, 0.9)[::-1]).mean() for m in (made, plain))
    assert wide > narrow


def test_an_unknown_constant_of_an_adapted_predictor_is_named(tmp_path):
    made = adapt_to(fit_prior(LABELS), CODES[:9], VALUES[:9], device="d", metric="latency")
    header = made.header()
    header["config"]["freedoms"] = 4.0
    manifest = read_manifest(save(made, tmp_path / "d", card=Card("t", (), (), rows=9)))
    with pytest.raises(ArtifactError, match="freedoms"):
        load(replace(manifest, header=header))


def test_the_grid_is_every_pair_with_its_log_normal_prior():
    c, v, log_prior = grid_of(AdaptConfig(scales=(0.5, 2.0), noises=(0.1, 0.2, 0.4)))
    np.testing.assert_allclose(c, [0.5] * 3 + [2.0] * 3)
    np.testing.assert_allclose(v, [0.01, 0.04, 0.16] * 2)
    density = stats.norm.logpdf(np.log(c), 0, 0.5) + stats.norm.logpdf(np.log(v) / 2, np.log(0.2), 1.0)
    np.testing.assert_allclose(np.diff(log_prior), np.diff(density), atol=1e-12)


def test_too_few_rounds_are_refused():
    with pytest.raises(InputError, match="rounds must be at least 2, got 1"):
        AdaptConfig(rounds=1)
