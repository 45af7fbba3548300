import numpy as np
import pytest

from archcast.core.errors import ArtifactError, InputError
from archcast.core.labels import Labels, Target
from archcast.featurize.spaces import SPACES
from archcast.predictors import BayesianLinear, Card, Distilled, DistilledConfig, load, read_manifest, save
from archcast.predictors.artifact.arrays import pack
from archcast.predictors.distill import Teaching, distil
from archcast.predictors.lowered import served_form
from archcast.predictors.scores import NormalScores

SPACE = SPACES["mnasnet"]
CODES = SPACE.sample(120, seed=0)


@pytest.fixture(scope="module", params=["latency", "throughput", "accuracy"])
def student(request):
    values = 5.0 + CODES @ np.linspace(0.1, 1.0, 28)
    targets = (Target("a", "imagenet"), Target("b", "imagenet"))
    labels = Labels(
        "mnasnet", request.param, "imagenet", targets, CODES, np.stack([values, 90 - values], axis=1)
    )
    made = distil(BayesianLinear().fit(labels), teaching=Teaching(taught=800, hidden=8, epochs=2, batch=64))
    if request.param == "accuracy":
        scores = np.array([-30.0, 40.0, 60.0, 130.0])
        made.maps_ = tuple(NormalScores(np.array([1.0, 50.0, 52.0, 99.0]) + i, scores) for i in range(2))
    return made


def test_a_saved_one_answers_the_same(student, tmp_path):
    save(student, tmp_path / "student", card=Card("student"))
    again = load(read_manifest(tmp_path / "student"))
    assert again.config == student.config
    np.testing.assert_array_equal(again.predict(CODES), student.predict(CODES))
    assert again.to_files() == student.to_files()
    assert again.header()["served"] == "sums"


def test_targets_apart_answer_as_together(student):
    whole = student.predict(CODES)
    for columns in ((1,), (1, 0)):
        np.testing.assert_allclose(student.select(columns).predict(CODES), whole[:, columns], rtol=1e-5)
        np.testing.assert_allclose(served_form(student, columns).values(CODES), whole[:, columns], rtol=2e-5)


def test_a_file_without_its_arrays_is_refused(student):
    made = Distilled(student.config)
    made._take_header("mnasnet", student.metric_, "imagenet", student.targets_)
    made.scale_ = student.scale_
    with pytest.raises(ArtifactError, match="must hold 'centre'"):
        made._from_files(student.to_files() | {"distilled.npz": pack({"other": np.zeros(2)})})


def test_it_is_made_and_not_fitted():
    labels = Labels("mnasnet", "latency", "imagenet", (Target("a", "imagenet"),), CODES, np.ones((120, 1)))
    with pytest.raises(InputError, match="made from a fitted predictor"):
        Distilled(DistilledConfig("gp")).fit(labels)
