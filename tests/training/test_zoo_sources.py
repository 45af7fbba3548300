"""The shipped source devices are made anew in one go."""

import numpy as np

from archcast.predictors import load, read_manifest
from archcast.predictors.adapt.prior import DevicePrior
from archcast.predictors.adapt.sources import PRIOR_FILE
from archcast.predictors.artifact.arrays import unpack
from archcast.training import zoo_sources
from archcast.training.labels import load_labels
from archcast.training.zoo import ZOO


def test_each_device_is_fitted_to_its_own_values(tmp_path, monkeypatch, small_tables):
    monkeypatch.setenv("ARCHCAST_DATA", str(small_tables))
    monkeypatch.setattr(zoo_sources, "ZOO", [entry for entry in ZOO if entry.space == "hat"])
    said = []
    (folder,) = zoo_sources.make_sources(tmp_path, said.append)
    assert folder == tmp_path / "sources" / "hat"
    assert [p.name for p in (tmp_path / "sources").iterdir()] == ["hat"]
    model = load(read_manifest(folder / "latency"))
    labels = load_labels("hat", "latency", datasets=ZOO[5].datasets, sources=["hat"])
    alone = type(model)().fit(labels.only(("xeon",)))
    columns = [i for i, t in enumerate(model.targets_) if t.device == "xeon"]
    np.testing.assert_allclose(
        model.predict(labels.codes[:50])[:, columns], alone.predict(labels.codes[:50]), rtol=1e-5
    )
    prior = DevicePrior.from_arrays(unpack((folder / PRIOR_FILE).read_bytes(), PRIOR_FILE))
    assert prior.space == "hat"
    assert said
