"""The shipped source devices are made anew in one go."""

import numpy as np
import zoo_sources
from zoo_recipe import read_recipe

from archcast.predictors import load, read_manifest
from archcast.predictors.adapt.prior import DevicePrior
from archcast.predictors.adapt.sources import PRIOR_FILE
from archcast.predictors.artifact.arrays import unpack
from archcast.training.labels import load_labels


def test_each_device_is_fitted_to_its_own_values(tmp_path, monkeypatch, small_tables):
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    recipe = read_recipe()
    (entry,) = entries = tuple(e for e in recipe.entries if e.space == "hat")
    recipe = recipe.model_copy(update={"entries": entries})
    said = []
    (folder,) = zoo_sources.make_sources(recipe, tmp_path, said.append)
    assert folder == tmp_path / "sources" / "hat"
    assert [p.name for p in (tmp_path / "sources").iterdir()] == ["hat"]
    model = load(read_manifest(folder / "latency"))
    labels = load_labels("hat", "latency", datasets=entry.datasets, sources=["hat"])
    alone = type(model)().fit(labels.only(("xeon",)))
    columns = [i for i, t in enumerate(model.targets_) if t.device == "xeon"]
    np.testing.assert_allclose(
        model.predict(labels.codes[:50])[:, columns], alone.predict(labels.codes[:50]), rtol=1e-5
    )
    prior = DevicePrior.from_arrays(unpack((folder / PRIOR_FILE).read_bytes(), PRIOR_FILE))
    assert prior.space == "hat"
    assert said
