import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from tracked_cases import fitted_to, noisy_labels

import archcast
from archcast.core.version import VERSION
from archcast.featurize.spaces import SPACES
from archcast.predictors import PREDICTORS, LookupTable
from archcast.training.splits import group_split
from archcast.training.tracking import fitted as fitted_runs
from archcast.training.tracking.fitted import track, track_training
from archcast.training.tracking.packaging import requirements
from archcast.training.train import fit_run, learning_families, make_predictor

ROOT = Path(__file__).resolve().parents[2]
LABELS = noisy_labels(("pyfunc_a", "pyfunc_b"))
FITTED, SPLIT = fitted_to(LABELS, LookupTable)
TEXTS = SPACES["nasbench201"].to_text(LABELS.codes[:5])
COLUMNS = ["pyfunc_a/cifar10", "pyfunc_b/cifar10"]

CHAMPION = "champion"
QUICK = {
    "lightgbm": {"rounds": 10, "threads": 1},
    "mlp": {"hidden": 8, "members": 1, "epochs": 3},
    "gnn": {"hidden": 8, "layers": 1, "rank": 4, "epochs": 1, "min_steps": 5, "threads": 1},
    "gp": {"steps": 3},
}

CLEAN = """
import json, sys
import mlflow.pyfunc, pandas
table = pandas.DataFrame({"arch": json.loads(sys.argv[1])}, index=[7, 5, 3, 1, 0])
for uri in sys.argv[2:]:
    out = mlflow.pyfunc.load_model(uri).predict(table)
    types = [str(t) for t in out.dtypes]
    print(json.dumps([list(out.columns), list(out.index), types, out.to_numpy().tolist()]))
"""


@pytest.fixture(scope="module")
def folder(store, tmp_path_factory):
    """Folder of the logged model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHCAST_HOME", str(store))
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        patch.setattr(
            sys, "dont_write_bytecode", True
        )  # what is there was logged, and is no cache of Python's
        run = track(FITTED, LABELS, SPLIT, seed=0)
    identifier = run.model_uri.removeprefix("models:/")
    return store / "mlartifacts/nasbench201/latency/models" / identifier / "artifacts"


@pytest.fixture
def model(folder, home):
    import mlflow.pyfunc

    return mlflow.pyfunc.load_model(str(folder))


def test_nothing_is_pickled(folder):
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert {"MLmodel", "pyfunc_model.py", "manifest.json", "input_example.json"} <= names
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".pyc"))]


def test_requirements_are_the_given_ones(folder):
    found = (folder / "requirements.txt").read_text().split()
    assert found == requirements(FITTED.predictor)
    assert f"archcast=={VERSION}" in found
    assert not [line for line in found if "lightgbm" in line]


@pytest.mark.parametrize("family", ["lightgbm", "stack"])
def test_requirements_hold_those_of_a_mean_of_predictors(family):
    fitted = PREDICTORS[family]().fit(LABELS.rows(SPLIT.train), seed=0)
    assert f"lightgbm=={version('lightgbm')}" in requirements(fitted)


def test_signature_and_example(model):
    signature = model.metadata.signature
    assert [(c.name, c.type.name) for c in signature.inputs] == [("arch", "string")]
    assert [(c.name, c.type.name) for c in signature.outputs] == [(name, "double") for name in COLUMNS]
    example = model.input_example
    codes = SPACES["nasbench201"].parse(example["arch"].tolist())
    np.testing.assert_array_equal(codes, LABELS.codes[SPLIT.test[:3]])
    np.testing.assert_allclose(model.predict(example), FITTED.predictor.predict(codes))


def test_equals_the_predictor(model):
    import pandas as pd

    given = pd.DataFrame({"arch": TEXTS})
    out = model.predict(given)
    assert list(out.columns) == COLUMNS
    np.testing.assert_array_equal(out, FITTED.predictor.predict(LABELS.codes[:5]).astype(float))
    assert list(given.columns) == ["arch"]


def test_mistakes_are_named(model):
    import pandas as pd
    from mlflow.exceptions import MlflowException

    from archcast.core.errors import ParseError

    with pytest.raises(MlflowException, match="arch"):
        model.predict(pd.DataFrame({"network": TEXTS}))
    with pytest.raises(ParseError, match=r"\(item 1\)"):
        model.predict(pd.DataFrame({"arch": [TEXTS[0], "|conv~0|"]}))


@pytest.fixture(scope="module")
def made(store, tmp_path_factory):
    """One tracked run a learning family, fitted in a moment, and a champion: name -> predictor, model."""
    labels = noisy_labels(("every_a", "every_b")).rows(np.arange(120))
    split, found = group_split(labels), {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHCAST_HOME", str(store))
        patch.chdir(tmp_path_factory.mktemp("families"))
        patch.setattr(fitted_runs, "figures", lambda *_: {})  # no one looks at them here
        for family in learning_families():
            run = fit_run(make_predictor(family, QUICK.get(family, {})), labels, split, seed=0)
            found[family] = (run.fitted.predictor, track_training(run).model_uri)
        alone = noisy_labels(("agreeing",))
        fitted, split = fitted_to(alone, LookupTable)
        track(fitted, alone, split, seed=0, promote=True)
        found[CHAMPION] = (fitted.predictor, "models:/nasbench201.latency.agreeing@champion")
    return found


@pytest.fixture(scope="module")
def said(made, store, tmp_path_factory):
    """What the models say in one process that has nothing but archcast and MLflow's address."""
    folder = tmp_path_factory.mktemp("elsewhere")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = kept | {
        "PYTHONPATH": str(ROOT),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_TRACKING_URI": f"sqlite:///{store / 'mlflow.db'}",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", CLEAN, json.dumps(TEXTS), *(uri for _, uri in made.values())],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(folder.iterdir()) == []
    return dict(zip(made, map(json.loads, done.stdout.splitlines()[-len(made) :]), strict=True))


def test_every_family_loads_in_a_process_of_its_own(made, said):
    """Where archcast can be imported nothing else is needed: not its home, not the run's folder."""
    assert {*said} == {*learning_families(), CHAMPION}
    for family in learning_families():
        columns, index, dtypes, values = said[family]
        assert columns == ["every_a/cifar10", "every_b/cifar10"], family
        assert index == [7, 5, 3, 1, 0]
        assert set(dtypes) == {"float64"}
        expected = made[family][0].predict(LABELS.codes[:5])
        np.testing.assert_allclose(values, expected, rtol=1e-5, err_msg=family)


def test_the_champion_agrees_with_predict(said, home):
    """By its registered name, in another process, the served predictor says what `archcast.predict` says."""
    values = said[CHAMPION][3]
    np.testing.assert_allclose(np.ravel(values), archcast.predict(TEXTS, "agreeing"), rtol=1e-6)
