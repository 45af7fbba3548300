"""The example distribution, installed as a user installs it, in processes of their own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

ARCHS = [
    {"depth": 3, "width": 16, "kernel": 5, "act": "relu"},
    {"depth": 5, "width": 32, "kernel": 3, "act": "relu"},
]

LEARN = """
import archcast
from archcast.core import settings
from archcast.featurize.spaces import SPACES
from archcast.predictors import PREDICTORS, save
from archcast.collect.tables import RECIPES
from archcast.training.train import train

for registry, name in ((SPACES, "towers"), (PREDICTORS, "nearest"), (RECIPES, "towers")):
    assert registry.origin(name) == "archcast-towers"
assert SPACES.origin("macro") is None
run = train("towers", predictor="nearest", held_out=0.25)
assert run.labels.values.shape == (48, 2)
made = run.fitted
save(made.predictor, settings.predictors_dir() / "own", card=made.card, intervals=made.intervals)
y = archcast.predict(archs, device="board-a")
chosen = archcast.suggest(space="towers", n=8)
macs = archcast.features(chosen)
values = 0.1 + macs.values[:, macs.names.index("macs")] / 1e6
adapted = archcast.adapt(chosen, values.tolist(), device="my-board", space="towers")
adapted.save()
print(json.dumps([y.tolist(), adapted.predict(archs).tolist()]))
"""

USE = """
import archcast
from fastapi.testclient import TestClient
from archcast.collect.estimate import estimate_networks, load_target, make_estimator
from archcast.featurize.spaces import SPACES
from archcast.search.blocks.profile import profile
from archcast.search.blocks.reduce import reduce_space
from archcast.search.explain.contributions import explain
from archcast.serving.http.app import create_app
from archcast.serving.http.dataplane import DataPlane
from archcast.serving.http.settings import ServeSettings

devices = ["board-a", "my-board"]
y = [archcast.predict(archs, device=d).tolist() for d in devices]
assert {d.device for d in archcast.devices(space="towers")} == {"board-a", "board-b", "my-board"}
for d in devices:
    low, high = archcast.predict_interval(archs, device=d)
    assert (low <= high).all()
    told = explain(archs[0], d)
    assert abs(told.baseline + sum(c.value for c in told.contributions) - told.value) < 1e-4
    made = profile("towers", d)
    assert made.exact and "width=32" in made.places.blocks
best = archcast.search("towers", minimize="latency@board-a", limits="latency@my-board<=3", evaluations=100)
assert best.front and best.feasible
roofline = make_estimator(load_target("roofline:peak_gmacs=50,bandwidth_gbs=5"))
assert estimate_networks(roofline, SPACES["towers"], archs).latency_ms[1] > 0
settings = ServeSettings()
with TestClient(create_app(settings, DataPlane(settings))) as client:
    answer = client.post("/predict", json={"architectures": archs, "device": "my-board", "space": "towers"})
    assert answer.status_code == 200, answer.text
    served = answer.json()
print(json.dumps([*y, served]))
"""

WITHOUT = """
import warnings
import archcast

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    names = {d.space for d in archcast.devices()}
    y = archcast.predict(["02012100"], device=None, metric="accuracy", space="macro")
assert "towers" not in names and y.shape == (1,)
print(json.dumps([str(w.message) for w in caught]))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The folder it is installed to; its source is copied, as building writes beside it."""
    source = shutil.copytree(ROOT / "examples/plugin", tmp_path_factory.mktemp("source") / "plugin")
    target = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    command += ["--no-index", "--disable-pip-version-check", "--target", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def learnt(installed, tmp_path_factory) -> tuple[Path, list]:
    """The home of one process that trained and adapted, and what it predicted."""
    home = tmp_path_factory.mktemp("home")
    return home, run(LEARN, home, installed)


def run(program: str, home: Path, *paths: Path) -> list:
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    path = os.pathsep.join([*map(str, paths), str(ROOT), *filter(None, known)])
    done = subprocess.run(
        [sys.executable, "-c", f"import json\narchs = {ARCHS}\n{program}"],
        env=os.environ | {"PYTHONPATH": path, "ARCHCAST_HOME": str(home)},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_another_process_answers_as_the_one_that_learnt(installed, learnt) -> None:
    home, (board, mine) = learnt
    again, adapted, served = run(USE, home, installed)
    assert again == pytest.approx(board, rel=1e-6)
    assert adapted == pytest.approx(mine, rel=1e-6)
    assert served["values"] == pytest.approx(mine, rel=1e-5)


def test_without_it_its_predictors_are_left_out_with_a_sentence_each(learnt) -> None:
    told = run(WITHOUT, learnt[0])
    assert len(told) == 2
    assert all("archcast-towers" in sentence for sentence in told)


@pytest.mark.parametrize(("begin", "file"), [("class Towers", "space.py"), ("class Nearest", "family.py")])
def test_the_documents_show_its_code(begin: str, file: str) -> None:
    blocks = (ROOT / "docs/extend.md").read_text().split("```python\n")[1:]
    shown = next(block.split("```")[0] for block in blocks if block.startswith(begin))
    source = (ROOT / "examples/plugin/archcast_towers" / file).read_text().splitlines()
    assert [line for line in shown.splitlines() if line not in source] == []
