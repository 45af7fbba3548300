"""What `archcast train` offers; what it saves answers, from tables where they are no worse."""

import numpy as np
import pytest

import archcast
from archcast.core.metric import METRICS
from archcast.predictors.distill import Teaching, distil
from archcast.training.train import learning_families

FBNET = ("train", "--space", "fbnet", "-d", "raspi4", "--no-track", "--save", "mine")
GOOD = Teaching(taught=20_000, hidden=32, epochs=16, batch=256, huber=3.0)
POOR = Teaching(taught=500, hidden=4, epochs=1, batch=128)


def form_of(space, device="raspi4"):
    """How a device is served in a space, and by what family."""
    entry = archcast.load(device, space=space).entry
    return entry.form, entry.predictor


def taught(monkeypatch, teaching):
    monkeypatch.setattr(
        "archcast.predictors.export.distil", lambda *a, **k: distil(*a, **k | {"teaching": teaching})
    )


@pytest.mark.parametrize(
    ("family", "settings"), [("gp", ("steps=5",)), ("lightgbm", ("rounds=30", "num_leaves=4"))]
)
def test_a_small_space_is_written_out(run, family, settings):
    words = [word for setting in settings for word in ("--set", setting)]
    space = ("train", "--space", "nasbench201", "-d", "raspi4", "--no-track", "--rows", "120")
    done = run(*space, "--predictor", family, *words, "--save", "mine")
    assert done.code == 0, done.err
    assert "a table of all members answers; without" in done.err
    assert form_of("nasbench201") == ("table", f"tabulated of {family}")
    codes = archcast.spaces("nasbench201").sample(300, seed=3)
    own = archcast.load("raspi4", space="nasbench201", predictor=family)
    np.testing.assert_allclose(
        archcast.predict(codes, "raspi4", space="nasbench201"), own.predict(codes), rtol=1e-5
    )


def test_a_process_of_a_large_space_answers_through_its_student(run, monkeypatch):
    """Of measurements with noise: next to a teacher's error a student's own must not count."""
    taught(monkeypatch, GOOD)
    device = "epyc-zen4-torch-1t"
    words = ("train", "--space", "fbnet", "-d", device, "--no-track", "--save", "mine")
    done = run(*words, "--predictor", "gp", "--set", "steps=5")
    assert done.code == 0, done.err
    assert "a student answers, whose error is at most" in done.err
    assert form_of("fbnet", device) == ("sums", "distilled of gp")
    codes = archcast.spaces("fbnet").sample(2000, seed=3)
    own = archcast.load(device, space="fbnet", predictor="gp").predict(codes)
    assert np.abs(archcast.predict(codes, device, space="fbnet") / own - 1).max() < 0.05


def test_where_a_student_is_too_far_off_its_teacher_is_served(run, monkeypatch):
    taught(monkeypatch, POOR)
    done = run(*FBNET, "--predictor", "lightgbm", "--set", "rounds=30", "--rows", "200")
    assert done.code == 0, done.err
    assert "served as itself: the student of lightgbm for raspi4/" in done.err
    assert "is refused, with Spearman" in done.err
    assert form_of("fbnet") == ("direct", "lightgbm")


def test_help_lists_every_family_and_metric(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    done = run("train", "--help")
    assert done.code == 0
    words = set(done.out.replace(",", " ").replace(".", " ").split())
    assert {"additive", "nn_degree", "stack"} <= set(learning_families()) <= words
    assert set(METRICS) <= words


def test_the_zoo_is_no_command_of_the_package(run):
    assert run("train", "zoo").code == 2
